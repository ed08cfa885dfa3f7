package disk

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/gestadb/gesta/store"
)

// Read yields the events that match q; see [store.Store].
func (s *Store) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		r := &reading{s: s, ctx: ctx, q: q, o: o, yield: yield, batch: firstBatch}
		if err := r.run(); err != nil && !errors.Is(err, errStopped) {
			yield(store.Recorded{}, err)
		}
	}
}

// errStopped says that the loop over a read was left.
var errStopped = errors.New("reader has stopped")

const (
	firstBatch = 16
	maxBatch   = 1024

	maxSilence store.Position = 65_536 // positions between two calls of Progress
)

// reading is one loop over a read. It holds files only while it fills a batch, never while it yields.
type reading struct {
	s     *Store
	ctx   context.Context
	q     store.Query
	o     store.ReadOptions
	yield func(store.Recorded, error) bool

	batch    int            // how many events the next batch has at the most
	yielded  int            // for Limit
	reported store.Position // what Progress was told last
	told     bool           // Progress was called
	scan     scan           // where a forward read of everything goes on
}

// source fills batches: it appends events in the bounds to dst, in the order of the read, and says up to where it looked.
type source func(dst []store.Recorded, after, until store.Position, n int) ([]store.Recorded, store.Position, error)

func (r *reading) run() error {
	if err := r.q.Validate(); err != nil {
		return err
	}
	if err := r.o.Validate(); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	until, err := r.until()
	if err != nil {
		return err
	}
	if r.o.Backward {
		return r.backward(until)
	}
	return r.forward(until)
}

// check says whether the read may go on.
func (r *reading) check() error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if r.s.users.begun.Load() {
		return store.ErrClosed
	}
	select {
	case <-r.s.broken():
		return r.s.f.failure()
	default:
		return nil
	}
}

// until returns the position where the read ends that does not follow.
func (r *reading) until() (store.Position, error) {
	until := r.s.tip.position()
	if r.o.Until != 0 {
		until = min(until, r.o.Until)
	}
	if r.o.AsOf.IsZero() {
		return until, nil
	}
	p, err := r.s.positionAt(r.o.AsOf)
	return min(until, p), err
}

func (r *reading) forward(until store.Position) error {
	after := r.o.After
	fill := r.s.query(r.q)
	if r.q.All() {
		fill = r.scanAll
	}
	for {
		m := r.s.tip.get()
		if r.o.Follow {
			until = m.end.Position
			if r.o.Until != 0 {
				until = min(until, r.o.Until)
			}
		}
		for after < until {
			if first := r.s.first(); after+1 < first {
				return &store.TruncatedError{First: first}
			}
			next, err := r.fill(fill, after, r.stage(after, until))
			if err != nil {
				return err
			}
			after = next
			r.progress(after)
		}
		if r.done() {
			return nil
		}
		r.progress(after)
		if !r.o.Follow || r.o.Until != 0 && after >= r.o.Until {
			return nil
		}
		if err := r.wait(m); err != nil {
			return err
		}
	}
}

// stage returns how far the next batch may look: no further than Progress is owed.
func (r *reading) stage(after, until store.Position) store.Position {
	if r.o.Progress == nil {
		return until
	}
	return min(until, after+maxSilence)
}

func (r *reading) wait(m *moment) error {
	select {
	case <-m.moved:
		return r.check()
	case <-r.ctx.Done():
		return r.ctx.Err()
	case <-r.s.closed:
		return store.ErrClosed
	case <-r.s.broken():
		return r.s.f.failure()
	}
}

// broken is closed when a read-only store cannot follow the writer any more; nil for a writer.
func (s *Store) broken() <-chan struct{} {
	if s.f == nil {
		return nil
	}
	return s.f.broken
}

func (r *reading) backward(until store.Position) error {
	fill := r.s.queryBackward(r.q)
	for after := r.o.After; after < until; {
		low := after
		first := r.s.first()
		if after+1 < first {
			low = first - 1
		}
		if until <= low {
			return &store.TruncatedError{First: first}
		}
		next, err := r.fill(fill, low, until)
		if err != nil {
			return err
		}
		until = next
	}
	return nil
}

// fill yields one batch and returns the position that the read has come to.
func (r *reading) fill(from source, after, until store.Position) (store.Position, error) {
	if err := r.s.users.enter(); err != nil {
		return 0, err
	}
	n := r.batch
	if r.o.Limit > 0 {
		n = min(n, r.o.Limit-r.yielded)
	}
	events, next, err := from(nil, after, until, n)
	r.s.users.leave()
	r.batch = min(2*r.batch, maxBatch)
	for i := range events {
		if stop := r.check(); stop != nil {
			return 0, stop
		}
		if !r.yield(events[i], nil) {
			return 0, errStopped
		}
		r.yielded++
	}
	if err != nil {
		return 0, err
	}
	if r.done() {
		return 0, errStopped
	}
	return next, r.check()
}

// done says whether Limit is reached.
func (r *reading) done() bool { return r.o.Limit > 0 && r.yielded >= r.o.Limit }

// progress tells how far the read has come, when that is news.
func (r *reading) progress(p store.Position) {
	if r.o.Progress == nil || r.told && p <= r.reported {
		return
	}
	r.reported, r.told = p, true
	r.o.Progress(p, p >= r.s.tip.position())
}

// positionAt returns the last position recorded at or before a time, the one before the first event that is left for none.
func (s *Store) positionAt(t time.Time) (store.Position, error) {
	if err := s.users.enter(); err != nil {
		return 0, err
	}
	defer s.users.leave()
	for {
		first := s.first()
		p, err := s.findTime(t)
		if errors.Is(err, store.ErrTruncated) && s.first() > first { // of what is left, none is gone
			continue
		}
		return p, err
	}
}

// findTime searches for the last position recorded at or before a time.
func (s *Store) findTime(t time.Time) (store.Position, error) {
	v := s.views.acquire()
	defer s.views.release(v)
	low, high := s.first()-1, s.tip.position() // low is recorded in time or before the first; what is above high is not, or above the head
	for low < high {
		mid := low + (high-low)/2
		p, r, err := s.firstAbove(v, mid, high)
		switch {
		case err != nil:
			return 0, err
		case p == 0 || r.RecordedAt.After(t):
			high = mid
		default:
			low = p
		}
	}
	return low, nil
}

// firstAbove returns the first event in (after, until], position 0 for none.
func (s *Store) firstAbove(v *view, after, until store.Position) (store.Position, *store.Recorded, error) {
	var one [1]store.Position
	for _, src := range v.sources() {
		if _, last := src.Range(); last <= after {
			continue
		}
		got, _, err := src.Candidates(one[:0], nil, after, until, false, 1)
		if err != nil {
			return 0, nil, err
		}
		if len(got) > 0 {
			r, err := s.envelopeAt(src, got[0])
			return got[0], r, err
		}
	}
	return 0, nil, nil
}
