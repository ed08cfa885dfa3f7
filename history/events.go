package history

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/gestadb/gesta/store"
)

// Known picks events by when they were recorded. The zero value picks all.
type Known struct {
	At       time.Time      // recorded at or before; the zero time is no bound
	Position store.Position // at or below; a position inside a commit stands for its last; 0 is no bound
}

// Bound returns the position up to which events are known; 0 when none is. head is what is known without a bound.
func (k Known) Bound(ctx context.Context, s store.Store, head store.Position) (store.Position, error) {
	until := head
	if !k.At.IsZero() {
		p, err := PositionAt(ctx, s, k.At)
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
		o := store.ReadOptions{After: sel.After, Until: sel.Until, Backward: backward}
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

// Effective returns the events of a stream or a tag that hold at a time by the rule of [store.Effective], oldest first. The
// rule looks at all that is known of the subject up to Until; After and the filter then leave some out.
func (sel *Selection) Effective(ctx context.Context, s store.Store, at time.Time, truncated func(store.Position)) ([]store.Recorded, error) {
	if sel.Subject == WholeStore {
		return nil, invalidf("an effective time needs a stream or a tag: it orders the events of one target")
	}
	whole := *sel
	whole.After, whole.Explicit, whole.Filter = 0, false, nil
	var known []store.Recorded
	for r, err := range whole.Events(ctx, s, false, truncated) {
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", sel.Target(), err)
		}
		known = append(known, r)
	}
	var out []store.Recorded
	for _, r := range store.Effective(known, at) {
		if r.Position > sel.After && sel.Filter.Matches(&r.Event) {
			out = append(out, r)
		}
	}
	return out, nil
}
