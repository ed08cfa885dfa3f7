package memory

import (
	"context"
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
	s.commits = slices.Clone(s.commits[keep:])
	s.events = slices.Clone(s.events[s.above(last):])
	if last > 0 {
		s.dropped = s.first() - 1
	}
	return s.first(), nil
}
