package memory

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/gestadb/gesta/store"
)

// open takes the lock for a look-up and returns an error instead when ctx is done or the store closed. The caller
// releases the lock after a nil error.
func (s *Store) open(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return store.ErrClosed
	}
	return nil
}

// Tracked returns the last tracking position of a source, 0 when it has none.
func (s *Store) Tracked(ctx context.Context, source string) (uint64, error) {
	if err := s.open(ctx); err != nil {
		return 0, err
	}
	defer s.mu.RUnlock()
	return s.tracked[source], nil
}

// Lookup returns what the commit with this key wrote, or [store.ErrNotFound].
func (s *Store) Lookup(ctx context.Context, key string) (store.Result, error) {
	if err := s.open(ctx); err != nil {
		return store.Result{}, err
	}
	defer s.mu.RUnlock()
	c := s.keys[key]
	if c == nil {
		return store.Result{}, store.ErrNotFound
	}
	r := s.result(c)
	r.Duplicate = true
	return r, nil
}

// ByID yields all events with this id, oldest first.
func (s *Store) ByID(ctx context.Context, id string) iter.Seq2[store.Recorded, error] {
	return list(ctx, func() ([]store.Recorded, error) {
		if err := s.open(ctx); err != nil {
			return nil, err
		}
		defer s.mu.RUnlock()
		var out []store.Recorded
		for i := range s.events {
			if e := &s.events[i]; e.ID == id && id != "" {
				out = append(out, e.Recorded)
			}
		}
		return out, nil
	})
}

// Streams yields the streams by name.
func (s *Store) Streams(ctx context.Context, o store.StreamsOptions) iter.Seq2[store.StreamInfo, error] {
	return list(ctx, func() ([]store.StreamInfo, error) {
		if err := s.open(ctx); err != nil {
			return nil, err
		}
		defer s.mu.RUnlock()
		var out []store.StreamInfo
		for _, name := range slices.Sorted(maps.Keys(s.heads)) {
			if name > o.After && strings.HasPrefix(name, o.Prefix) && (o.Limit <= 0 || len(out) < o.Limit) {
				out = append(out, s.heads[name])
			}
		}
		return out, nil
	})
}

// Types yields the types by name, each with the number of events that are left of it.
func (s *Store) Types(ctx context.Context) iter.Seq2[store.TypeInfo, error] {
	return list(ctx, func() ([]store.TypeInfo, error) {
		if err := s.open(ctx); err != nil {
			return nil, err
		}
		defer s.mu.RUnlock()
		count := map[string]uint64{}
		for i := range s.events {
			count[s.events[i].Type]++
		}
		var out []store.TypeInfo
		for _, name := range slices.Sorted(maps.Keys(count)) {
			out = append(out, store.TypeInfo{Type: name, Events: count[name]})
		}
		return out, nil
	})
}

// list yields what look returns, without a lock, and an error last.
func list[T any](ctx context.Context, look func() ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		found, err := look()
		for _, f := range found {
			if err = ctx.Err(); err != nil {
				break
			}
			if !yield(f, nil) {
				return
			}
		}
		if err != nil {
			yield(none, err)
		}
	}
}
