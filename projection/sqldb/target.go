package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/gestadb/gesta/projection"
)

// Target is a database as a target of projections, any number of them. It may be used by many goroutines.
type Target struct {
	db *sql.DB
	d  Dialect
	q  queries

	mu    sync.Mutex // guards all below; it is held for no call
	idle  *connection
	ready bool // the tables are there
	known map[owned]bool
}

// owned names a table of a version that is on record.
type owned struct {
	id   projection.ID
	name string
}

// New returns a target in a database, which it does not own.
func New(db *sql.DB, d Dialect) *Target {
	return &Target{db: db, d: d, q: newQueries(&d), known: map[owned]bool{}}
}

// Begin begins a transaction on a connection of its own.
func (t *Target) Begin(ctx context.Context, id projection.ID) (projection.Tx[*Tx], error) {
	if err := t.prepare(ctx); err != nil {
		return nil, err
	}
	c, err := t.connection(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := c.exec(ctx, t.d.Begin); err != nil {
		c.discard() // whether it has begun is not known
		return nil, err
	}
	tx := &transaction{books: books{t: t, c: c, id: id}}
	tx.handle.b = &tx.books
	return tx, nil
}

// State returns the state that was committed last.
func (t *Target) State(ctx context.Context, id projection.ID) (projection.State, error) {
	if err := t.prepare(ctx); err != nil {
		return projection.State{}, err
	}
	return scanState(t.db.QueryRowContext(ctx, t.q.load, id.Name, id.Version))
}

// Lease returns who has the lease, and for how long.
func (t *Target) Lease(ctx context.Context, id projection.ID) (holder string, left time.Duration, err error) {
	if err := t.prepare(ctx); err != nil {
		return "", 0, err
	}
	var us, fence int64
	err = t.db.QueryRowContext(ctx, t.q.holder, id.Name, id.Version).Scan(&holder, &us, &fence)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", 0, nil
	case err != nil:
		return "", 0, fmt.Errorf("read the lease: %w", err)
	case us <= 0:
		return "", 0, nil
	}
	return holder, time.Duration(us) * time.Microsecond, nil
}

// Transient says whether an error has to do with the connection, with others, or with the machine.
func (t *Target) Transient(err error) bool {
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || t.d.Transient(err)
}

// owns says whether a table is known to be on record.
func (t *Target) owns(id projection.ID, name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known[owned{id, name}]
}

// owned takes note of tables that are on record.
func (t *Target) owned(id projection.ID, tables map[string]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name := range tables {
		t.known[owned{id, name}] = true
	}
}

// disown forgets the tables of a version.
func (t *Target) disown(id projection.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.known, func(o owned, _ bool) bool { return o.id == id })
}

// prepare makes the tables, once.
func (t *Target) prepare(ctx context.Context) error {
	t.mu.Lock()
	ready := t.ready
	t.mu.Unlock()
	if ready {
		return nil
	}
	if t.db.Stats().MaxOpenConnections == 1 {
		return errors.New("the database allows one connection alone: a target keeps one, and readers need another")
	}
	for _, table := range t.d.schema() {
		if _, err := t.db.ExecContext(ctx, table); err != nil {
			return fmt.Errorf("make the tables of projections: %w", err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ready = true
	return nil
}

// connection returns the connection that is idle, or a new one.
func (t *Target) connection(ctx context.Context) (*connection, error) {
	t.mu.Lock()
	c := t.idle
	t.idle = nil
	t.mu.Unlock()
	if c != nil {
		return c, nil
	}
	conn, err := t.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &connection{conn: conn, alive: t.d.Alive, prepared: map[string]*prepared{}}, nil
}

// put gives a connection back that has no transaction open. One is kept.
func (t *Target) put(c *connection) {
	if len(c.prepared) >= maxPrepared {
		c.forget() // whoever makes up so many prepares them again now and then
	}
	t.mu.Lock()
	if t.idle == nil {
		t.idle, c = c, nil
	}
	t.mu.Unlock()
	if c != nil {
		c.close()
	}
}

// Close gives the connection back to the database that the target keeps. It may be used on, and keeps another one then.
func (t *Target) Close() {
	t.mu.Lock()
	c := t.idle
	t.idle = nil
	t.mu.Unlock()
	if c != nil {
		c.close()
	}
}
