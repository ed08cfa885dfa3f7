package history

import (
	"context"
	"iter"
	"time"

	"github.com/gestadb/gesta/store"
)

// Known picks events by when they were recorded. The zero value picks all.
type Known struct {
	At       time.Time      // recorded at or before; the zero time is no bound
	Position store.Position // at or below; a position inside a commit stands for its last; 0 is no bound

	// Nothing picks none: it is what was known before the first event.
	Nothing bool
}

// Bound returns the position up to which events are known; 0 when none is. head is what is known without a bound.
func (k Known) Bound(ctx context.Context, s store.Store, head store.Position) (store.Position, error) {
	if k.Nothing {
		return 0, nil
	}
	until := head
	if !k.At.IsZero() {
		p, err := upTo(ctx, s, k.At)
		if err != nil {
			return 0, err
		}
		until = min(until, p)
	}
	if k.Position != 0 {
		p, err := CommitEnd(ctx, s, k.Position)
		if err != nil {
			return 0, err
		}
		until = min(until, p)
	}
	return until, nil
}

// Narrow keeps of the selection what is known.
func (sel *Selection) Narrow(ctx context.Context, s store.Store, k Known) (err error) {
	sel.Until, err = k.Bound(ctx, s, sel.Until)
	return err
}

// Events yields the events of a selection, oldest first or newest first, without those of system streams that were not
// asked for. truncated is as for [Read].
func (sel *Selection) Events(ctx context.Context, s store.Store, backward bool, truncated func(store.Position)) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		q, possible := sel.Query()
		if sel.Empty() || !possible {
			return
		}
		o := store.ReadOptions{After: sel.After, Until: sel.Until, Backward: backward, Whole: sel.Whole}
		events := s.Read(ctx, q, o)
		if !sel.Explicit {
			events = Read(ctx, s, q, o, truncated)
		}
		for r, err := range events {
			if err == nil && !sel.Shows(&r) {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}
