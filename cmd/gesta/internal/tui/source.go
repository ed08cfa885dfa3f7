package tui

import (
	"context"
	"fmt"
	"iter"

	"github.com/gestadb/gesta/store"
)

// events reads the events of the entries from one up to, and without, another, in their order. An error is yielded once, last.
func (ix *index) events(ctx context.Context, o *Options, from, to int) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for from < to {
			// Effective times may put events in any order: each run of rising positions is one read.
			end := from + 1
			for end < to && ix.entries[end].position > ix.entries[end-1].position {
				end++
			}
			if !ix.rising(ctx, o, from, end, yield) {
				return
			}
			from = end
		}
	}
}

// rising reads events whose positions rise. It returns false where that is the end.
func (ix *index) rising(ctx context.Context, o *Options, from, to int, yield func(store.Recorded, error) bool) bool {
	sel := o.Selection
	sel.After, sel.Until, sel.Explicit = ix.entries[from].position-1, ix.entries[to-1].position, true
	for r, err := range sel.Events(ctx, o.Store, false, nil) {
		if err != nil {
			yield(store.Recorded{}, fmt.Errorf("read %s: %w", sel.Target(), err))
			return false
		}
		if r.Position != ix.entries[from].position {
			continue // one that does not hold
		}
		if !yield(r, nil) {
			return false
		}
		if from++; from == to {
			return true
		}
	}
	yield(store.Recorded{}, fmt.Errorf("read %s: the event at position %d is gone: %w", sel.Target(), ix.entries[from].position, store.ErrTruncated))
	return false
}

// event reads one event.
func (ix *index) event(ctx context.Context, o *Options, i int) (store.Recorded, error) {
	for r, err := range ix.events(ctx, o, i, i+1) {
		return r, err
	}
	return store.Recorded{}, fmt.Errorf("read %s: %w", o.Selection.Target(), store.ErrNotFound)
}
