package history

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/gestadb/gesta/store"
)

// Read is Read of s for a question without an explicit start: where the oldest events were truncated away it yields what is
// left, and tells truncated, unless nil, the first position that is left, once.
func Read(ctx context.Context, s store.Store, q store.Query, o store.ReadOptions, truncated func(store.Position)) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for again := true; again; {
			again = false
			for r, err := range s.Read(ctx, q, o) {
				var gone *store.TruncatedError
				if err != nil && errors.As(err, &gone) && gone.First > o.After+1 {
					if truncated != nil {
						truncated(gone.First)
					}
					if o.Backward {
						return // what is left has been yielded
					}
					o.After, again = gone.First-1, true
					break
				}
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

// PositionAt returns the last position recorded at or before t, 0 when there is none.
func PositionAt(ctx context.Context, s store.Store, t time.Time) (store.Position, error) {
	for r, err := range Read(ctx, s, nil, store.ReadOptions{AsOf: t, Backward: true, Limit: 1}, nil) {
		if err != nil {
			return 0, fmt.Errorf("look up %s: %w", t.Format(time.RFC3339Nano), err)
		}
		return r.Position, nil
	}
	return 0, nil
}

// CommitEnd returns the last position of the commit that p lies in, of what s shows of it, and p where it lies in none. It returns [store.ErrTruncated] where p was truncated away.
func CommitEnd(ctx context.Context, s store.Store, p store.Position) (store.Position, error) {
	if p == 0 {
		return 0, nil
	}
	head, err := s.Head(ctx)
	if err != nil || p >= head {
		return p, err
	}
	var commit store.Position
	for r, err := range s.Read(ctx, nil, store.ReadOptions{After: p - 1}) {
		left, isGone := errors.AsType[*store.TruncatedError](err)
		switch {
		case isGone:
			return 0, goneBefore(p, left.First)
		case err != nil:
			return 0, fmt.Errorf("look up position %d: %w", p, err)
		case commit == 0 && r.Commit > p, commit != 0 && r.Commit != commit:
			return p, nil
		}
		commit, p = r.Commit, r.Position
	}
	return p, nil
}
