package projection_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

var errDenied = errors.New("this needs the role read on everything")

// partial is a store that shows its caller some events alone, and says so to whoever asks for all.
type partial struct{ store.Store }

func (s partial) MayRead(context.Context, store.Query) error { return errDenied }

func (s partial) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		if o.Whole {
			yield(store.Recorded{}, errDenied)
			return
		}
		for r, err := range s.Store.Read(ctx, q, o) {
			if (err != nil || r.Stream == "a-1") && !yield(r, err) {
				return
			}
		}
	}
}

// TestNoReadModelOfAPart projects a store that does not show all events: the read model would pass for one of all, and its checkpoint would be beyond what was hidden.
func TestNoReadModelOfAPart(t *testing.T) {
	inner := memory.New(memory.Options{})
	add(t, inner, "a-1", deposited{})
	add(t, inner, "a-2", deposited{})
	b := &behaviour{}
	w := newWorld(t, partial{inner}, b, memoryKit(t, b))
	if err := w.run(t); !errors.Is(err, errDenied) {
		t.Errorf("run = %v; want %v", err, errDenied)
	}
	if s, err := w.target.State(t.Context(), w.projection.ID()); err != nil || s.Position > 0 || s.Seen > 0 {
		t.Errorf("state = %+v, %v", s, err)
	}
}
