package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/internal/machine"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/internal/stat"
	"github.com/gestadb/gesta/bench/rival"
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
	return workload{name: id, specs: specs, probe: probe.Memory, share: 4, run: func(l *lab) error {
		raws, err := l.raw()
		if err != nil {
			return err
		}
		l.book.Note(id, "%s The events of a stream lie %s events apart in gesta's store, and a tenth of its events in each of the others. The limit is ten random preads of 264 bytes of a raw file, one after the other.",
			sameWork, count(l.scale.big/10))
		random := rand.New(rand.NewPCG(10, 10))
		return l.bigRounds(func(r *report.Round, b *big) error {
			rate, err := l.readStreams(b, random, b.plan.Streams, b.plan.Stream, b.plan.PerStream)
			if err != nil {
				return err
			}
			r.Put(id, b.maker.Name, rate)
			r.Put(beside, b.maker.Name, rate)
			return nil
		}, limitTurn{preads, func(r *report.Round) error {
			median, err := rawReads(raws[0], feed.DataBytes+rawlimit.FrameBytes, 20_000, random)
			r.Put(id, preads, 1e6/(10*median))
			return err
		}})
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

// sameWork is what all stores do in the rows that read, for the report.
const sameWork = "The same work: every store hands out each event whole (position, version, id, stream, type, tag, data) as memory that is the reader's to keep, by the cheapest means of its library " +
	"(one copy of the record out of the page or the block for bbolt and Pebble, what the driver makes for SQLite and NATS, one copy of the row for PostgreSQL, what Read returns for gesta), " +
	"and the reader touches each cache line of the data and the first byte of each name. gesta verifies checksums of what it hands out; the others do what their libraries do by themselves."

// toucher is the reader of all rows that read: it touches each cache line of the data of an event, and each name.
type toucher struct{ sum byte }

// data touches a payload.
func (t *toucher) data(data []byte) {
	for i := 0; i < len(data); i += 64 {
		t.sum += data[i]
	}
}

// event touches an event, and returns an error if it is not whole.
func (t *toucher) event(e *rival.Recorded) error {
	if e.Version == 0 || e.ID == "" || e.Stream == "" || e.Type == "" || e.Tag == "" || len(e.Data) != feed.DataBytes {
		return fmt.Errorf("event at position %d is not whole: version %d of stream %q, type %q, tag %q, %d bytes", e.Position, e.Version, e.Stream, e.Type, e.Tag, len(e.Data))
	}
	t.sum += e.ID[0] + e.Stream[0] + e.Type[0] + e.Tag[0]
	t.data(e.Data)
	return nil
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
			err := b.store.ReadStream(l.ctx, stream, func(e *rival.Recorded) error {
				if e.Version != next {
					return fmt.Errorf("version %d, want version %d", e.Version, next)
				}
				next++
				return t.event(e)
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
	return workload{name: id, specs: []report.Spec{spec}, probe: probe.Memory, share: 3, run: func(l *lab) error {
		l.book.Note(id, "%s", sameWork)
		random := rand.New(rand.NewPCG(1000, 1000))
		return l.bigRounds(func(r *report.Round, b *big) error {
			if b.plan.Long == 0 {
				return errors.New("its large store has no long stream")
			}
			rate, err := l.readStreams(b, random, b.plan.Long, b.plan.LongStream, feed.LongEvents)
			if err == nil {
				r.Put(id, b.maker.Name, rate*feed.LongEvents)
			}
			return err
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
	return workload{name: id, specs: []report.Spec{spec}, probe: probe.Memory, share: 4, run: func(l *lab) error {
		l.book.Note(id, "%s Positions must rise, and the events of a read that reaches the end are counted. A store's turn ends after %v if it has not reached the end. "+
			"The limit reads as many records of 264 bytes, front to back, into the same memory again and again, and verifies each checksum: it has neither ids, streams, types nor tags to read, and nothing to keep.",
			sameWork, l.scanTime())
		raws, err := l.raw()
		if err != nil {
			return err
		}
		return l.bigRounds(func(r *report.Round, b *big) error {
			rate, err := l.scan(b)
			if err == nil {
				r.Put(id, b.maker.Name, rate)
			}
			return err
		}, limitTurn{raw, func(r *report.Round) error {
			begin := time.Now()
			var t toucher
			found, err := rawlimit.Scan(vfs.OS(), raws, func(data []byte) error {
				t.data(data)
				return nil
			})
			r.Put(id, raw, float64(found.Records)/time.Since(begin).Seconds())
			return err
		}})
	}}
}

// scanTime is how long a store may read at the most.
func (l *lab) scanTime() time.Duration { return 2 * l.scale.slice }

// scan returns the events a second.
func (l *lab) scan(b *big) (float64, error) {
	var events int64
	var last uint64
	var t toucher
	begin := time.Now()
	err := b.store.ReadAll(l.ctx, func(e *rival.Recorded) error {
		if events++; events > 1 && e.Position <= last {
			return fmt.Errorf("position %d after %d", e.Position, last)
		}
		last = e.Position
		if err := t.event(e); err != nil {
			return err
		}
		if events%4096 == 0 && time.Since(begin) > l.scanTime() {
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
	return workload{name: id, specs: []report.Spec{spec}, probe: probe.Memory, share: 4, run: func(l *lab) error {
		l.book.Note(id, "%s A smaller store has fewer events with a tag, and so less to find.", sameWork)
		random := rand.New(rand.NewPCG(3, 3))
		told := map[string]bool{} // of a subject how much it finds
		return l.bigRounds(func(r *report.Round, b *big) error {
			before, beforeErr := machine.ReadBytes()
			took, found, err := l.readTags(b, random)
			if err != nil {
				return err
			}
			if !told[b.maker.Name] {
				told[b.maker.Name] = true
				l.book.Note(id, "A read of %s found %.1f events on average.", b.maker.Name, float64(found)/float64(len(took)))
			}
			if after, err := machine.ReadBytes(); err == nil && beforeErr == nil && b.maker.Name == report.Gesta {
				l.book.Note(id, "Round %d: gesta's %d reads had %d bytes read from the device.", r.Number(), len(took), after-before)
			}
			r.Put(id, b.maker.Name, stat.Median(micros(took)))
			return nil
		})
	}}
}

// readTags reads the first events of random tags, and returns how long each took, and how many events all found.
func (l *lab) readTags(b *big, random *rand.Rand) (took []time.Duration, found int, err error) {
	var t toucher
	for begin := time.Now(); time.Since(begin) < l.scale.slice; {
		tag := feed.TagName(random.IntN(feed.Tags))
		events := 0
		start := time.Now()
		err := b.store.ReadTag(l.ctx, tag, 10, func(e *rival.Recorded) error {
			events++
			return t.event(e)
		})
		took, found = append(took, time.Since(start)), found+events
		if err == nil && events > 10 {
			err = fmt.Errorf("%d events, want at most 10", events)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("read tag %s: %w", tag, err)
		}
	}
	return took, found, nil
}
