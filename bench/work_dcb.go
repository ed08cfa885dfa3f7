package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/gesta"
	"github.com/gestadb/gesta/store"
)

// streamGuarded are the same appends of gesta guarded by the version of their stream.
var streamGuarded = report.LimitName("stream-guarded")

// dcbGuard is one of the conditions that are measured.
type dcbGuard struct {
	kind         guardKind
	id, postings string
}

var dcbGuards = []dcbGuard{{guardTen, "10", "10"}, {guardHot, "hot", "very many"}}

// row names the row of a condition.
func (g dcbGuard) row(writers int) string { return fmt.Sprintf("dcb-%s-%d", g.id, writers) }

// dcbWorkload holds appends guarded by a condition on type and tag beside those guarded by the version of a stream. The events are the same.
func dcbWorkload() workload {
	var specs []report.Spec
	for _, writers := range []int{64, 1} {
		for _, of := range dcbGuards {
			specs = append(specs, report.Spec{
				ID:    of.row(writers),
				Title: fmt.Sprintf("events a second, guarded by type and a tag with %s postings, of stream-guarded ones, %d writers", of.postings, writers),
				Limit: streamGuarded, Target: report.Ratio(0.9), Stretch: report.Ratio(1),
			})
		}
	}
	const name = "dcb"
	return workload{name: name, specs: specs, probe: probe.Disk, share: 3, run: func(l *lab) error {
		return l.fresh(func(dir string) error {
			d, err := l.loadDecisions(dir)
			if err != nil {
				return err
			}
			for _, s := range specs {
				l.book.Note(s.ID, "The store has %s events with one tag and %s tags with ten events each. A writer's After is the position of its last append: the head when it read what it decides on.",
					count(int64(d.hot)), count(int64(d.tags)))
			}
			err = l.rounds(func(r *report.Round, i int) error { return l.dcbRound(r, i, d) })
			return errors.Join(err, d.store.Close())
		})
	}}
}

func (l *lab) dcbRound(r *report.Round, i int, d *decisions) error {
	for _, writers := range []int{64, 1} {
		var stream float64
		turns := []turn{{streamGuarded, func() (err error) {
			stream, err = d.run(l.ctx, guardStream, writers, l.scale.slice)
			return err
		}}}
		for _, of := range dcbGuards {
			turns = append(turns, turn{report.Gesta, func() error {
				rate, err := d.run(l.ctx, of.kind, writers, l.scale.slice)
				r.Put(of.row(writers), report.Gesta, rate)
				return err
			}})
		}
		if err := l.inTurns(i, turns); err != nil {
			return err
		}
		for _, of := range dcbGuards {
			r.Put(of.row(writers), streamGuarded, stream)
		}
	}
	return nil
}

// guardKind says what guards an append.
type guardKind int

const (
	guardStream guardKind = iota // the version of its stream
	guardTen                     // a type and a tag that has ten events
	guardHot                     // a type and a tag that has very many
)

// decisions is a store with tags of ten events and one tag of very many.
type decisions struct {
	store     *gesta.Store
	hot, tags int
	runs      int    // made so far, so that each has streams of its own
	used      uint64 // tags used so far
}

const (
	hotTag       = "offer:hot"
	dcbTypes     = 256 // one for each writer, at least
	perTag       = 10
	loadedCommit = 1000
)

func dcbType(writer int) string { return fmt.Sprintf("Decided%d", writer%dcbTypes) }

func tenTag(i int) string { return fmt.Sprintf("order:%d", i) }

// loadDecisions loads the store without syncs, and opens it again with them.
func (l *lab) loadDecisions(dir string) (*decisions, error) {
	s, err := l.gesta.Open(dir, false)
	if err != nil {
		return nil, err
	}
	d := &decisions{hot: l.scale.hot, tags: l.scale.hot / perTag}
	n := uint64(0)
	var c store.Commit
	add := func(typ, tag string) error {
		e := rival.Event{Stream: "load-" + fmt.Sprint(n%1000)}
		feed.Set(&e, n)
		e.Type, e.Tag = typ, tag
		c.Events = append(c.Events, gesta.Events([]rival.Event{e})...)
		if n++; len(c.Events) < loadedCommit {
			return nil
		}
		_, err := gesta.Of(s).Disk.Append(l.ctx, c)
		c.Events = c.Events[:0]
		return err
	}
	for i := range d.hot {
		if err = errors.Join(add(dcbType(i), hotTag), add(dcbType(i), tenTag(i%d.tags))); err != nil {
			return nil, errors.Join(fmt.Errorf("load: %w", err), s.Close())
		}
	}
	if err := errors.Join(s.Settle(l.ctx), s.Close()); err != nil {
		return nil, err
	}
	again, err := l.gesta.Open(dir, true)
	if err != nil {
		return nil, err
	}
	d.store = gesta.Of(again)
	return d, nil
}

// run appends for a while, and returns the events a second. A guard that fails ends it: none should.
func (d *decisions) run(ctx context.Context, kind guardKind, writers int, slice time.Duration) (float64, error) {
	d.runs++
	head, err := d.store.Disk.Head(ctx)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	var events atomic.Int64
	var done atomic.Bool
	end := time.AfterFunc(slice, func() { done.Store(true) })
	defer end.Stop()
	begin := time.Now()
	for w := range writers {
		all.Go(func() {
			n, err := d.write(ctx, kind, w, writers, head, &done)
			events.Add(n)
			if err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	took := time.Since(begin)
	d.used += uint64(events.Load())
	if err := context.Cause(ctx); err != nil {
		return 0, fmt.Errorf("append: %w", err)
	}
	return float64(events.Load()) / took.Seconds(), nil
}

// write appends until done. Writers share no tag of ten, and under the hot one no type.
func (d *decisions) write(ctx context.Context, kind guardKind, writer, writers int, after store.Position, done *atomic.Bool) (n int64, err error) {
	stream := fmt.Sprintf("decision-%d-%d", d.runs, writer)
	e := rival.Event{Stream: stream}
	typ := dcbType(writer)
	mine := d.tags / writers // tags of this writer, from writer*mine on
	for ; n == 0 || !done.Load(); n++ {
		feed.Set(&e, uint64(d.runs)<<48|uint64(writer)<<32|uint64(n))
		e.Type, e.Tag = typ, tenTag(writer*mine+int((d.used/uint64(writers)+uint64(n))%uint64(mine)))
		if kind == guardHot {
			e.Tag = hotTag
		}
		c := store.Commit{Events: gesta.Events([]rival.Event{e})}
		if kind == guardStream {
			c.Guards = []store.Guard{store.StreamAt{Stream: stream, Version: uint64(n)}}
		} else {
			query := store.Query{{Types: []string{typ}, Tags: []string{e.Tag}}}
			c.Guards = []store.Guard{store.NoneMatch{Query: query, After: after}}
		}
		result, err := d.store.Disk.Append(ctx, c)
		if err != nil {
			return n, err
		}
		after = result.Last
	}
	return n, nil
}
