package memory

import (
	"context"

	"github.com/gestadb/gesta/store"
)

// StoreID returns the name that the store was made with.
func (s *Store) StoreID() string { return s.id }

// Limits returns the default limits.
func (s *Store) Limits() store.Limits { return store.DefaultLimits() }

// Stats says how far the clock is behind; there is no medium to have figures of.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	if err := ctx.Err(); err != nil {
		return store.Stats{}, err
	}
	s.mu.Lock() // the clock is called by one goroutine at a time
	defer s.mu.Unlock()
	if s.closed {
		return store.Stats{}, store.ErrClosed
	}
	return store.Stats{ClockBehind: max(0, s.last.Sub(store.Time(s.clock())))}, nil
}
