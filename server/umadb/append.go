package umadb

import (
	"context"
	"errors"
	"fmt"

	"github.com/gestadb/gesta/store"
)

// maxSource bounds the name of a tracking source, in bytes, as UmaDB does.
const maxSource = 255

// append answers Append. What is wrong with events or tracking is told only once the condition held.
func (s *Service) append(ctx context.Context, r *appendRequest) (outgoing, error) {
	if problem := s.excess(r); problem != "" {
		return nil, invalid.fail(ctx, problem)
	}
	st, err := s.o.Store(ctx)
	if err != nil {
		return nil, failure(ctx, err)
	}
	c := store.Commit{Events: r.events}
	if r.tracks {
		c.Tracking = &r.tracking
	}
	var guard *store.NoneMatch
	if r.conditional {
		if q, some := r.condition.query.possible(); some {
			guard = &store.NoneMatch{Query: q, After: store.Position(min(r.condition.after, uint64(store.MaxPosition)))}
		}
	}
	res, err := s.commit(ctx, st, r, c, guard)
	if err != nil {
		return s.refuse(ctx, st, r, guard, err)
	}
	s.note(res.Last)
	return position(res.Last), nil
}

// refuse answers an append that was not made, which may have been made before.
func (s *Service) refuse(ctx context.Context, st store.Store, r *appendRequest, guard *store.NoneMatch, err error) (outgoing, error) {
	var broken *brokenError
	if !errors.As(err, &broken) {
		return nil, failure(ctx, err)
	}
	last, again, err := s.repeat(ctx, st, r, guard, broken)
	switch {
	case err != nil:
		return nil, failure(ctx, err)
	case !again:
		return nil, conflict.fail(ctx, broken.Error())
	}
	return position(last), nil
}

// excess says what is wrong with a request whatever its condition; empty for nothing.
func (s *Service) excess(r *appendRequest) string {
	switch {
	case r.malformed != "":
		return r.malformed
	case len(r.events) > s.o.MaxEvents:
		return fmt.Sprintf("append has more than %d events", s.o.MaxEvents)
	}
	return s.excessOf(&r.condition.query)
}

func (s *Service) excessOf(q *query) string {
	if q.parts() > s.o.MaxQueryParts {
		return fmt.Sprintf("query has more than %d items, types and tags", s.o.MaxQueryParts)
	}
	return ""
}

// refusal returns what makes the append invalid once its condition held, as far as no store would find it.
func (r *appendRequest) refusal() error {
	switch {
	case r.refused != "":
		return &store.InvalidError{Problem: r.refused}
	case len(r.tracking.Source) > maxSource:
		return &store.InvalidError{Problem: fmt.Sprintf("tracking source too long (%d > %d)", len(r.tracking.Source), maxSource)}
	}
	return nil
}

// commit appends c under the guard, unless that is nil. A store looks at a commit before it judges the guard; where it refuses the commit for what it is,
// the guard is judged by itself, and its failure comes first.
func (s *Service) commit(ctx context.Context, st store.Store, r *appendRequest, c store.Commit, guard *store.NoneMatch) (store.Result, error) {
	res, err := store.Result{}, r.refusal()
	if err == nil {
		res, err = under(ctx, st, c, guard)
	}
	if guard != nil && (errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrTooLarge)) {
		if _, judged := under(ctx, st, store.Commit{}, guard); judged != nil {
			return store.Result{}, judged
		}
	}
	return res, err
}

// brokenError says that events which clients may see broke the condition.
type brokenError struct {
	events   []store.Recorded // the first of them, oldest first
	complete bool
}

func (e *brokenError) Error() string {
	if len(e.events) == 0 {
		return "condition matched"
	}
	return fmt.Sprintf("condition matched the event at position %d", e.events[0].Position)
}

// under appends c under the guard. Events of system streams do not break it.
func under(ctx context.Context, st store.Store, c store.Commit, guard *store.NoneMatch) (store.Result, error) {
	if guard == nil {
		return st.Append(ctx, c)
	}
	c.Guards = []store.Guard{*guard}
	res, err := store.AppendIgnoring(ctx, st, c, store.IsSystem)
	return res, broken(err)
}

// broken returns a brokenError for a conflict, and err when it is none.
func broken(err error) error {
	var broke *store.ConflictError
	if !errors.As(err, &broke) || len(broke.Failed) != 1 {
		return err
	}
	f := &broke.Failed[0]
	var shown []store.Recorded
	for i := range f.Events {
		if !store.IsSystem(f.Events[i].Stream) {
			shown = append(shown, f.Events[i])
		}
	}
	return &brokenError{events: shown, complete: f.Complete}
}

// repeat says whether the append was made before, and where its last event then stands: when each event has an id, and the
// first events that match the condition have these ids, in order.
func (s *Service) repeat(ctx context.Context, st store.Store, r *appendRequest, guard *store.NoneMatch, broken *brokenError) (last store.Position, again bool, err error) {
	if len(r.events) == 0 || !r.keyed() {
		return 0, false, nil
	}
	known := broken.events
	if len(known) < len(r.events) && !broken.complete {
		if known, err = firstOf(ctx, st, *guard, len(r.events)); err != nil {
			return 0, false, err
		}
	}
	if len(known) < len(r.events) {
		return 0, false, nil
	}
	for i := range r.events {
		if known[i].ID != r.events[i].ID {
			return 0, false, nil
		}
	}
	return known[len(r.events)-1].Position, true, nil
}

// firstOf returns the first n events that match the guard's query above its position.
func firstOf(ctx context.Context, st store.Store, g store.NoneMatch, n int) ([]store.Recorded, error) {
	var list []store.Recorded
	for e, err := range st.Read(ctx, g.Query, store.ReadOptions{After: g.After}) {
		if err != nil {
			return nil, err
		}
		if store.IsSystem(e.Stream) {
			continue
		}
		if list = append(list, e); len(list) == n {
			break
		}
	}
	return list, nil
}

func trackingMessage(e *store.TrackingError) string {
	return fmt.Sprintf("non-increasing tracking position for source '%s': %d <= %d", e.Tracking.Source, e.Tracking.Position, e.Last)
}
