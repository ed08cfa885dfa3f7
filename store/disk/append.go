package disk

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// Append commits c; see [store.Store].
func (s *Store) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	r, err := s.begin(ctx, &c)
	if err != nil {
		return store.Result{}, err
	}
	return s.finish(ctx, r)
}

// Start queues c and returns what waits for its outcome; see [store.Starter].
func (s *Store) Start(ctx context.Context, c store.Commit) func() (store.Result, error) {
	r, err := s.begin(ctx, &c)
	if err != nil {
		return func() (store.Result, error) { return store.Result{}, err }
	}
	return sync.OnceValues(func() (store.Result, error) { return s.finish(ctx, r) })
}

// begin validates and encodes a commit and queues it. What it copies of c is all that is used after it.
func (s *Store) begin(ctx context.Context, c *store.Commit) (*request, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := s.writable(ctx); err != nil {
		return nil, err
	}
	r := s.w.requests.of(ctx, c)
	err := r.encode(c.Events, nil)
	if err == nil {
		err = s.enqueue(ctx, r)
	}
	if err != nil {
		s.w.requests.keep(r)
		return nil, err
	}
	return r, nil
}

// finish waits for the outcome of a request that nobody else waits for. One that is left in the queue stays the committer's.
func (s *Store) finish(ctx context.Context, r *request) (store.Result, error) {
	o, err := r.wait(ctx)
	if err != nil {
		return store.Result{}, err
	}
	res, err := s.tell(ctx, r, o)
	s.w.requests.keep(r)
	return res, err
}

// writable says whether commits are taken now.
func (s *Store) writable(ctx context.Context) error {
	if s.users.begun.Load() {
		return store.ErrClosed
	}
	if s.w == nil {
		return store.ErrReadOnly
	}
	if err := s.w.failure(); err != nil {
		return err
	}
	return ctx.Err()
}

// encode makes the body of the request's frame, with salts of its own where none are given.
func (r *request) encode(events []store.Event, payloads []segment.Payload) error {
	if len(events) == 0 && r.tracking == nil {
		return nil
	}
	if payloads == nil {
		r.payloads = append(r.payloads[:0], make([]segment.Payload, len(events))...)
		var err error
		if r.salts, err = freshSalts(r.payloads, r.salts); err != nil {
			return err
		}
		payloads = r.payloads
	}
	r.commit = &r.body
	r.commit.Encode(r.key, r.tracking, events, payloads)
	return nil
}

// enqueue looks up what the request needs and puts it into the queue. An error means that it is not in the queue.
func (s *Store) enqueue(ctx context.Context, r *request) error {
	if !r.hurried {
		if err := s.w.f.await(ctx); err != nil {
			return err
		}
	}
	if err := s.users.enter(); err != nil {
		return err
	}
	defer s.users.leave()
	if err := s.w.budget.Acquire(ctx, r.weight()); err != nil {
		return err
	}
	err := s.lookUp(r)
	if err == nil {
		err = s.w.put(ctx, r)
	}
	if err != nil {
		s.forgetFacts(r)
		s.w.budget.Release(r.weight())
	}
	return err
}

// weight is what the request counts for in the bound of what is queued, in bytes.
func (r *request) weight() int64 {
	const overhead = 1 << 10
	return min(overhead+int64(r.frameSize()), queueBytes)
}

// await waits for the outcome and tells it in the words of the contract.
func (s *Store) await(ctx context.Context, r *request) (store.Result, error) {
	o, err := r.wait(ctx)
	if err != nil {
		return store.Result{}, err
	}
	return s.tell(ctx, r, o)
}

// wait waits for the outcome. With an error, a [*store.UnknownError], the request is still in the hands of the committer.
func (r *request) wait(ctx context.Context) (outcome, error) {
	select {
	case o := <-r.done:
		return o, nil
	default:
	}
	select {
	case o := <-r.done:
		return o, nil
	case <-ctx.Done():
		return outcome{}, &store.UnknownError{Cause: ctx.Err()}
	}
}

// tell tells the outcome in the words of the contract.
func (s *Store) tell(ctx context.Context, r *request, o outcome) (store.Result, error) {
	switch {
	case o.duplicate != 0:
		return s.answerDuplicate(ctx, r, o.duplicate)
	case len(o.failed) > 0:
		return store.Result{}, s.conflict(ctx, o)
	}
	return o.res, o.err
}

