package memory

import (
	"context"
	"iter"
	"sort"
	"time"

	"github.com/gestadb/gesta/store"
)

// pageEvents is how many events a reader looks at while it holds the lock: few enough that writers do not wait for it.
const pageEvents = 1024

// Read yields the events that match q: see [store.Store].
func (s *Store) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		r := reader{s: s, ctx: ctx, q: q, o: o, left: o.Limit, yield: yield}
		if err := r.run(); err != nil && !r.broken {
			yield(store.Recorded{}, err)
		}
	}
}

// reader is one loop over a Read.
type reader struct {
	s   *Store
	ctx context.Context
	q   store.Query
	o   store.ReadOptions

	left   int // how many events may still be yielded; 0 when o.Limit is
	yield  func(store.Recorded, error) bool
	broken bool // the loop was left: yield must not be called again

	reported bool           // Progress was called
	at       store.Position // with this position
}

func (r *reader) run() error {
	if err := r.q.Validate(); err != nil {
		return err
	}
	if err := r.o.Validate(); err != nil {
		return err
	}
	if err := r.ctx.Err(); err != nil {
		return err
	}
	until, err := r.s.until(r.o)
	switch {
	case err != nil:
		return err
	case r.o.Backward:
		return r.backward(until)
	default:
		return r.forward(until)
	}
}

// until returns the last position that a read beginning now can reach.
func (s *Store) until(o store.ReadOptions) (store.Position, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return 0, store.ErrClosed
	}
	limit := s.head
	switch {
	case o.Follow:
		limit = store.MaxPosition
	case !o.AsOf.IsZero():
		limit = s.asOf(o.AsOf)
	}
	if o.Until != 0 {
		limit = min(limit, o.Until)
	}
	return limit, nil
}

// asOf returns the last position recorded at or before t; of one truncated away, the last that was. The caller holds mu.
func (s *Store) asOf(t time.Time) store.Position {
	switch n := sort.Search(len(s.events), func(i int) bool { return s.events[i].RecordedAt.After(t) }); n {
	case 0:
		return s.dropped
	case len(s.events):
		return s.head
	default:
		return s.events[n-1].Position
	}
}

// forward yields what matches in (After, until], waiting for it where the read follows.
func (r *reader) forward(until store.Position) error {
	for at := r.o.After; ; {
		p, err := r.s.forwardPage(r.q, at, until)
		if err != nil {
			return err
		}
		if done, err := r.pass(p.events); done || err != nil {
			return err
		}
		at = max(at, p.at)
		r.progress(p.at)
		if at >= until || !r.o.Follow && p.at == p.head {
			return nil
		}
		if p.at < p.head {
			continue
		}
		select {
		case <-p.moved:
		case <-r.ctx.Done():
			return r.ctx.Err()
		}
	}
}

// backward yields what matches in (After, until], the newest first.
func (r *reader) backward(until store.Position) error {
	for at := until; at > r.o.After; {
		events, below, err := r.s.backwardPage(r.q, r.o.After, at)
		if err != nil {
			return err
		}
		if done, err := r.pass(events); done || err != nil {
			return err
		}
		at = below
	}
	return nil
}

// pass yields events; done says that the loop was left, or the limit reached.
func (r *reader) pass(events []store.Recorded) (done bool, err error) {
	for i := range events {
		if err := r.ctx.Err(); err != nil {
			return true, err
		}
		if !r.yield(events[i], nil) {
			r.broken = true
			return true, nil
		}
		if r.left--; r.left == 0 {
			return true, nil
		}
	}
	return false, r.ctx.Err()
}

// progress reports that all up to p has been passed.
func (r *reader) progress(p store.Position) {
	if r.o.Progress == nil || r.reported && p <= r.at {
		return
	}
	head, err := r.s.Head(r.ctx)
	if err != nil {
		return // the next page ends the read with it
	}
	r.reported, r.at = true, p
	r.o.Progress(p, p == head)
}

// page is a part of the log, passed forward.
type page struct {
	events []store.Recorded // those that match
	at     store.Position   // all up to here was passed; never above head
	head   store.Position
	moved  chan struct{} // closed when the head moves beyond head
}

// fewEvents is room for what a page has at least, where it has any.
const fewEvents = 16

// forwardPage looks at the next events in (after, until].
func (s *Store) forwardPage(q store.Query, after, until store.Position) (page, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case s.closed:
		return page{}, store.ErrClosed
	case after < min(s.dropped, until):
		return page{}, &store.TruncatedError{First: s.first()}
	}
	p := page{at: min(s.head, until), head: s.head, moved: s.moved}
	from, end := s.above(after), s.above(until)
	if end-from > pageEvents {
		end = from + pageEvents
		p.at = s.events[end-1].Position
	}
	for i := from; i < end; i++ {
		if q.Matches(&s.events[i].Event) {
			if p.events == nil {
				p.events = make([]store.Recorded, 0, min(end-i, fewEvents))
			}
			p.events = append(p.events, s.events[i].Recorded)
		}
	}
	return p, nil
}

// backwardPage looks at the last events in (after, until] and returns those that match, newest first, and the position
// below which to go on.
func (s *Store) backwardPage(q store.Query, after, until store.Position) ([]store.Recorded, store.Position, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case s.closed:
		return nil, 0, store.ErrClosed
	case until <= s.dropped:
		return nil, 0, &store.TruncatedError{First: s.first()}
	}
	below := max(after, s.dropped)
	from, end := s.above(below), s.above(until)
	if end-from > pageEvents {
		from = end - pageEvents
		below = s.events[from].Position - 1
	}
	var events []store.Recorded
	for i := end - 1; i >= from; i-- {
		if q.Matches(&s.events[i].Event) {
			events = append(events, s.events[i].Recorded)
		}
	}
	return events, below, nil
}
