package memory

import (
	"context"
	"iter"
	"slices"
	"sort"

	"github.com/gestadb/gesta/store"
)

// Dump yields the commits above after, in order: see [store.Dumper].
func (s *Store) Dump(ctx context.Context, after store.Position) iter.Seq2[store.RecordedCommit, error] {
	return func(yield func(store.RecordedCommit, error) bool) {
		commits, err := s.dumped(ctx, after)
		for _, c := range commits {
			var rc store.RecordedCommit
			if rc, err = s.dump(ctx, c); err != nil {
				break
			}
			if !yield(rc, nil) {
				return
			}
		}
		if err != nil {
			yield(store.RecordedCommit{}, err)
		}
	}
}

// dumped returns the commits that a dump has to yield.
func (s *Store) dumped(ctx context.Context, after store.Position) ([]*commit, error) {
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	defer s.mu.RUnlock()
	switch {
	case after < s.dropped:
		return nil, &store.TruncatedError{First: s.first()}
	case after == 0:
		return slices.Clip(s.commits), nil
	}
	from := sort.Search(len(s.commits), func(i int) bool { return s.commits[i].end() > after })
	if after > s.dropped || s.dropped == 0 {
		return slices.Clip(s.commits[from:]), nil
	}
	return slices.Concat(s.kept, s.commits[from:]), nil
}

// dump returns one commit as a dump yields it.
func (s *Store) dump(ctx context.Context, c *commit) (store.RecordedCommit, error) {
	if err := s.open(ctx); err != nil {
		return store.RecordedCommit{}, err
	}
	defer s.mu.RUnlock()
	if c.first == 0 {
		return store.RecordedCommit{Tracking: c.tracking, RecordedAt: c.recordedAt, After: c.after}, nil
	}
	if c.first <= s.dropped {
		return store.RecordedCommit{}, &store.TruncatedError{First: s.first()}
	}
	events := s.of(c)
	rc := store.RecordedCommit{Key: c.key, Tracking: c.tracking, RecordedAt: c.recordedAt, Events: recorded(events)}
	for i := range events {
		rc.Salts = append(rc.Salts, events[i].salt)
	}
	return rc, nil
}
