package main

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
)

// carts2 is version 2: it says when a cart was ordered, and how many items were taken out again.
func carts2(worth func(ItemRemoved) int64) projection.Projection[*sqldb.Tx] {
	return projection.Projection[*sqldb.Tx]{
		Name: "carts", Version: 2,
		Setup: func(ctx context.Context, tx *sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, `CREATE TABLE `+tx.Table("carts")+` (cart TEXT PRIMARY KEY,
				items INTEGER NOT NULL, cents INTEGER NOT NULL, removed INTEGER NOT NULL, ordered_at INTEGER)`)
			return err
		},
		Handlers: []projection.Handler[*sqldb.Tx]{
			projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[ItemAdded]) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO `+tx.Table("carts")+` VALUES (?, ?, ?, 0, NULL)
					ON CONFLICT (cart) DO UPDATE SET items = items + excluded.items, cents = cents + excluded.cents`,
					e.Body.Cart, e.Body.Count, int64(e.Body.Count)*e.Body.Cents)
				return err
			}),
			projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[ItemRemoved]) error {
				return one(tx.ExecContext(ctx, `UPDATE `+tx.Table("carts")+` SET items = items - ?, cents = cents - ?, removed = removed + ? WHERE cart = ?`,
					e.Body.Count, worth(e.Body), e.Body.Count, e.Body.Cart))
			}),
			projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[OrderPlaced]) error {
				if err := one(tx.ExecContext(ctx, `UPDATE `+tx.Table("carts")+` SET ordered_at = ? WHERE cart = ?`, e.RecordedAt.UnixMicro(), cartOf(e.Recorded))); err != nil {
					return err
				}
				return receipt(ctx, tx, e)
			}),
		},
	}
}

// What items are worth that were removed: as version 2 had it first, and as it is.
func mistaken(e ItemRemoved) int64 { return e.Cents }
func mended(e ItemRemoved) int64   { return int64(e.Count) * e.Cents }

// totals is what both versions have to agree on.
var totals = sqldb.Comparison{Name: "totals", Query: func(v sqldb.Version) string {
	return `SELECT cart, items, cents FROM ` + v.Table("carts") + ` ORDER BY cart`
}}

// TestVersion2 builds version 2 of the read model beside version 1 while customers go on, finds its mistake, mends it, lets readers see it, and goes back.
func TestVersion2(t *testing.T) {
	ctx, w := t.Context(), newWorld(t)
	target := w.target

	one, stopOne := w.feed(Carts)
	stopShopping := w.shopping(one)
	w.wait(one, 20)

	// Version 2 is fed beside version 1, which readers see: the database knew it first.
	two, stopTwo := w.feed(carts2(mistaken))
	w.wait(one, 60)

	at, found, err := target.Compare(ctx, one, two, totals)
	if err != nil {
		t.Fatal(err)
	}
	wrong := w.tookOutMany(at)
	want := sqldb.Difference{Name: "totals", RowsA: w.carts(at), RowsB: w.carts(at), Differing: len(wrong), Keys: wrong[:min(len(wrong), 100)]}
	if diff := cmp.Diff([]sqldb.Difference{want}, found); diff != "" || len(wrong) == 0 || len(wrong) == want.RowsA {
		t.Errorf("Compare at position %d (-want +got):\n%s", at, diff)
	}

	// Mended: what is mistaken goes, and version 2 is built anew.
	stopTwo()
	if err := target.Drop(ctx, two.ID()); err != nil {
		t.Fatal(err)
	}
	two, stopTwo = w.feed(carts2(mended))

	at, found, err = target.Compare(ctx, one, two, totals)
	if err != nil {
		t.Fatal(err)
	}
	want = sqldb.Difference{Name: "totals", RowsA: w.carts(at), RowsB: w.carts(at)}
	if diff := cmp.Diff([]sqldb.Difference{want}, found); diff != "" {
		t.Errorf("Compare at position %d of what is mended (-want +got):\n%s", at, diff)
	}

	// Readers see version 2, and then version 1 again, which was fed all the while.
	w.sees(one, "cart items cents status")
	w.switched(one, two)
	w.wait(two, 40)
	w.sees(two, "cart items cents removed ordered_at")
	w.switched(two, one)
	w.sees(one, "cart items cents status")

	// For good.
	w.switched(one, two)
	stopShopping()
	stopOne()
	if err := target.Drop(ctx, one.ID()); err != nil {
		t.Fatal(err)
	}
	w.wait(two, 0)
	w.sees(two, "cart items cents removed ordered_at")
	stopTwo()
	w.deliver()
	if diff := cmp.Diff(w.orders(), w.sent); diff != "" {
		t.Errorf("receipts (-orders +sent):\n%s", diff)
	}
}
