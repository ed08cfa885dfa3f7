package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// maxPrepared bounds the statements that stay prepared on a connection.
const maxPrepared = 256

// connection is one connection with the statements that are prepared on it. It is used by one goroutine.
type connection struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

// statement returns a query prepared.
func (c *connection) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := c.prepared[query]; ok {
		return s, nil
	}
	if len(c.prepared) >= maxPrepared {
		c.forget() // whoever makes up so many prepares them again now and then
	}
	s, err := c.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.prepared[query] = s
	return s, nil
}

// exec runs a statement that returns no rows.
func (c *connection) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// row runs a query that returns one row.
func (c *connection) row(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := c.statement(ctx, query)
	if err != nil {
		return c.conn.QueryRowContext(ctx, query, args...) // which fails in the same way, and makes a row of it
	}
	return s.QueryRowContext(ctx, args...)
}

// query runs a query.
func (c *connection) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// forget closes all prepared statements. Where that fails, the connection is broken, and whoever uses it next is told.
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
