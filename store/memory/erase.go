package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/gestadb/gesta/store"
)

// Erase records and erases the payloads at some positions: see [store.Eraser]. The $erasure events come in the order of
// the positions, whatever the order in which they were named, and how often.
func (s *Store) Erase(ctx context.Context, o store.Erasure) (store.Result, error) {
	if err := ctx.Err(); err != nil {
		return store.Result{}, err
	}
	if err := o.Validate(); err != nil {
		return store.Result{}, err
	}
	positions := slices.Clone(o.Positions)
	slices.Sort(positions)
	positions = slices.Compact(positions)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.Result{}, store.ErrClosed
	}
	erasures, err := s.erasures(o, positions)
	if err != nil || len(erasures) == 0 {
		return store.Result{}, err
	}
	events := copied(erasures)
	r, err := s.write("", nil, events)
	if err != nil {
		return store.Result{}, err
	}
	for i := range events {
		p, _ := store.ErasedPosition(&events[i].Event)
		s.erase(p, events[i].Position)
	}
	return r, nil
}

// erasures returns the event for each position that still has its payload. The caller holds mu.
func (s *Store) erasures(o store.Erasure, positions []store.Position) ([]store.Event, error) {
	var out []store.Event
	size := 0
	for _, p := range positions {
		if p > 0 && p <= s.dropped {
			return nil, &store.TruncatedError{First: s.first()}
		}
		i := s.above(p) - 1
		if i < 0 || s.events[i].Position != p {
			return nil, fmt.Errorf("erase position %d: %w", p, store.ErrNotFound)
		}
		e := &s.events[i]
		if e.Stream == store.ErasureStream {
			return nil, invalidf("position %d is an erasure itself", p)
		}
		if e.Erased != 0 {
			continue
		}
		erasure, err := store.NewErasure(p, store.Commitment(e.salt, e.Data, e.Metadata), o.Reason, o.Actor)
		if err != nil {
			return nil, err
		}
		if size += store.EventBytes(&erasure); size > store.MaxCommitBytes {
			return nil, &store.TooLargeError{What: "erasure", Unit: "bytes", Got: size, Max: store.MaxCommitBytes}
		}
		out = append(out, erasure)
	}
	return out, nil
}

// erase takes the payload at position p away, by the $erasure event at position by. Slices that readers have are left
// as they are. The caller holds mu.
func (s *Store) erase(p, by store.Position) {
	i := s.above(p) - 1
	if i < 0 || s.events[i].Position != p || s.events[i].Erased != 0 || s.events[i].Stream == store.ErasureStream {
		return
	}
	e := &s.events[i]
	e.Data, e.Metadata, e.salt, e.Erased = nil, nil, nil, by
}
