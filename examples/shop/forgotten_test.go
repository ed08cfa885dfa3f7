package main

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// TestForgotten erases an order, of which a customer's name was part. Version 1 has applied it; version 2, which is built after that, parks it, and readers cannot be switched to it, until
// the program says what is read in its place.
func TestForgotten(t *testing.T) {
	ctx, events := t.Context(), memory.New(memory.Options{})
	db, err := gesta.New(events, Types)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Command{Add("1", "cup", 2, 900), Checkout("1", "ada")} {
		if _, err := Cart.Handle(ctx, db, "1", c); err != nil {
			t.Fatal(err)
		}
	}
	database := openFile(t)
	target := sqldb.New(database, sqldb.SQLite)
	t.Cleanup(target.Close)
	version := func(p projection.Projection[*sqldb.Tx]) *runner {
		t.Helper()
		r, err := projection.New(db, p, target, projection.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.RunToHead(ctx); err != nil {
			t.Fatal(err)
		}
		return r
	}
	one := version(Carts)
	if _, err := target.Deliver(ctx, Carts.Name, func(context.Context, sqldb.Effect) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := events.Erase(ctx, store.Erasure{Positions: []store.Position{2}, Reason: "ada asked"}); err != nil {
		t.Fatal(err)
	}

	two := version(carts2(mended))
	parked, err := two.Parked(ctx, "")
	if err != nil || len(parked) != 1 || parked[0].Position != 2 {
		t.Fatalf("parked = %+v, %v; want the order", parked, err)
	}
	if err := target.Switch(ctx, one, two, false); !errors.Is(err, sqldb.ErrParked) {
		t.Fatalf("Switch = %v; want ErrParked", err)
	}

	db, err = gesta.New(events, Types, gesta.StandIn(OrderPlaced{Customer: "(forgotten)"}))
	if err != nil {
		t.Fatal(err)
	}
	one, two = version(Carts), version(carts2(mended))
	if n, err := two.Retry(ctx, "cart-1"); n != 1 || err != nil {
		t.Fatalf("Retry = %d, %v; want 1", n, err)
	}
	if err := target.Switch(ctx, one, two, false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("1 is ordered", ordered(t, database)); diff != "" {
		t.Error(diff)
	}
}

// ordered returns what version 2 says of the carts that are ordered.
func ordered(t *testing.T, database *sql.DB) (text string) {
	t.Helper()
	if err := database.QueryRowContext(t.Context(), `SELECT group_concat(cart || ' is ordered') FROM carts WHERE ordered_at > 0`).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}
