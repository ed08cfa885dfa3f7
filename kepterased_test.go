package gesta_test

import (
	"context"
	"iter"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// interposed calls then, once, when a read of the erasures has ended.
type interposed struct {
	store.Store
	then func()
}

func (s *interposed) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for r, err := range s.Store.Read(ctx, q, o) {
			if !yield(r, err) {
				return
			}
		}
		if then := s.then; then != nil && len(q) == 1 && q[0].Stream == store.ErasureStream {
			s.then = nil
			then()
		}
	}
}

// TestErasedWhileLoading erases an event while a load is between two of its reads: the state that this load keeps was folded from it, and is not used again.
func TestErasedWhileLoading(t *testing.T) {
	inner := memory.New(memory.Options{})
	s := &interposed{Store: inner}
	db := newDB(t, s, tallyTypes, gesta.StandIn(added{}), gesta.Keep(newDrawer(), gesta.Every(1)))
	addAll(t, db, "1", 1, 2, 4)
	s.then = func() {
		if _, err := inner.Erase(t.Context(), store.Erasure{Positions: []store.Position{1}}); err != nil {
			t.Error(err)
		}
		addAll(t, newDB(t, inner, tallyTypes, gesta.StandIn(added{})), "1", 8)
	}
	load(t, db, "1")
	if s.then != nil {
		t.Fatal("nothing was erased meanwhile")
	}
	for range 2 {
		if l := load(t, db, "1"); l.State.Total != 14 {
			t.Errorf("%d after the event that added 1 was erased; want 14: %+v", l.State.Total, db.Kept())
		}
	}
}
