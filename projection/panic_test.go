package projection_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
)

// panicky is what a deposit was once; what makes a deposit of it panics when there is no amount.
type panicky struct{ Euros *int }

// A panic while an event is decoded parks the event, as any other error of it does.
func TestAPanicOfDecodingParks(t *testing.T) {
	everywhere(t, testAPanicOfDecoding[ledger], testAPanicOfDecoding[*sqldb.Tx])
}

func testAPanicOfDecoding[TX any](t *testing.T, w *world[TX]) {
	w.db = newDB(t, w.db.Store(), gesta.Upcast("paid-in", 1, func(p panicky) deposited { return deposited{Cents: 100 * *p.Euros} }))
	w.add(t, "a-1", deposited{Cents: 1})
	if _, err := w.db.Store().Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "a-2", Type: "paid-in", Data: []byte(`{}`)}}}); err != nil {
		t.Fatal(err)
	}
	w.add(t, "a-1", deposited{Cents: 2})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if parked := w.parkedAt(t, "", 2); len(parked) != 1 || !strings.Contains(parked[0].Error, "decoding panicked") {
		t.Errorf("parked = %+v", parked)
	}
	if n, err := w.runner(t).Retry(t.Context(), "a-2"); n != 0 || err == nil || !strings.Contains(err.Error(), "decoding panicked") {
		t.Errorf("Retry = %d, %v; want the panic", n, err)
	}
	if got := w.rows(t)["a-1"]; got != (row{2, 3}) {
		t.Errorf("the other key has %+v; want 2 deposits", got)
	}
}

func TestAPanicOfKeyStops(t *testing.T) {
	everywhere(t, testAPanicOfKey[ledger], testAPanicOfKey[*sqldb.Tx])
}

func testAPanicOfKey[TX any](t *testing.T, w *world[TX]) {
	w.projection.Key = func(r *store.Recorded) string {
		if r.Position == 2 {
			return r.Tags[0]
		}
		return r.Stream
	}
	w.add(t, "a-1", deposited{Cents: 1}, deposited{Cents: 2})
	if err := w.run(t); err == nil || !strings.Contains(err.Error(), "key of position 2: Key panicked") {
		t.Errorf("run = %v; want the panic", err)
	}
	if s := w.check(t); s.Position != 1 {
		t.Errorf("state = %+v; want position 1", s)
	}
}

func TestAPanicOfSetupStops(t *testing.T) {
	everywhere(t, testAPanicOfSetup[ledger], testAPanicOfSetup[*sqldb.Tx])
}

func testAPanicOfSetup[TX any](t *testing.T, w *world[TX]) {
	setup := w.projection.Setup
	w.projection.Setup = func(ctx context.Context, tx TX) error {
		if setup != nil {
			if err := setup(ctx, tx); err != nil {
				return err
			}
		}
		panic("no")
	}
	w.add(t, "a-1", deposited{Cents: 1})
	if err := w.run(t); err == nil || !strings.Contains(err.Error(), "Setup panicked: no") {
		t.Errorf("run = %v; want the panic", err)
	}
	if s, err := w.target.State(t.Context(), w.projection.ID()); err != nil || s.Known {
		t.Errorf("state = %+v, %v; want none", s, err)
	}
	w.projection.Setup = setup
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.check(t)
}

// Rows that Setup leaves open are an error of it.
func TestSetupThatLeavesRowsOpen(t *testing.T) {
	b := &behaviour{}
	w := newWorld(t, memoryStore(t), b, sqlKit(t, b))
	w.projection.Setup = func(ctx context.Context, tx *sqldb.Tx) error { return tx.QueryRowContext(ctx, numbers).Err() }
	if err := w.run(t); err == nil || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "left the rows of 1") {
		t.Errorf("run = %v; want the rows", err)
	}
}
