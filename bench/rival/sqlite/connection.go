package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// connection is one connection of a driver and its prepared statements. It is for one goroutine at a time.
type connection struct {
	conn       driver.Conn
	statements []driver.Stmt
}

// connect opens a connection with the settings that all of them have.
func connect(with driver.Driver, path string) (*connection, error) {
	conn, err := with.Open(path)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	c := &connection{conn: conn}
	for _, pragma := range []string{"PRAGMA busy_timeout = 10000", "PRAGMA mmap_size = 2147418112", "PRAGMA temp_store = MEMORY"} {
		if err := c.exec(pragma); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

// exec runs a statement once, and ignores its rows.
func (c *connection) exec(query string) error {
	statement, err := c.conn.Prepare(query)
	if err != nil {
		return fmt.Errorf("prepare %q: %w", query, err)
	}
	ask, ok := statement.(driver.StmtQueryContext)
	if !ok {
		return errors.Join(fmt.Errorf("driver's %T takes no context", statement), statement.Close())
	}
	rows, err := ask.QueryContext(context.Background(), nil)
	if err != nil {
		return errors.Join(fmt.Errorf("run %q: %w", query, err), statement.Close())
	}
	row := make([]driver.Value, len(rows.Columns()))
	for err == nil {
		err = rows.Next(row)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, rows.Close(), statement.Close())
}

// prepareExec prepares a statement that changes something.
func (c *connection) prepareExec(query string) (driver.StmtExecContext, error) {
	return prepare[driver.StmtExecContext](c, query)
}

// prepareQuery prepares a statement that has rows.
func (c *connection) prepareQuery(query string) (driver.StmtQueryContext, error) {
	return prepare[driver.StmtQueryContext](c, query)
}

// prepare prepares a statement that is kept until the connection is closed.
func prepare[T any](c *connection, query string) (T, error) {
	var none T
	statement, err := c.conn.Prepare(query)
	if err != nil {
		return none, fmt.Errorf("prepare %q: %w", query, err)
	}
	c.statements = append(c.statements, statement)
	as, ok := statement.(T)
	if !ok {
		return none, fmt.Errorf("driver's %T is no %T", statement, &none)
	}
	return as, nil
}

// close closes the statements and the connection.
func (c *connection) close() error {
	var errs []error
	for _, statement := range c.statements {
		errs = append(errs, statement.Close())
	}
	return errors.Join(append(errs, c.conn.Close())...)
}
