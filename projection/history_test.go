package projection_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

func TestAnotherHistory(t *testing.T) {
	t.Run("target=memory", func(t *testing.T) { testAnotherHistory(t, memoryKit) })
	t.Run("target=sqlite", func(t *testing.T) { testAnotherHistory(t, sqlKit) })
}

func testAnotherHistory[TX any](t *testing.T, kitOf func(testing.TB, *behaviour) *kit[TX]) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	made := func(id string, events ...happening) store.Store {
		s := memory.New(memory.Options{ID: id, Clock: func() time.Time { return now }})
		add(t, s, "a-1", events...)
		return s
	}
	const same = "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11"
	other := made(same, deposited{}, noticed{}, noticed{})
	add(t, other, "a-2", deposited{}, noticed{})
	tests := []struct {
		name string
		now  store.Store
		want string // empty for no error
	}{
		{"the same, and more", made(same, deposited{}, noticed{}, noticed{}, deposited{}, noticed{}, deposited{}), ""},
		{"another store", made("0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b12", deposited{}, noticed{}, noticed{}, deposited{}, noticed{}), "it was made of store"},
		{"shorter", made(same, deposited{}, noticed{}, noticed{}, deposited{}), "now ends at 4"},
		{"restored, with others since", other, "position 4 is not the one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := &behaviour{}
			w := newWorld(t, made(same, deposited{}, noticed{}, noticed{}, deposited{}, noticed{}), b, kitOf(t, b))
			if err := w.run(t); err != nil {
				t.Fatal(err)
			}
			before := w.check(t)
			w.db = newDB(t, tt.now)
			err := w.run(t)
			if tt.want == "" {
				if err != nil {
					t.Errorf("run = %v", err)
				}
				w.check(t)
				return
			}
			var history *projection.HistoryError
			if !errors.Is(err, projection.ErrHistory) || !errors.As(err, &history) || !strings.Contains(err.Error(), tt.want) || history.Projection != w.projection.ID() {
				t.Errorf("run = %v; want %q", err, tt.want)
			}
			if _, err := w.runner(t).Retry(t.Context(), "a-1"); !errors.Is(err, projection.ErrHistory) {
				t.Errorf("Retry = %v; want ErrHistory", err)
			}
			after, err := w.target.State(t.Context(), w.projection.ID())
			if after.Fence = before.Fence; err != nil || after != before {
				t.Errorf("state = %+v, %v; want %+v", after, err, before)
			}
		})
	}
}

func TestATruncatedStore(t *testing.T) {
	everywhere(t, testATruncatedStore[ledger], testATruncatedStore[*sqldb.Tx])
}

func testATruncatedStore[TX any](t *testing.T, w *world[TX]) {
	truncater, ok := store.As[store.Truncater](w.db.Store())
	if !ok {
		t.Fatal("the store cannot truncate")
	}
	w.add(t, "a-1", deposited{Cents: 1}, deposited{Cents: 2})
	for range 60 { // so many that a store of segments has one to drop
		w.add(t, "a-1", noticed{})
	}
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	state := w.check(t)
	if first, err := truncater.Truncate(t.Context(), 50); err != nil || first <= 2 {
		t.Fatalf("the store begins at position %d, %v; want it to begin behind what was seen", first, err)
	}
	w.add(t, "a-1", deposited{Cents: 4})
	if err := w.run(t); err != nil { // what it has seen is gone, what it has not is there
		t.Fatal(err)
	}
	after, err := w.target.State(t.Context(), w.projection.ID())
	if err != nil || after.Applied != state.Applied+1 {
		t.Errorf("state = %+v, %v; want one applied more than %+v", after, err, state)
	}
	w.projection.Name = "late"
	w.projection.Setup = nil
	if _, isMemory := any(w.target).(*projection.Memory[ledger]); isMemory {
		return // it is for one projection
	}
	if err := w.run(t); !errors.Is(err, store.ErrTruncated) { // one that needs it says so
		t.Errorf("run of a new projection = %v; want ErrTruncated", err)
	}
}
