package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/internal/stat"
	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/gesta"
	"github.com/gestadb/gesta/internal/rawlimit"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// commitOf makes a commit of a hundred events of a new stream.
func commitOf(stream string, n uint64) []rival.Event {
	commit := make([]rival.Event, batch)
	for i := range commit {
		commit[i].Stream, commit[i].Version = stream, uint64(i)+1
		feed.Set(&commit[i], 1<<51|n+uint64(i))
	}
	return commit
}

// memoryWorkload is the memory of an ingest, each in a process of its own.
func memoryWorkload() workload {
	const peak, heap = "memory-peak", "memory-heap"
	specs := []report.Spec{
		{ID: peak, Title: "MiB resident (RssAnon) at the peak of ingest, 16 writers x 100", Unit: report.MiB, Lower: true, Target: report.Value(200), Stretch: report.Value(120)},
		{ID: heap, Title: "MiB of live heap after that ingest, beyond those after one of the small store", Unit: report.MiB, Lower: true, Target: report.Value(32)},
	}
	return workload{name: "memory", specs: specs, probe: probe.None, share: 11, run: func(l *lab) error {
		l.book.Note(peak, "Each in a process of its own, which makes the events too. A rival's ingest ends after %v: one that has fewer events by then is shown with their number, and is not said to be ahead. Rivals are measured once. What a server keeps is not seen.", l.scale.memoryBox)
		var rivals map[string]float64 // MiB
		return l.rounds(func(r *report.Round, i int) error {
			if err := l.ownMemory(r, peak, heap); err != nil {
				return err
			}
			if rivals == nil {
				var err error
				if rivals, err = l.rivalsMemory(); err != nil {
					return err
				}
			}
			for name, x := range rivals {
				r.Put(peak, name, x)
			}
			return nil
		})
	}}
}

// ownMemory measures gesta's memory, of a large ingest and of a small one.
func (l *lab) ownMemory(r *report.Round, peak, heap string) error {
	m, err := l.measureMemory(report.Gesta, l.scale.big, 0)
	if err != nil {
		return err
	}
	small, err := l.measureMemory(report.Gesta, l.scale.small, 0)
	if err != nil {
		return err
	}
	r.Put(heap, report.Gesta, float64(m.Heap-small.Heap)/(1<<20))
	l.book.Note(heap, "Round %d: %.1f MiB against %.1f.", r.Number(), float64(m.Heap)/(1<<20), float64(small.Heap)/(1<<20))
	if m.PeakAnon > 0 {
		r.Put(peak, report.Gesta, float64(m.PeakAnon)/(1<<20))
	}
	return nil
}

// rivalsMemory measures the memory of the rivals, in MiB. Where the system does not tell, there is nothing.
func (l *lab) rivalsMemory() (map[string]float64, error) {
	found := map[string]float64{}
	var turns []turn
	for _, rival := range l.rivals {
		turns = append(turns, turn{rival.Name, func() error {
			m, err := l.measureMemory(rival.Name, l.scale.big, l.scale.memoryBox)
			if err != nil || m.PeakAnon == 0 {
				return err
			}
			name := rival.Name
			if m.Events < l.scale.big { // not to be held against gesta
				name = report.LimitName(fmt.Sprintf("%s, %s events", name, count(m.Events)))
			}
			found[name] = float64(m.PeakAnon) / (1 << 20)
			return nil
		}})
	}
	return found, l.inTurns(0, turns)
}

// followWorkload measures how long after its append an event is delivered.
func followWorkload() workload {
	const id = "follow"
	spec := report.Spec{
		ID: id, Title: "microseconds from the return of an append to delivery, p50", Unit: report.Micros, Lower: true, Target: report.Value(100), Stretch: report.Value(30),
	}
	return workload{name: id, specs: []report.Spec{spec}, probe: probe.Memory, share: 1, run: func(l *lab) error {
		l.book.Note(id, "One writer of durable single events, one reader that follows; below 0 means that most were delivered before the append had returned.")
		return l.rounds(func(r *report.Round, _ int) error {
			return l.fresh(func(dir string) (err error) {
				s, err := gesta.Open(dir, disk.Options{})
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, s.Close()) }()
				beyond, err := follow(l.ctx, s, l.scale.slice)
				r.Put(id, report.Gesta, stat.Median(beyond))
				return err
			})
		})
	}}
}

