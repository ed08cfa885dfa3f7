package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/internal/machine"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/internal/stat"
	"github.com/gestadb/gesta/internal/rawlimit"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// preads is the limit of reads: raw ones of the same bytes.
var preads = report.LimitName("preads")

// streamWorkload reads random streams of ten events that lie as far apart as they can, on one thread.
func streamWorkload() workload {
	const id, beside = "stream-10", "stream-10-pebble"
	specs := []report.Spec{
		{ID: id, Title: "random 10-event streams a second, warm, one thread", Limit: preads, Target: report.Value(150_000), Stretch: report.Value(300_000)},
		{ID: beside, Title: "the same, of Pebble's", Limit: "pebble", Target: report.Ratio(1.5)},
	}
	return workload{name: id, specs: specs, run: func(l *lab) error {
		raws, err := l.raw()
		if err != nil {
			return err
		}
		l.book.Note(id, "The events of a stream lie %s events apart. The limit is ten random preads of 264 bytes of a raw file, one after the other.", count(l.scale.big/10))
		var r *report.Round
		random := rand.New(rand.NewPCG(10, 10))
		turns, err := l.bigTurns(func(b *big) error {
			rate, err := l.readStreams(b, random, b.plan.Streams, b.plan.Stream, b.plan.PerStream)
			r.Put(id, b.maker.Name, rate)
			r.Put(beside, b.maker.Name, rate)
			return err
		})
		if err != nil {
			return err
		}
		turns = append(turns, turn{preads, func() error {
			median, err := rawReads(raws[0], feed.DataBytes+rawlimit.FrameBytes, 20_000, random)
			r.Put(id, preads, 1e6/(10*median))
			return err
		}})
		return l.rounds(id, func(round *report.Round, i int) error {
			r = round
			return l.inTurns(i, turns)
		})
	}}
}

// rawReads returns how many microseconds a random read of a file takes, the median.
func rawReads(name string, n, reads int, random *rand.Rand) (float64, error) {
	f, err := vfs.OS().Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	took, err := rawlimit.Preads(f, n, reads, random)
	if err != nil {
		return 0, err
	}
	return stat.Median(micros(took)), nil
}

func micros(took []time.Duration) []float64 {
	us := make([]float64, len(took))
	for i, d := range took {
		us[i] = float64(d.Nanoseconds()) / 1e3
	}
	return us
}

// toucher reads what a store shows, a byte of each cache line: a store that only points to pages has not read them yet.
type toucher struct{ sum byte }

func (t *toucher) touch(data []byte) {
	for i := 0; i < len(data); i += 64 {
		t.sum += data[i]
	}
}

// readStreams reads random streams for a while, after a tenth of that to warm up, and returns how many a second. Each must have
// all its events.
func (l *lab) readStreams(b *big, random *rand.Rand, streams int, name func(int) string, events int) (float64, error) {
	whole := b.events == b.plan.Events()
	var t toucher
	read := func(d time.Duration) (float64, error) {
		begin := time.Now()
		for n := 1; ; n++ {
			next := uint64(1)
			stream := name(random.IntN(streams))
			err := b.store.ReadStream(l.ctx, stream, func(version uint64, data []byte) error {
				if version != next || len(data) != feed.DataBytes {
					return fmt.Errorf("%d bytes as version %d, want version %d", len(data), version, next)
				}
				next++
				t.touch(data)
				return nil
			})
			if err == nil && whole && next != uint64(events)+1 {
				err = fmt.Errorf("%d events, want %d", next-1, events)
			}
			if err != nil {
				return 0, fmt.Errorf("read stream %s: %w", stream, err)
			}
			if took := time.Since(begin); took >= d {
				return float64(n) / took.Seconds(), nil
			}
		}
	}
	if _, err := read(l.scale.slice / 10); err != nil {
		return 0, err
	}
	return read(l.scale.slice)
}

// longWorkload reads streams of a thousand events that were written in ten commits.
func longWorkload() workload {
	const id = "stream-1000"
	spec := report.Spec{
		ID: id, Title: "events a second of 1000-event streams written in ten commits of 100, one thread", Target: report.Value(1_300_000), Stretch: report.Value(3_000_000),
	}
	return workload{name: id, specs: []report.Spec{spec}, run: func(l *lab) error {
		var r *report.Round
		random := rand.New(rand.NewPCG(1000, 1000))
		turns, err := l.bigTurns(func(b *big) error {
			if b.plan.Long == 0 {
				return errors.New("its large store has no long stream")
			}
			rate, err := l.readStreams(b, random, b.plan.Long, b.plan.LongStream, feed.LongEvents)
			r.Put(id, b.maker.Name, rate*feed.LongEvents)
			return err
		})
		if err != nil {
			return err
		}
		return l.rounds(id, func(round *report.Round, i int) error {
			r = round
			return l.inTurns(i, turns)
		})
	}}
}

// errEnough ends a read whose time is over.
var errEnough = errors.New("enough")

