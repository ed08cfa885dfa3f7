package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
)

// Carts is the read model of the shop: a row for each cart, and a receipt for each order.
var Carts = projection.Projection[*sqldb.Tx]{
	Name: "carts", Version: 1,
	Setup: func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `CREATE TABLE `+tx.Table("carts")+`
			(cart TEXT PRIMARY KEY, items INTEGER NOT NULL, cents INTEGER NOT NULL, status TEXT NOT NULL)`)
		return err
	},
	Handlers: []projection.Handler[*sqldb.Tx]{projection.On(added), projection.On(removed), projection.On(placed)},
}

func added(ctx context.Context, tx *sqldb.Tx, e gesta.Event[ItemAdded]) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO `+tx.Table("carts")+` VALUES (?, ?, ?, 'open')
		ON CONFLICT (cart) DO UPDATE SET items = items + excluded.items, cents = cents + excluded.cents`,
		e.Body.Cart, e.Body.Count, int64(e.Body.Count)*e.Body.Cents)
	return err
}

func removed(ctx context.Context, tx *sqldb.Tx, e gesta.Event[ItemRemoved]) error {
	return one(tx.ExecContext(ctx, `UPDATE `+tx.Table("carts")+` SET items = items - ?, cents = cents - ? WHERE cart = ?`,
		e.Body.Count, int64(e.Body.Count)*e.Body.Cents, e.Body.Cart))
}

// cartOf returns the cart whose stream an event is in. An order that was erased says nothing else of its cart.
func cartOf(r store.Recorded) string { return strings.TrimPrefix(r.Stream, "cart-") }

func placed(ctx context.Context, tx *sqldb.Tx, e gesta.Event[OrderPlaced]) error {
	if err := one(tx.ExecContext(ctx, `UPDATE `+tx.Table("carts")+` SET status = 'ordered' WHERE cart = ?`, cartOf(e.Recorded))); err != nil {
		return err
	}
	return receipt(ctx, tx, e)
}

// receipt puts on record that the customer is to have a receipt.
func receipt(ctx context.Context, tx *sqldb.Tx, e gesta.Event[OrderPlaced]) error {
	return tx.Effect(ctx, e.Recorded, "receipt", fmt.Appendf(nil, "%s pays %s for cart %s", e.Body.Customer, money(e.Body.Cents), e.Body.Cart))
}

var errNoRow = errors.New("nothing was ever put into the cart")

// one returns an error unless a statement has changed a row.
func one(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return errNoRow
}