// follow appends for a while, and returns for each event the microseconds from the return of its append to its delivery.
func follow(ctx context.Context, s *gesta.Store, d time.Duration) ([]float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	delivered := make(chan time.Time, 1)
	ended := make(chan error, 1)
	go func() {
		for _, err := range s.Disk.Read(ctx, nil, store.ReadOptions{Follow: true}) {
			if err != nil {
				ended <- err
				return
			}
			delivered <- time.Now()
		}
	}()
	var beyond []float64
	e := rival.Event{Stream: "follow"}
	for begin := time.Now(); time.Since(begin) < d; {
		e.Version++
		feed.Set(&e, e.Version)
		if err := s.Append(ctx, []rival.Event{e}); err != nil {
			return nil, err
		}
		returned := time.Now()
		select {
		case at := <-delivered:
			beyond = append(beyond, float64(at.Sub(returned).Nanoseconds())/1e3)
		case err := <-ended:
			return nil, fmt.Errorf("follow: %w", err)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		return nil, fmt.Errorf("follow: %w", err)
	}
	return beyond, nil
}

// besideWorkload measures durable appends while another reads everything.
func besideWorkload() workload {
	const id = "append-beside-scan"
	alone := report.LimitName("without the scan")
	spec := report.Spec{
		ID: id, Title: "microseconds of a durable append beside one full scan, p50, of one without", Unit: report.Micros, Lower: true, Limit: alone,
		Target: report.Ratio(1.2), Stretch: report.Ratio(1.05),
	}
	return workload{name: id, specs: []report.Spec{spec}, probe: probe.Disk, share: 2, alone: true, run: func(l *lab) error {
		b, err := l.big(l.gesta)
		if err != nil {
			return err
		}
		l.book.Note(id, "One writer to the large store. Slices with and without the scan alternate; a scan that ends begins again.")
		return l.rounds(func(r *report.Round, i int) error {
			var with, without []time.Duration
			for k := range 6 {
				prefix := fmt.Sprintf("beside-%d-%d", r.Number(), k)
				took, err := l.appendBeside(b, prefix, (k+i)%2 == 0)
				if err != nil {
					return err
				}
				if (k+i)%2 == 0 {
					with = append(with, took...)
				} else {
					without = append(without, took...)
				}
			}
			r.Put(id, report.Gesta, median(with))
			r.Put(id, alone, median(without))
			return nil
		})
	}}
}

// appendBeside appends for a slice, beside a scan or not, and returns how long each append took.
func (l *lab) appendBeside(b *big, prefix string, scan bool) ([]time.Duration, error) {
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	var scanErr error
	var scans sync.WaitGroup
	if scan {
		scans.Go(func() {
			for ctx.Err() == nil && scanErr == nil {
				scanErr = b.store.ReadAll(ctx, func(*rival.Recorded) error { return nil })
			}
		})
	}
	var took []time.Duration
	_, err := appendSingles(l.ctx, b.store, singles{
		writers: 1, events: 10, d: l.scale.slice / 2, prefix: prefix,
		observe: func(_ int, d time.Duration) { took = append(took, d) },
	})
	cancel()
	scans.Wait()
	if scanErr != nil && !errors.Is(scanErr, context.Canceled) {
		err = errors.Join(err, fmt.Errorf("scan: %w", scanErr))
	}
	return took, err
}

// mergeWriters is how many writers append under merges.
const mergeWriters = 64

// mergeWorkload measures the slowest of a thousand appends while index files are written and merged.
func mergeWorkload() workload {
	const id = "append-p999"
	spec := report.Spec{
		ID: id, Title: fmt.Sprintf("microseconds of an append, p99.9, under background merges, of the raw loop's, %d writers", mergeWriters), Unit: report.Micros, Lower: true,
		Limit: zeroAhead, Target: report.Ratio(3), Stretch: report.Ratio(1.5),
	}
	return workload{name: id, specs: []report.Spec{spec}, probe: probe.Disk, share: 4, run: func(l *lab) error {
		own := "its default"
		if l.scale.mergeBytes > 0 {
			own = fmt.Sprintf("%.2g MiB", float64(l.scale.mergeBytes)/(1<<20))
		}
		l.book.Note(id, "Single durable events. gesta's Options.IndexBytes is %s; a twentieth of the large store's events is loaded first.", own)
		return l.rounds(func(r *report.Round, i int) error {
			return l.inTurns(i, []turn{
				{report.Gesta, func() error {
					return l.fresh(func(dir string) error {
						p999, err := l.mergingAppends(id, dir)
						r.Put(id, report.Gesta, p999)
						return err
					})
				}},
				{zeroAhead, func() error {
					return l.fresh(func(dir string) error {
						w := newWaits(mergeWriters)
						_, err := runRaw(l.ctx, dir, rawlimit.Options{Kind: rawlimit.ZeroAhead}, rawlimit.Load{
							Writers: mergeWriters, Batch: 1, EventBytes: feed.DataBytes, For: 4 * l.scale.slice, Fill: filler(mergeWriters), Observe: w.observe,
						})
						r.Put(id, zeroAhead, stat.Quantile(micros(w.all()), 0.999))
						return err
					})
				}},
			})
		})
	}}
}

// mergingAppends returns the microseconds of the slowest of a thousand appends.
func (l *lab) mergingAppends(id, dir string) (p999 float64, err error) {
	s, err := gesta.Open(dir, disk.Options{IndexBytes: l.scale.mergeBytes})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	p := planOf(l.scale.big/20, loadWriters)
	if _, err := play(l.ctx, s, &p, 0); err != nil {
		return 0, err
	}
	before, err := s.Disk.Stats(l.ctx)
	if err != nil {
		return 0, err
	}
	w := newWaits(mergeWriters)
	if _, err := appendSingles(l.ctx, s, singles{writers: mergeWriters, events: 10, d: 4 * l.scale.slice, prefix: "merge", observe: w.observe}); err != nil {
		return 0, err
	}
	after, err := s.Disk.Stats(l.ctx)
	if err != nil {
		return 0, err
	}
	l.book.Note(id, "The log grew by %.0f MiB in a turn.", float64(after.LogBytes-before.LogBytes)/(1<<20))
	return stat.Quantile(micros(w.all()), 0.999), nil
}

// waits collects how long appends took, by writer.
type waits struct{ of [][]time.Duration }

func newWaits(writers int) *waits { return &waits{of: make([][]time.Duration, writers)} }

func (w *waits) observe(writer int, took time.Duration) { w.of[writer] = append(w.of[writer], took) }

func (w *waits) all() []time.Duration {
	var all []time.Duration
	for _, of := range w.of {
		all = append(all, of...)
	}
	return all
}
