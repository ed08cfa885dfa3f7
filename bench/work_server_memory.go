package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gestadb/gesta/bench/internal/load"
	"github.com/gestadb/gesta/bench/internal/machine"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
)

// stuckReaders is how many connections ask for everything and take nothing of it while the server's memory is watched.
const stuckReaders = 50

// serverMemory measures what the server has in memory beside what the store has.
func serverMemory() workload {
	const id = "server-memory"
	spec := report.Spec{ID: id, Title: "MiB resident (RssAnon) at the peak of the server under load, beyond those of the store alone", Unit: report.MiB, Lower: true, Target: report.Value(256)}
	return workload{name: id, specs: []report.Spec{spec}, probe: probe.None, share: 2, run: func(l *lab) error {
		l.book.Note(id, "The load is appends with 250 in flight on each of 4 connections and then on 256 connections, and reads on 64, while %d readers of everything are stuck. "+
			"The store alone is a child that ingests as many events, 16 writers of 100.", stuckReaders)
		return l.withLoad(func(g *generator) error {
			return l.rounds(func(r *report.Round, _ int) error {
				peak, events, err := g.underLoad()
				if err != nil || peak == 0 {
					return err
				}
				alone, err := l.measureMemory(report.Gesta, events, 0)
				if err != nil {
					return err
				}
				r.Put(id, report.Gesta, float64(peak-alone.PeakAnon)/(1<<20))
				l.book.Note(id, "Round %d: %.0f MiB with %d events, the store alone %.0f.", r.Number(), float64(peak)/(1<<20), events, float64(alone.PeakAnon)/(1<<20))
				return nil
			})
		})
	}}
}

// underLoad returns the most memory that a server had, and about how many events were appended to it; 0 where the system does not tell.
func (g *generator) underLoad() (peak, events int64, err error) {
	l := g.l
	err = l.fresh(func(dir string) (err error) {
		s, err := l.serveGesta(dir)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		if _, err := anonOf(s); err != nil {
			l.book.Line("Row server-memory is left out: %v", err)
			return nil
		}
		if _, err := g.do(s, load.Order{Work: load.Fill, Events: l.scale.served}); err != nil {
			return err
		}
		done := watchServer(s, &peak)
		defer done()
		if _, err := g.do(s, load.Order{Work: load.Stick, Connections: stuckReaders}); err != nil {
			return err
		}
		events = int64(l.scale.served)
		for _, o := range []load.Order{
			{Work: load.Append, Connections: 4, Flight: 250},
			{Work: load.Append, Connections: 256},
			{Work: load.Read, Connections: 64, Events: l.scale.served},
		} {
			a, err := g.timed(s, o)
			if err != nil {
				return err
			}
			if o.Work == load.Append {
				events += a.Done * 5 / 4 // with what was not counted
			}
		}
		_, err = g.do(s, load.Order{Work: load.Leave})
		return err
	})
	if err != nil {
		return 0, 0, fmt.Errorf("a server under load: %w", err)
	}
	return peak, events, nil
}

// watchServer looks at the memory of a server each ten milliseconds, until done is called.
func watchServer(s *served, peak *int64) (done func()) {
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			if n, err := machine.AnonOf(s.pid); err == nil {
				*peak = max(*peak, n)
			}
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	return func() { close(stop); watching.Wait() }
}
