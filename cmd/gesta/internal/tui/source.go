package tui

import (
	"context"
	"fmt"
	"iter"

	"github.com/gestadb/gesta/store"
)

// events reads the events of the entries from one up to, and without, another, in their order. An error is yielded once, last.
func (ix *index) events(ctx context.Context, o *Options, from, to int) iter.Seq2[store.Recorded, error] {
	return o.Selection.EventsAt(ctx, o.Store, to-from, func(i int) store.Position { return ix.entries[from+i].position })
}

// event reads one event.
func (ix *index) event(ctx context.Context, o *Options, i int) (store.Recorded, error) {
	for r, err := range ix.events(ctx, o, i, i+1) {
		return r, err
	}
	return store.Recorded{}, fmt.Errorf("read %s: %w", o.Selection.Target(), store.ErrNotFound)
}
