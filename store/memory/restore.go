package memory

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"github.com/gestadb/gesta/store"
)

// Restore appends commits as they are: see [store.Restorer].
func (s *Store) Restore(ctx context.Context, commits iter.Seq2[store.RecordedCommit, error]) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	s.mu.RUnlock()
	n := 0
	for c, err := range commits {
		n++
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = s.restore(c)
		}
		if err != nil {
			return fmt.Errorf("restore commit %d: %w", n, err)
		}
	}
	return nil
}

// restore appends one commit, or returns an error and changes nothing.
func (s *Store) restore(rc store.RecordedCommit) error {
	rc.RecordedAt = store.Time(rc.RecordedAt)
	events, err := restored(rc)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	if err := s.continues(rc); err != nil {
		return err
	}
	c := &commit{key: rc.Key, recordedAt: rc.RecordedAt, after: s.head}
	if rc.Tracking != nil {
		own := *rc.Tracking
		c.tracking = &own
	}
	s.keep(c, events)
	for i := range events {
		if p, ok := store.ErasedPosition(&events[i].Event); ok {
			s.erase(p, events[i].Position)
		}
	}
	return nil
}

// restored returns the events of a commit as they are kept, and judges what can be judged of the commit alone.
func restored(rc store.RecordedCommit) ([]event, error) {
	c := store.Commit{Key: rc.Key, Tracking: rc.Tracking}
	for i := range rc.Events {
		c.Events = append(c.Events, rc.Events[i].Event)
	}
	if err := store.ValidateRestored(&c); err != nil {
		return nil, err
	}
	if rc.Salts != nil && len(rc.Salts) != len(rc.Events) {
		return nil, invalidf("%d events have %d salts", len(rc.Events), len(rc.Salts))
	}
	events := copied(c.Events)
	for i := range events {
		var salt []byte
		if rc.Salts != nil {
			salt = rc.Salts[i]
		}
		if err := events[i].restore(&rc.Events[i], salt); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// restore takes from r what an append would have given the event.
func (e *event) restore(r *store.Recorded, salt []byte) error {
	e.Position, e.Version, e.Erased = r.Position, r.Version, r.Erased
	switch {
	case r.Erased != 0 && (len(r.Data)+len(r.Metadata)+len(salt) > 0 || r.Erased <= r.Position):
		return invalidf("position %d is erased by %d and has a payload or a salt, or lies above it", r.Position, r.Erased)
	case r.Erased != 0:
		e.salt = nil
	case len(salt) == store.SaltBytes:
		e.salt = bytes.Clone(salt)
	case len(salt) != 0:
		return invalidf("position %d has a salt of %d bytes, it has %d", r.Position, len(salt), store.SaltBytes)
	}
	return nil
}

// continues returns an [store.ErrInvalid] unless rc begins where the store ends. The caller holds mu.
func (s *Store) continues(rc store.RecordedCommit) error {
	switch {
	case rc.RecordedAt.Before(s.last):
		return invalidf("recorded at %s, before the commit ahead of it", rc.RecordedAt)
	case len(rc.Events) == 0 && (rc.Tracking == nil || rc.After != s.head):
		return invalidf("a commit without events after position %d, with tracking: %t; the head is %d",
			rc.After, rc.Tracking != nil, s.head)
	case rc.Key != "" && s.keys[rc.Key] != nil:
		return invalidf("key %q is taken by the commit at position %d", rc.Key, s.keys[rc.Key].first)
	case rc.Tracking != nil && rc.Tracking.Position <= s.tracked[rc.Tracking.Source]:
		return invalidf("tracking of %q goes back to %d", rc.Tracking.Source, rc.Tracking.Position)
	}
	last, versions := s.head, map[string]uint64{}
	for i := range rc.Events {
		r := &rc.Events[i]
		switch {
		case r.Position <= last || i > 0 && r.Position != last+1 || r.Position > store.MaxPosition:
			return invalidf("position %d follows %d", r.Position, last)
		case r.Commit != rc.Events[0].Position:
			return invalidf("position %d is of commit %d, not of %d", r.Position, r.Commit, rc.Events[0].Position)
		case !store.Time(r.RecordedAt).Equal(rc.RecordedAt):
			return invalidf("position %d is recorded at %s, its commit at %s", r.Position, r.RecordedAt, rc.RecordedAt)
		}
		if target, ok := store.ErasedPosition(&r.Event); ok && target >= r.Position {
			return invalidf("position %d cannot erase position %d, which is not before it", r.Position, target)
		}
		v, known := versions[r.Stream]
		if !known {
			v = s.heads[r.Stream].Version
		}
		if !follows(r, v) {
			return invalidf("position %d has version %d in stream %q, which is at %d", r.Position, r.Version, r.Stream, v)
		}
		last, versions[r.Stream] = r.Position, r.Version
	}
	return nil
}

// follows says whether r may come next in its stream, which is at version v: a new stream may begin at any version.
func follows(r *store.Recorded, v uint64) bool {
	switch {
	case r.Stream == "":
		return r.Version == 0
	case v == 0:
		return r.Version > 0 && r.Version <= uint64(store.MaxPosition)
	default:
		return r.Version == v+1 && r.Version <= uint64(store.MaxPosition)
	}
}

func invalidf(format string, args ...any) error {
	return &store.InvalidError{Problem: fmt.Sprintf(format, args...)}
}
