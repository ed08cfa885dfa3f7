package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/gestadb/gesta/store"
)

// Truncate drops the commits that lie wholly at or below through, with their keys, and returns the first position that
// is left.
func (s *Store) Truncate(ctx context.Context, through store.Position) (store.Position, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, store.ErrClosed
	}
	keep := 0
	var last store.Position // of the events that go
	for keep < len(s.commits) && s.commits[keep].end() <= through {
		c := s.commits[keep]
		if c.key != "" {
			delete(s.keys, c.key)
		}
		last = max(last, c.last)
		keep++
	}
	if keep > 0 {
		s.keepTracking(s.commits[:keep])
	}
	s.commits = slices.Clone(s.commits[keep:])
	s.events = slices.Clone(s.events[s.above(last):])
	if last > 0 {
		s.dropped = s.first() - 1
	}
	return s.first(), nil
}

// keepTracking remembers the tracking of commits that go, for dumps. The caller holds mu.
func (s *Store) keepTracking(gone []*commit) {
	last := map[string]*commit{}
	for _, c := range slices.Concat(s.kept, gone) {
		if c.tracking != nil {
			last[c.tracking.Source] = &commit{tracking: c.tracking, recordedAt: c.recordedAt}
		}
	}
	s.kept = nil
	for _, source := range slices.Sorted(maps.Keys(last)) {
		s.kept = append(s.kept, last[source])
	}
	for _, c := range s.kept { // they share the time of the last commit that went, so that a restore can take them in any order
		c.recordedAt = gone[len(gone)-1].recordedAt
	}
}
