package disk

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// Read yields the events that match q; see [store.Store]. Neighbours share memory: an event that is kept keeps about 40 KiB of them with it at the most, or
// itself alone when it is larger.
func (s *Store) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		r := readings.Get().(*reading) //nolint:errcheck // nothing else is put there
		r.begin(ctx, s, q, o, yield)
		err := r.run()
		r.end()
		if err != nil && !errors.Is(err, errStopped) {
			yield(store.Recorded{}, err)
		}
	}
}

// errStopped says that the loop over a read was left.
var errStopped = errors.New("reader has stopped")

const (
	firstBatch = 16
	maxBatch   = 256

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

	sweeps bool  // it is a forward read of everything
	sweep  sweep // where that goes on
	swath  swath // of that
	found  batch // the batch of any other read, each in the memory of the one before

	rec segment.Record // the one decoded last
}

// readings are readings that have ended, for the memory of their batches.
var readings = sync.Pool{New: func() any { return &reading{} }}

func (r *reading) begin(ctx context.Context, s *Store, q store.Query, o store.ReadOptions, yield func(store.Recorded, error) bool) {
	r.s, r.ctx, r.q, r.o, r.yield, r.batch = s, ctx, q, o, yield, firstBatch
	r.sweeps = q.All() && !o.Backward
	r.sweep.s, r.found.s, r.found.q, r.found.f.s = s, s, q, s
}

// end makes the reading ready for the next, and forgets what was read: what was yielded is theirs who took it.
func (r *reading) end() {
	b := &r.found
	clear(b.items[:cap(b.items)])
	clear(b.frames[:cap(b.frames)])
	clear(b.sources[:cap(b.sources)])
	clear(b.near.spots[:cap(b.near.spots)])
	clear(b.f.held[:cap(b.f.held)])
	if cap(b.f.window) > windowMax { // of one record that was long
		b.f.window = nil
	}
	r.swath.forget()
	*r = reading{swath: r.swath, found: batch{
		items: b.items[:0], frames: b.frames[:0], positions: b.positions[:0], places: b.places[:0], sources: b.sources[:0],
		f: fetcher{window: b.f.window[:0], held: b.f.held[:0]}, near: toucher{spots: b.near.spots[:0]},
	}}
	readings.Put(r)
}

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
	if r.s.f == nil {
		return nil
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
			next, err := r.fill(after, r.stage(after, until))
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
	for after := r.o.After; after < until; {
		low := after
		first := r.s.first()
		if after+1 < first {
			low = first - 1
		}
		if until <= low {
			return &store.TruncatedError{First: first}
		}
		next, err := r.fill(low, until)
		if err != nil {
			return err
		}
		until = next
	}
	return nil
}

// fill yields what comes next in (after, until], in the order of the read, and returns the position that the read has come to. It holds
// nothing of the store while it yields.
func (r *reading) fill(after, until store.Position) (next store.Position, err error) {
	if r.sweeps {
		next, err = until, r.sweepAll(after, until)
	} else {
		next, err = r.query(after, until)
	}
	if err != nil {
		return 0, err
	}
	if r.done() {
		return 0, errStopped
	}
	return next, r.check()
}

// erased is Store.erased for the record that was decoded last and who is not a user of the store.
func (r *reading) erased(p store.Position) (store.Position, error) {
	by, state := r.s.inSlot(&r.rec, p)
	if state == segment.SlotWhole {
		return by, nil
	}
	if err := r.s.users.enter(); err != nil {
		return 0, err
	}
	defer r.s.users.leave()
	return r.s.notWhole(r.rec.At, r.rec.EnvelopeLen, p, state)
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