// scanWorkload reads everything in commit order.
func scanWorkload() workload {
	const id = "scan"
	raw := report.LimitName("raw scan")
	spec := report.Spec{
		ID: id, Title: "events a second, everything in commit order, one thread", Limit: raw, Target: report.Ratio(0.6), Stretch: report.Ratio(0.9),
	}
	return workload{name: id, specs: []report.Spec{spec}, run: func(l *lab) error {
		l.book.Note(id, "The limit reads as many records of 264 bytes, front to back, and verifies each checksum: it has neither ids, streams, types nor tags to read. A store's turn ends after %v if it has not reached the end.", 3*l.scale.slice)
		raws, err := l.raw()
		if err != nil {
			return err
		}
		var r *report.Round
		turns, err := l.bigTurns(func(b *big) error {
			rate, err := l.scan(b)
			r.Put(id, b.maker.Name, rate)
			return err
		})
		if err != nil {
			return err
		}
		turns = append(turns, turn{raw, func() error {
			begin := time.Now()
			var t toucher
			found, err := rawlimit.Scan(vfs.OS(), raws, func(data []byte) error {
				t.touch(data)
				return nil
			})
			r.Put(id, raw, float64(found.Records)/time.Since(begin).Seconds())
			return err
		}})
		return l.rounds(id, func(round *report.Round, i int) error {
			r = round
			return l.inTurns(i, turns)
		})
	}}
}

// scan returns the events a second.
func (l *lab) scan(b *big) (float64, error) {
	var events int64
	var last uint64
	var t toucher
	begin := time.Now()
	err := b.store.ReadAll(l.ctx, func(position uint64, data []byte) error {
		if events++; events > 1 && position <= last || len(data) != feed.DataBytes {
			return fmt.Errorf("%d bytes at position %d after %d", len(data), position, last)
		}
		last = position
		t.touch(data)
		if events%4096 == 0 && time.Since(begin) > 3*l.scale.slice {
			return errEnough
		}
		return nil
	})
	took := time.Since(begin)
	if err != nil && !errors.Is(err, errEnough) {
		return 0, fmt.Errorf("read all: %w", err)
	}
	if err == nil && events < b.events {
		return 0, fmt.Errorf("read all: %d events, want %d", events, b.events)
	}
	return float64(events) / took.Seconds(), nil
}

// tagWorkload reads the first ten events with a tag.
func tagWorkload() workload {
	const id = "tag-first-10"
	spec := report.Spec{
		ID: id, Title: "microseconds for the first ten events of a random tag, p50, warm", Unit: report.Micros, Lower: true,
		Target: report.Value(50), Stretch: report.Value(5),
	}
	return workload{name: id, specs: []report.Spec{spec}, run: func(l *lab) error {
		var r *report.Round
		random := rand.New(rand.NewPCG(3, 3))
		turns, err := l.bigTurns(func(b *big) error {
			before, beforeErr := machine.ReadBytes()
			took, err := l.readTags(b, random)
			if err != nil {
				return err
			}
			if after, err := machine.ReadBytes(); err == nil && beforeErr == nil && b.maker.Name == report.Gesta {
				l.book.Note(id, "Round %d: gesta's %d reads had %d bytes read from the device.", r.Number(), len(took), after-before)
			}
			r.Put(id, b.maker.Name, stat.Median(micros(took)))
			return nil
		})
		if err != nil {
			return err
		}
		return l.rounds(id, func(round *report.Round, i int) error {
			r = round
			return l.inTurns(i, turns)
		})
	}}
}

// readTags reads the first events of random tags, and returns how long each took.
func (l *lab) readTags(b *big, random *rand.Rand) ([]time.Duration, error) {
	var took []time.Duration
	var t toucher
	for begin := time.Now(); time.Since(begin) < l.scale.slice; {
		tag := feed.TagName(random.IntN(feed.Tags))
		events := 0
		start := time.Now()
		err := b.store.ReadTag(l.ctx, tag, 10, func(_ uint64, data []byte) error {
			events++
			t.touch(data)
			return nil
		})
		took = append(took, time.Since(start))
		if err == nil && events > 10 {
			err = fmt.Errorf("%d events, want at most 10", events)
		}
		if err != nil {
			return nil, fmt.Errorf("read tag %s: %w", tag, err)
		}
	}
	return took, nil
}

// coldWorkload reads streams of ten events with nothing in the page cache.
func coldWorkload() workload {
	const id = "stream-10-cold"
	single := report.LimitName("cold 4 KiB pread")
	spec := report.Spec{
		ID: id, Title: "microseconds for a random 10-event stream with nothing cached, p50", Unit: report.Micros, Lower: true, Limit: single,
		Target: report.Ratio(8), Stretch: report.Ratio(5),
	}
	return workload{name: id, specs: []report.Spec{spec}, run: func(l *lab) error {
		l.book.Note(id, "Before each read the store is closed, its files are dropped from the page cache, and it is opened again, so that what opening reads is warm and nothing else; the limit "+
			"is a random read of 4 KiB of a raw file that was dropped too. %d reads a round.", l.scale.coldReads)
		raws, err := l.raw()
		if err != nil {
			return err
		}
		b, err := l.big(l.gesta)
		if err != nil {
			return err
		}
		random := rand.New(rand.NewPCG(4, 4))
		if err := machine.DropFile(raws[0]); errors.Is(err, errors.ErrUnsupported) {
			l.book.Line("Row %s is left out: %v", id, err)
			return nil
		}
		return l.rounds(id, func(r *report.Round, i int) error {
			return l.inTurns(i, []turn{
				{report.Gesta, func() error {
					took, err := l.readCold(b, random)
					r.Put(id, report.Gesta, stat.Median(micros(took)))
					return err
				}},
				{single, func() error {
					if err := machine.DropFile(raws[0]); err != nil {
						return err
					}
					median, err := rawReads(raws[0], 4096, 10*l.scale.coldReads, random)
					r.Put(id, single, median)
					return err
				}},
			})
		})
	}}
}

func (l *lab) readCold(b *big, random *rand.Rand) ([]time.Duration, error) {
	var took []time.Duration
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
		err := b.store.ReadStream(l.ctx, stream, func(uint64, []byte) error {
			events++
			return nil
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
