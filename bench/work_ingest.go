package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/gesta"
	"github.com/gestadb/gesta/internal/rawlimit"
)

// batch is how many events a commit of an ingest has.
const batch = 100

// logAlone is the raw loop with as many bytes an event as gesta's log takes.
var logAlone = report.LimitName("log alone")

// ingestWorkload is the load of many events by so many writers, in durable commits of a hundred events of a hundred streams.
func ingestWorkload(writers int) workload {
	id := fmt.Sprintf("ingest-%d", writers)
	ofLog := report.Spec{
		ID: id + "-log", Title: fmt.Sprintf("events a second, %d writers x 100, index caught up, of the log alone", writers),
		Limit: logAlone, Target: report.Ratio(0.8), Stretch: report.Ratio(0.95),
	}
	specs := []report.Spec{ofLog}
	if writers > 1 {
		specs[0].Target, specs[0].Stretch = report.Ratio(0.5), report.Ratio(0.7)
		specs = append([]report.Spec{{
			ID: id, Title: fmt.Sprintf("events a second, %d writers x 100, durable, guarded, index caught up at the end", writers),
			Target: report.Value(800_000), Stretch: report.Value(1_200_000),
		}}, specs...)
	}
	share := 7
	if writers > 1 {
		share = 19
	}
	return workload{name: id, specs: specs, probe: probe.Disk, share: share, run: func(l *lab) error { return l.ingests(specs, writers) }}
}

func (l *lab) ingests(specs []report.Spec, writers int) error {
	perEvent, err := l.logBytes()
	if err != nil {
		return err
	}
	events := l.scale.ingest
	if writers == 1 {
		events /= 10
	}
	pebbleBox := l.scale.long
	if writers == 1 {
		pebbleBox = l.scale.box
	}
	for _, s := range specs {
		l.book.Note(s.ID, "gesta takes in %s events; its time ends when its index is caught up: all tables that are full are written, and what can be merged is merged "+
			"(seen by its figures and its CPU time, which must be quiet for 200 ms; that quiet does not count). The time of a rival ends with its last append, which is that after %v at the latest (Pebble: %v); work that it puts off, "+
			"such as compaction, does not count. The log alone writes %.0f bytes an event, as many as gesta's log.", count(events), l.scale.box, pebbleBox, perEvent)
	}
	put := func(r *report.Round, subject string, x float64) {
		for _, s := range specs {
			r.Put(s.ID, subject, x)
		}
	}
	return l.rounds(func(r *report.Round, i int) error {
		turns := []turn{{logAlone, func() error {
			return l.fresh(func(dir string) error {
				result, err := runRaw(l.ctx, dir, rawlimit.Options{}, rawlimit.Load{
					Writers: writers, Batch: batch, EventBytes: int(perEvent) - rawlimit.FrameBytes, Commits: events / batch, Fill: filler(writers),
				})
				put(r, logAlone, result.PerSecond())
				return err
			})
		}}}
		for _, m := range l.all() {
			turns = append(turns, turn{m.Name, func() error {
				return l.fresh(func(dir string) error {
					in, err := l.ingest(dir, m, writers, events)
					if err == nil {
						put(r, m.Name, in.perSecond())
					}
					return err
				})
			}})
		}
		return l.inTurns(i, turns)
	})
}

// ingested says what an ingest did.
type ingested struct {
	events int64
	took   time.Duration
}

func (in ingested) perSecond() float64 { return float64(in.events) / in.took.Seconds() }

// ingest takes events into a new store: gesta all, until its index is caught up; a rival as many as it can in its time.
func (l *lab) ingest(dir string, m rival.Maker, writers int, events int64) (in ingested, err error) {
	s, err := m.Open(dir, true)
	if err != nil {
		return in, err
	}
	defer func() {
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
	}()
	own, isGesta := s.(*gesta.Store)
	box := l.scale.box
	switch {
	case isGesta:
		box = 0
	case m.Name == "pebble" && writers > 1:
		box = l.scale.long
	}
	begin := time.Now()
	p := planOf(events, writers)
	if in.events, err = play(l.ctx, s, &p, box); err != nil {
		return in, err
	}
	end := time.Now()
	if isGesta {
		if end, err = own.SettledAt(l.ctx); err != nil {
			return in, err
		}
	}
	in.took = end.Sub(begin)
	return in, nil
}

// planOf is the plan of a load of so many events: streams of ten events, one event a pass, and one event in fifty, at least a thousand of ten
// thousand, in a long stream.
func planOf(events int64, writers int) feed.Plan {
	long := int(events / 50 / feed.LongEvents)
	if events >= 10*feed.LongEvents {
		long = max(long, 1)
	}
	short := events - int64(long)*feed.LongEvents
	return feed.Plan{Streams: int(short / 10), PerStream: 10, Batch: batch, Writers: writers, Long: long}
}

// play appends what a plan has, until it ends or, unless that is 0, for so long. It returns how many events were appended.
func play(ctx context.Context, s rival.Store, p *feed.Plan, box time.Duration) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var done atomic.Bool
	if box > 0 {
		end := time.AfterFunc(box, func() { done.Store(true) })
		defer end.Stop()
	}
	var events atomic.Int64
	var writers sync.WaitGroup
	for w := range p.Writers {
		writers.Go(func() {
			for c := p.Writer(w); !done.Load() && c.Next(); {
				if err := s.Append(ctx, c.Commit()); err != nil {
					cancel(err)
					return
				}
				events.Add(int64(len(c.Commit())))
			}
		})
	}
	writers.Wait()
	if err := context.Cause(ctx); err != nil {
		return events.Load(), fmt.Errorf("load: %w", err)
	}
	return events.Load(), nil
}

// logBytes returns how many bytes an event takes in gesta's log, in commits of a hundred: measured once.
func (l *lab) logBytes() (float64, error) {
	if l.log > 0 {
		return l.log, nil
	}
	err := l.fresh(func(dir string) (err error) {
		s, err := l.gesta.Open(dir, false)
		if err != nil {
			return err
		}
		defer func() {
			if closeErr := s.Close(); err == nil {
				err = closeErr
			}
		}()
		p := planOf(10_000, 1)
		n, err := play(l.ctx, s, &p, 0)
		if err != nil {
			return err
		}
		stats, err := gesta.Of(s).Disk.Stats(l.ctx)
		l.log = float64(stats.LogBytes) / float64(n)
		return err
	})
	return l.log, err
}
