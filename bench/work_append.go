package main

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/internal/rawlimit"
)

// What is measured beside the stores.
var (
	zeroAhead = report.LimitName(rawlimit.ZeroAhead.String())
	grow      = report.LimitName(rawlimit.Grow.String())
)

// appendWorkloads are durable appends of single events, guarded by the version of their stream.
func appendWorkloads() []workload {
	var all []workload
	for _, of := range []struct {
		writers, share  int
		target, stretch float64
	}{{1, 4, 0.8, 0.95}, {64, 4, 0.5, 0.75}, {256, 4, 0.35, 0.5}} {
		id := fmt.Sprintf("append-%d", of.writers)
		all = append(all, workload{
			name: id, probe: probe.Disk, share: of.share,
			specs: []report.Spec{{
				ID: id, Title: fmt.Sprintf("events a second, durable guarded appends of single events, %d writers", of.writers),
				Limit: zeroAhead, Target: report.Ratio(of.target), Stretch: report.Ratio(of.stretch),
			}},
			run: func(l *lab) error { return l.appends(id, of.writers) },
		})
	}
	return all
}

func (l *lab) appends(id string, writers int) error {
	return l.rounds(func(r *report.Round, i int) error {
		turns := []turn{
			{zeroAhead, func() error { return l.rawAppends(r, id, rawlimit.ZeroAhead, writers) }},
			{grow, func() error { return l.rawAppends(r, id, rawlimit.Grow, writers) }},
		}
		for _, m := range l.all() {
			turns = append(turns, turn{m.Name, func() error { return l.storeAppends(r, id, m, writers) }})
		}
		return l.inTurns(i, turns)
	})
}

// rawAppends measures one kind of the raw loop, with as many writers, which make the same events.
func (l *lab) rawAppends(r *report.Round, id string, kind rawlimit.Kind, writers int) error {
	return l.fresh(func(dir string) error {
		result, err := runRaw(l.ctx, dir, rawlimit.Options{Kind: kind}, rawlimit.Load{
			Writers: writers, Batch: 1, EventBytes: feed.DataBytes, For: l.scale.slice, Fill: filler(writers),
		})
		r.Put(id, report.LimitName(kind.String()), result.PerSecond())
		return err
	})
}

// runRaw runs a raw log once, and removes it.
func runRaw(ctx context.Context, dir string, o rawlimit.Options, load rawlimit.Load) (result rawlimit.Result, err error) {
	log, err := rawlimit.Open(filepath.Join(dir, "raw"), o)
	if err != nil {
		return result, err
	}
	result, err = log.Run(ctx, load)
	if closeErr := log.Close(); err == nil {
		err = closeErr
	}
	return result, err
}

// filler makes the events of raw loops, as those of the stores are made.
func filler(writers int) func(writer int, data []byte) {
	made := make([]struct {
		n uint64
		_ [56]byte // a cache line each
	}, writers)
	return func(writer int, data []byte) {
		m := &made[writer]
		m.n++
		feed.Fill(data[:feed.DataBytes], uint64(writer)<<32|m.n)
	}
}

// storeAppends measures a store in an empty directory.
func (l *lab) storeAppends(r *report.Round, id string, m rival.Maker, writers int) error {
	return l.fresh(func(dir string) (err error) {
		s, err := m.Open(dir, true)
		if err != nil {
			return err
		}
		defer func() {
			if closeErr := s.Close(); err == nil {
				err = closeErr
			}
		}()
		rate, err := appendSingles(l.ctx, s, singles{writers: writers, events: 10, d: l.scale.slice, prefix: "order"})
		if err == nil {
			r.Put(id, m.Name, rate)
		}
		return err
	})
}

// singles are writers that append single events, each to streams of its own.
type singles struct {
	writers int
	events  int // in a stream, before the next one begins
	d       time.Duration
	prefix  string                               // of the names of streams: new ones
	observe func(writer int, took time.Duration) // unless nil
}

// appendSingles returns the events a second.
func appendSingles(ctx context.Context, s rival.Store, o singles) (float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var writers sync.WaitGroup
	var events atomic.Int64
	var done atomic.Bool
	end := time.AfterFunc(o.d, func() { done.Store(true) })
	defer end.Stop()
	begin := time.Now()
	for w := range o.writers {
		writers.Go(func() {
			n, err := o.write(ctx, s, w, &done)
			events.Add(n)
			if err != nil {
				cancel(err)
			}
		})
	}
	writers.Wait()
	took := time.Since(begin)
	if err := context.Cause(ctx); err != nil {
		return 0, fmt.Errorf("append: %w", err)
	}
	return float64(events.Load()) / took.Seconds(), nil
}

// write appends until done, at least once. It returns how many events.
func (o *singles) write(ctx context.Context, s rival.Store, writer int, done *atomic.Bool) (int64, error) {
	commit := make([]rival.Event, 1)
	e := &commit[0]
	var n int64
	for ; n == 0 || !done.Load(); n++ {
		if n%int64(o.events) == 0 {
			e.Stream, e.Version = fmt.Sprintf("%s-%d-%d", o.prefix, writer, n/int64(o.events)), 0
		}
		e.Version++
		feed.Set(e, uint64(writer)<<32|uint64(n))
		begin := time.Now()
		if err := s.Append(ctx, commit); err != nil {
			return n, err
		}
		if o.observe != nil {
			o.observe(writer, time.Since(begin))
		}
	}
	return n, nil
}
