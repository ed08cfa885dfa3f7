package projection

import (
	"context"
	"fmt"
	"time"

	"github.com/gestadb/gesta/store"
)

// Start says where a projection begins that its target does not know yet. The zero Start is the first event.
type Start struct {
	now   bool
	after store.Position
	at    time.Time
}

// FromNow begins with what is recorded after the projection is first run.
func FromNow() Start { return Start{now: true} }

// After begins with the first event above a position, which the store has to have come to.
func After(p store.Position) Start { return Start{after: p} }

// FromTime begins with the first event that was recorded at or after a time.
func FromTime(t time.Time) Start { return Start{at: t} }

// position returns the position before the first event.
func (s Start) position(ctx context.Context, from store.Store) (store.Position, error) {
	switch {
	case s.now:
		head, err := from.Head(ctx)
		if err != nil {
			return 0, fmt.Errorf("find out where now is: %w", err)
		}
		return head, nil
	case !s.at.IsZero():
		return PositionAt(ctx, from, store.Time(s.at).Add(-time.Microsecond))
	}
	head, err := headFrom(ctx, from, s.after)
	if err != nil {
		return 0, fmt.Errorf("find out whether there is position %d: %w", s.after, err)
	}
	if head < s.after {
		return 0, fmt.Errorf("%w: Start is after position %d, and the store ends at %d", store.ErrInvalid, s.after, head)
	}
	return s.after, nil
}

// PositionAt returns the position of the last event that was recorded at or before a time, 0 when there is none: how far a read model has to run that
// is to be as of that time.
func PositionAt(ctx context.Context, from store.Store, t time.Time) (store.Position, error) {
	if t.IsZero() {
		return 0, nil
	}
	for r, err := range from.Read(ctx, nil, store.ReadOptions{AsOf: t, Backward: true, Limit: 1}) {
		if err != nil {
			return 0, fmt.Errorf("find the last position at %v: %w", t, err)
		}
		return r.Position, nil
	}
	return 0, nil
}