// answerDuplicate compares the request with the commit that has its key, which is durable by now.
func (s *Store) answerDuplicate(ctx context.Context, r *request, first store.Position) (store.Result, error) {
	res, recorded, err := s.commitAt(ctx, first)
	if err != nil {
		return store.Result{}, &store.UnknownError{Cause: fmt.Errorf("read the commit of key %q: %w", r.key, err)}
	}
	events, err := r.events()
	if err != nil {
		return store.Result{}, err
	}
	if !store.Repeats(events, recorded) {
		return store.Result{}, &store.KeyReusedError{Key: r.key, First: first}
	}
	res.Duplicate = true
	return res, nil
}

// events returns the events of the request as they were encoded.
func (r *request) events() ([]store.Event, error) {
	r.commit.Finish() // a request that was not accepted has no checksums yet
	f := segment.Frame{FrameHeader: segment.FrameHeader{Events: uint32(len(r.entries)), Flags: r.commit.Flags}, Body: r.commit.Body}
	f.BodySum = r.commit.Finish()
	var out []store.Event
	err := f.Records(func(rec *segment.Record) error {
		e := rec.Event()
		e.Data, e.Metadata = rec.Data(), rec.Metadata()
		out = append(out, e)
		return nil
	})
	return out, err
}

// conflict gathers the facts of the guards that failed.
func (s *Store) conflict(ctx context.Context, o outcome) error {
	e := &store.ConflictError{Failed: make([]store.GuardFailure, len(o.failed))}
	for i, f := range o.failed {
		e.Failed[i] = store.GuardFailure{Guard: ownGuard(f.guard), ActualVersion: f.actual, Complete: true}
		switch g := f.guard.(type) {
		case store.StreamAt:
			if g.Version < f.actual {
				q := store.Query{{Stream: g.Stream}}
				s.breakers(ctx, &e.Failed[i], q, 0, o.at, func(r *store.Recorded) bool { return r.Version > g.Version })
				e.Failed[i].Complete = uint64(len(e.Failed[i].Events)) == f.actual-g.Version // others were truncated, or never restored
			}
		case *store.NoneMatch:
			s.breakers(ctx, &e.Failed[i], g.Query, g.After, o.at, func(*store.Recorded) bool { return true })
		}
	}
	return e
}

// breakers reads the events that broke a guard. What cannot be read leaves the list incomplete: the conflict stands without it.
func (s *Store) breakers(ctx context.Context, f *store.GuardFailure, q store.Query, after, until store.Position, broke func(*store.Recorded) bool) {
	f.Complete = false
	if until == 0 {
		return
	}
	if first := s.first(); after+1 < first {
		after = first - 1
	}
	for r, err := range s.Read(ctx, q, store.ReadOptions{After: after, Until: until}) {
		if err != nil {
			return
		}
		if !broke(&r) {
			continue
		}
		if len(f.Events) == store.MaxConflictEvents {
			return
		}
		f.Events = append(f.Events, r)
	}
	f.Complete = true
}

// commitAt returns the result and the events of the commit whose first event is at a position.
func (s *Store) commitAt(ctx context.Context, first store.Position) (store.Result, []store.Recorded, error) {
	leave, err := s.use(ctx)
	if err != nil {
		return store.Result{}, nil, err
	}
	defer leave()
	var c store.RecordedCommit
	err = s.walk(&scan{}, first-1, first, func(f *segment.Frame) error {
		if f.Events == 0 {
			return nil
		}
		var err error
		if c, err = s.recordedCommit(f); err != nil {
			return err
		}
		return errStopped
	})
	switch {
	case err != nil && !errors.Is(err, errStopped):
		return store.Result{}, nil, err
	case len(c.Events) == 0 || c.Events[0].Position != first:
		return store.Result{}, nil, fmt.Errorf("no commit begins at position %d: %w", first, store.ErrDamaged)
	}
	return resultOf(&c), c.Events, nil
}

// resultOf returns what Append returned for a recorded commit.
func resultOf(c *store.RecordedCommit) store.Result {
	res := store.Result{First: c.Events[0].Position, RecordedAt: c.RecordedAt}
	at := map[string]int{}
	for i := range c.Events {
		e := &c.Events[i]
		res.Last = e.Position
		if e.Stream == "" {
			continue
		}
		if j, ok := at[e.Stream]; ok {
			res.Versions[j].Version = e.Version
			continue
		}
		at[e.Stream] = len(res.Versions)
		res.Versions = append(res.Versions, store.StreamVersion{Stream: e.Stream, Version: e.Version})
	}
	return res
}
