package projection_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// faults fails the n-th step that a database is asked for: a statement, before or after it is done.
type faults struct {
	mu    sync.Mutex
	at    int   // the step that fails; 0 for none
	after bool  // it is done, and fails all the same
	dead  bool  // and no step comes after it
	err   error // what it says
	steps int
	hit   string // the statement that failed
}

// step counts a step, and does it unless it is to fail.
func (f *faults) step(what string, do func() error) error {
	f.mu.Lock()
	f.steps++
	now := f.steps
	fails := now == f.at || f.dead && f.at > 0 && now > f.at
	if now == f.at {
		f.hit = what
	}
	f.mu.Unlock()
	if !fails {
		return do()
	}
	if now == f.at && f.after {
		if err := do(); err != nil {
			return err
		}
	}
	return f.err
}

func (f *faults) wasHit() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hit
}

// busyError is what SQLite says when another one has the lock.
type busyError struct{}

func (busyError) Error() string { return "busy, for once" }
func (busyError) Code() int     { return 5 }

var errCrash = errors.New("the process is dead")

// faultySQLite opens a file through faults.
func faultySQLite(tb testing.TB, file string, f *faults) *sql.DB {
	tb.Helper()
	dsn := "file:" + filepath.ToSlash(file) + "?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=busy_timeout(1000)"
	registered, err := sql.Open("sqlite", dsn) // the driver that has the clock
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = registered.Close() }()
	database := sql.OpenDB(&faultyConnector{driver: registered.Driver(), dsn: dsn, faults: f})
	tb.Cleanup(func() { _ = database.Close() })
	return database
}

type faultyConnector struct {
	driver driver.Driver
	dsn    string
	faults *faults
}

func (c *faultyConnector) Driver() driver.Driver { return c.driver }

func (c *faultyConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return &faultyConn{Conn: conn, faults: c.faults}, nil
}

// faultyConn hands statements to faults. It can do what this module needs of a connection.
type faultyConn struct {
	driver.Conn
	faults *faults
}

func (c *faultyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (r driver.Result, err error) {
	err = c.faults.step(query, func() error {
		r, err = as[driver.ExecerContext](c.Conn).ExecContext(ctx, query, args)
		return err
	})
	return r, err
}

func (c *faultyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (r driver.Rows, err error) {
	err = c.faults.step(query, func() error {
		r, err = as[driver.QueryerContext](c.Conn).QueryContext(ctx, query, args)
		return err
	})
	if err != nil && r != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, err
}

func (c *faultyConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := as[driver.ConnPrepareContext](c.Conn).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &faultyStmt{Stmt: s, query: query, faults: c.faults}, nil
}

type faultyStmt struct {
	driver.Stmt
	query  string
	faults *faults
}

func (s *faultyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (r driver.Result, err error) {
	err = s.faults.step(s.query, func() error {
		r, err = as[driver.StmtExecContext](s.Stmt).ExecContext(ctx, args)
		return err
	})
	return r, err
}

func (s *faultyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (r driver.Rows, err error) {
	err = s.faults.step(s.query, func() error {
		r, err = as[driver.StmtQueryContext](s.Stmt).QueryContext(ctx, args)
		return err
	})
	if err != nil && r != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, err
}

// as returns what a driver can do. The driver of SQLite can do all that is asked here.
func as[T any](of any) T {
	t, ok := of.(T)
	if !ok {
		panic(fmt.Sprintf("%T is no %T", of, t))
	}
	return t
}

// words returns the beginning of a statement, for messages.
func words(query string) string {
	f := strings.Fields(query)
	return fmt.Sprint(f[:min(len(f), 3)])
}
