package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/gestadb/gesta/projection"
)

// maxPrepared bounds the statements that stay prepared on a connection.
const maxPrepared = 256

// connection is one connection with the statements that are prepared on it. It is used by one goroutine.
type connection struct {
	conn     *sql.Conn
	alive    func(ctx context.Context, exec func(ctx context.Context, statement string) error) (bool, error) // of the dialect
	prepared map[string]*prepared
	open     []*sql.Rows // of queries since they were settled last, but for those that are known to be closed
	gone     error       // why nothing can be done any more in the transaction that was begun; the connection is discarded after it
}

// prepared is a statement with the rows of its last query. While those are open, it cannot be run a second time, and must not be closed.
type prepared struct {
	*sql.Stmt
	rows *sql.Rows // nil for none
}

// statement returns a query prepared, or nil when it is to be run as it is: while the rows of the one that is prepared are open, and when so many are that no more may be. None is closed to
// make room: rows of it may be open.
func (c *connection) statement(ctx context.Context, query string) (*prepared, error) {
	s, ok := c.prepared[query]
	switch {
	case ok && s.rows != nil && isOpen(s.rows):
		return nil, nil //nolint:nilnil // it is to be run as it is
	case ok:
		s.rows = nil
		return s, nil
	case len(c.prepared) >= maxPrepared:
		return nil, nil //nolint:nilnil // likewise
	}
	made, err := c.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s = &prepared{Stmt: made}
	c.prepared[query] = s
	return s, nil
}

// exec runs a statement that returns no rows.
func (c *connection) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := c.usable(ctx); err != nil {
		return nil, err
	}
	s, err := c.statement(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return c.conn.ExecContext(ctx, query, args...)
	}
	return s.ExecContext(ctx, args...)
}

// row runs a query that returns one row.
func (c *connection) row(ctx context.Context, query string, args ...any) *Row {
	rows, err := c.query(ctx, query, args...)
	return &Row{rows: rows, err: err}
}

// query runs a query.
func (c *connection) query(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	if err := c.usable(ctx); err != nil {
		return nil, err
	}
	s, err := c.statement(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		rows, err = c.conn.QueryContext(ctx, query, args...)
	default:
		rows, err = s.QueryContext(ctx, args...)
		s.rows = rows
	}
	if err != nil {
		return nil, err
	}
	c.open = append(c.open, rows)
	return rows, nil
}

// usable lets go of rows that are closed, and returns an error when the transaction is gone.
func (c *connection) usable(ctx context.Context) error {
	kept := 0
	for _, rows := range c.open {
		if isOpen(rows) {
			c.open[kept] = rows
			kept++
		} else if err := rows.Err(); err != nil {
			c.failed(ctx, err)
		}
	}
	clear(c.open[kept:])
	c.open = c.open[:kept]
	return c.gone
}

// settle closes all rows, and returns how many were open.
func (c *connection) settle(ctx context.Context) (open int) {
	for _, rows := range c.open {
		if isOpen(rows) {
			open++
		}
		if err := rows.Close(); err != nil {
			c.failed(ctx, err)
		} else if err := rows.Err(); err != nil {
			c.failed(ctx, err)
		}
	}
	clear(c.open)
	c.open = c.open[:0]
	return open
}

// isOpen says whether rows are still open. Those whose context is done are closed by someone else, for whom it waits.
func isOpen(rows *sql.Rows) bool {
	if rows.Err() == nil {
		if _, err := rows.Columns(); err == nil {
			return true
		}
	}
	_ = rows.Close() // Err has said why
	return false
}

// failed asks after an error of a statement whether the transaction is still open. Where it is not, nothing is done any more: it would not be part of any.
func (c *connection) failed(ctx context.Context, cause error) {
	if c.alive == nil || c.gone != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackWait)
	defer cancel()
	c.ask(ctx, cause)
}

// ask asks whether the transaction is still open, and takes note when it is not, by whatever cause.
func (c *connection) ask(ctx context.Context, cause error) {
	alive, err := c.alive(ctx, func(ctx context.Context, statement string) error {
		_, err := c.conn.ExecContext(ctx, statement)
		return err
	})
	switch {
	case err != nil:
		c.gone = fmt.Errorf("ask whether the transaction is still open: %w", err)
	case !alive:
		c.gone = fmt.Errorf("%w: %w", projection.ErrRolledBack, cause)
	}
}

// forget closes all prepared statements, none of which has open rows. Where that fails, the connection is broken, and whoever uses it next is told.
func (c *connection) forget() {
	for _, s := range c.prepared {
		_ = s.Close()
	}
	clear(c.prepared)
}

// close gives the connection back to the database.
func (c *connection) close() {
	c.forget()
	_ = c.conn.Close() // it was of use until now; nothing is lost with it
}

// discard ends the connection: what state it is in is not known.
func (c *connection) discard() {
	c.forget()
	_ = c.conn.Raw(func(any) error { return driver.ErrBadConn }) // so that it is not used again
	_ = c.conn.Close()
}
