package projection

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gestadb/gesta/store"
)

// passed returns a [*ReadsError] when the projection has passed an event that it now reads and did not read before. What comes later, and what was before its Start, is none of that.
func (r *Runner[TX]) passed(ctx context.Context, s *State) error {
	before := strings.Split(s.Reads, "\n")
	added := slices.DeleteFunc(slices.Clone(r.query[0].Types), func(name string) bool { return slices.Contains(before, name) })
	if len(added) == 0 || s.Position == s.Start {
		return nil
	}
	e, found, err := firstOf(ctx, r.db.Store(), added, s.Start, s.Position)
	if truncated, ok := errors.AsType[*store.TruncatedError](err); ok { // what is gone, no version can apply
		e, found, err = firstOf(ctx, r.db.Store(), added, truncated.First-1, s.Position)
	}
	switch {
	case err != nil:
		return fmt.Errorf("look for what was not read before: %w", err)
	case found:
		return &ReadsError{Projection: r.id, Type: e.Type, Position: e.Position}
	}
	return nil
}

// firstOf returns the first event of some types in (after, until].
func firstOf(ctx context.Context, from store.Store, types []string, after, until store.Position) (store.Recorded, bool, error) {
	for e, err := range from.Read(ctx, store.Query{{Types: types}}, store.ReadOptions{After: after, Until: until, Limit: 1}) {
		return e, err == nil, err
	}
	return store.Recorded{}, false, nil
}

// learn puts on record what the projection reads now, unless it has passed some of it.
func (s *session[TX]) learn(ctx context.Context) error {
	if err := s.passed(ctx, &s.state); err != nil {
		return err
	}
	to := s.state
	to.Reads = s.reads
	err := s.within(ctx, func(tx Tx[TX]) error {
		if err := s.unchanged(ctx, tx); err != nil {
			return err
		}
		if err := tx.Save(ctx, s.state, to); err != nil {
			return fmt.Errorf("put on record what is read: %w", err)
		}
		if err := tx.Hold(ctx, s.fence, s.o.Lease); err != nil {
			return fmt.Errorf("renew the lease: %w", err)
		}
		return tx.Commit(ctx)
	})
	if err == nil {
		s.state = to
	}
	return err
}
