package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/store"
)

// Tx is the transaction that handlers change tables in. Statements are prepared once, by their text: what varies are arguments. It is used by one goroutine, until the handler
// returns; rows of a query are closed before: what a handler has left open is closed, and its event parked. A handler returns the errors of its statements.
type Tx struct {
	b      *books
	tables map[string]string // those that were named, by their plain names

	looked, isActive bool           // whether the version is active is known; it is
	position         store.Position // of the event of the last effect
	n                int            // effects of that event
}

// ExecContext runs a statement that returns no rows.
func (t *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	r, err := t.b.c.exec(ctx, query, args...)
	if err != nil {
		t.b.c.failed(ctx, err)
	}
	return r, err
}

// QueryContext runs a statement that returns rows.
func (t *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := t.b.c.query(ctx, query, args...)
	if err != nil {
		t.b.c.failed(ctx, err)
	}
	return rows, err
}

// QueryRowContext runs a statement that returns one row at the most, which is to be scanned.
func (t *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *Row {
	rows, err := t.QueryContext(ctx, query, args...)
	return &Row{rows: rows, err: err}
}

// transaction is a projection.Tx.
type transaction struct {
	books
	handle Tx
	marked bool // there is a savepoint
	ended  bool
}

// rollbackWait bounds how long a rollback takes.
const rollbackWait = 5 * time.Second

// Of returns the books of another version.
func (t *transaction) Of(id projection.ID) projection.Books { return &books{t: t.t, c: t.c, id: id} }

// Handle returns what handlers get.
func (t *transaction) Handle() *Tx { return &t.handle }

// Handled closes what a handler has left open.
func (t *transaction) Handled(ctx context.Context) error {
	open := t.c.settle(ctx)
	switch {
	case t.c.gone != nil:
		return t.c.gone
	case open > 0:
		return fmt.Errorf("the handler has left the rows of %d queries open: close rows, and scan a row", open)
	}
	return nil
}

// errEnded is how a transaction may end without an error of a statement.
var errEnded = errors.New("it was ended by a statement of a handler")

// Save replaces the state, as part of the transaction alone.
func (t *transaction) Save(ctx context.Context, from, to projection.State) error {
	if t.c.gone == nil && t.c.alive != nil {
		t.c.ask(ctx, errEnded)
	}
	if t.c.gone != nil {
		return t.c.gone
	}
	return t.books.Save(ctx, from, to)
}

// Savepoint marks what was done, in place of the mark before.
func (t *transaction) Savepoint(ctx context.Context) error {
	if t.marked {
		if _, err := t.c.exec(ctx, t.t.d.Release); err != nil {
			return err
		}
		t.marked = false
	}
	if _, err := t.c.exec(ctx, t.t.d.Savepoint); err != nil {
		return err
	}
	t.marked = true
	return nil
}

// RollbackTo undoes what was done since the mark.
func (t *transaction) RollbackTo(ctx context.Context) error {
	_, err := t.c.exec(ctx, t.t.d.RollbackTo)
	return err
}

// Commit commits the transaction.
func (t *transaction) Commit(ctx context.Context) error {
	if t.ended {
		return errors.New("the transaction has ended")
	}
	t.c.settle(ctx)
	if err := t.own(ctx); err != nil {
		return err
	}
	if _, err := t.c.exec(ctx, "COMMIT"); err != nil {
		return err // Rollback follows
	}
	t.ended = true
	t.t.owned(t.id, t.handle.tables)
	t.t.put(t.c)
	return nil
}

// Rollback undoes the transaction. Where that fails, the end of the connection does it.
func (t *transaction) Rollback() {
	if t.ended {
		return
	}
	t.ended = true
	ctx, cancel := context.WithTimeout(context.Background(), rollbackWait)
	defer cancel()
	t.c.settle(ctx)
	if _, err := t.c.conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		t.c.discard()
		return
	}
	t.t.put(t.c)
}
