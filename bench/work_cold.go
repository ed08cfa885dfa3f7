package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gestadb/gesta/bench/internal/machine"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/internal/stat"
	"github.com/gestadb/gesta/bench/rival"
)

// coldWorkload reads streams of ten events with nothing in the page cache.
func coldWorkload() workload {
	const id = "stream-10-cold"
	single := report.LimitName("cold 4 KiB pread")
	spec := report.Spec{
		ID: id, Title: "microseconds for a random 10-event stream with nothing cached, p50", Unit: report.Micros, Lower: true, Limit: single,
		Target: report.Ratio(8), Stretch: report.Ratio(5),
	}
	return workload{name: id, specs: []report.Spec{spec}, probe: probe.Device, share: 4, run: func(l *lab) error {
		l.book.Note(id, "Before each read the store is closed, its files are dropped from the page cache, and it is opened again, so that what opening reads is warm and nothing else; the limit "+
			"is a random read of 4 KiB of a raw file that was dropped too. %d reads a round.", l.scale.coldReads)
		b, err := l.big(l.gesta)
		if err != nil {
			return err
		}
		random := rand.New(rand.NewPCG(4, 4))
		if _, err := l.coldPread(1); errors.Is(err, errors.ErrUnsupported) {
			l.book.Line("Row %s is left out: %v", id, err)
			return nil
		}
		return l.rounds(func(r *report.Round, i int) error {
			return l.inTurns(i, []turn{
				{report.Gesta, func() error {
					took, err := l.readCold(b, random)
					r.Put(id, report.Gesta, stat.Median(micros(took)))
					return err
				}},
				{single, func() error {
					took, err := l.coldPread(10 * l.scale.coldReads)
					r.Put(id, single, float64(took.Nanoseconds())/1e3)
					return err
				}},
			})
		})
	}}
}

// coldPread returns how long a random read of 4 KiB of the raw log takes when it was dropped from the page cache: the median of so many.
func (l *lab) coldPread(reads int) (time.Duration, error) {
	raws, err := l.raw()
	if err != nil {
		return 0, err
	}
	if err := machine.DropFile(raws[0]); err != nil {
		return 0, err
	}
	median, err := rawReads(raws[0], 4096, reads, rand.New(rand.NewPCG(7, uint64(time.Now().UnixNano()))))
	return time.Duration(median * float64(time.Microsecond)), err
}

// readCold returns how long each of some reads took, before each of which all was dropped from the page cache.
func (l *lab) readCold(b *big, random *rand.Rand) ([]time.Duration, error) {
	var took []time.Duration
	var t toucher
	for range l.scale.coldReads {
		if err := b.close(); err != nil {
			return nil, err
		}
		if err := machine.DropCache(b.dir); err != nil {
			return nil, err
		}
		if err := b.open(true); err != nil {
			return nil, err
		}
		stream := b.plan.Stream(random.IntN(b.plan.Streams))
		events := 0
		begin := time.Now()
		err := b.store.ReadStream(l.ctx, stream, func(e *rival.Recorded) error {
			events++
			return t.event(e)
		})
		took = append(took, time.Since(begin))
		if err == nil && events != b.plan.PerStream {
			err = fmt.Errorf("%d events, want %d", events, b.plan.PerStream)
		}
		if err != nil {
			return nil, fmt.Errorf("read stream %s: %w", stream, err)
		}
	}
	return took, nil
}
