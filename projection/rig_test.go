package projection_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"modernc.org/sqlite"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/memory"
)

// happening is the union of what happens to accounts.
type happening interface{ happening() }

type (
	deposited struct {
		Cents int
		Bad   bool `json:",omitempty"`
	}
	closed  struct{}
	noticed struct{ Text string } // no projection looks at it
)

func (deposited) happening() {}
func (closed) happening()    {}
func (noticed) happening()   {}

var happenings = gesta.Types[happening]{"deposited": deposited{}, "closed": closed{}, "noticed": noticed{}}

// row is what the read model has of an account: a counter and a sum, which show whatever is applied twice or not at all.
type row struct{ N, Cents int }

// ledger is the read model in memory.
type ledger map[string]row

func (l ledger) Clone() ledger { return maps.Clone(l) }

// errBad is what a handler says of a bad event, for good.
var errBad = errors.New("the event is bad")

// behaviour is what handlers do beside their work; nil functions do nothing. It is changed between runs alone, but for what is atomic.
type behaviour struct {
	mended atomic.Bool // bad events are taken
	before func(ctx context.Context, e *store.Recorded) error
}

func (b *behaviour) of(ctx context.Context, e *store.Recorded, bad bool) error {
	if b.before != nil {
		if err := b.before(ctx, e); err != nil {
			return err
		}
	}
	if bad && !b.mended.Load() {
		return errBad
	}
	return nil
}

// kit is a kind of target, with the projection of accounts for it.
type kit[TX any] struct {
	target     projection.Target[TX]
	projection projection.Projection[TX]
	rows       func(tb testing.TB) ledger
	clock      *clock // of the target
}

// memoryKit projects into memory.
func memoryKit(_ testing.TB, b *behaviour) *kit[ledger] {
	c := newClock()
	m := projection.NewMemory(ledger{}, c.now)
	return &kit[ledger]{
		target: m, clock: c,
		rows: func(testing.TB) ledger { return m.Model() },
		projection: projection.Projection[ledger]{
			Name: "accounts", Version: 1,
			Handlers: []projection.Handler[ledger]{
				projection.On(func(ctx context.Context, l ledger, e gesta.Event[deposited]) error {
					l[e.Stream] = row{l[e.Stream].N + 1, l[e.Stream].Cents + e.Body.Cents} // before it fails: to be undone
					return b.of(ctx, &e.Recorded, e.Body.Bad)
				}),
				projection.On(func(ctx context.Context, l ledger, e gesta.Event[closed]) error {
					delete(l, e.Stream)
					return b.of(ctx, &e.Recorded, false)
				}),
			},
		},
	}
}

const (
	createAccounts = `CREATE TABLE accounts (id TEXT PRIMARY KEY, n INTEGER NOT NULL, cents INTEGER NOT NULL) WITHOUT ROWID`
	addToAccount   = `INSERT INTO accounts VALUES (?, 1, ?) ON CONFLICT (id) DO UPDATE SET n = n + 1, cents = cents + excluded.cents`
	dropAccount    = `DELETE FROM accounts WHERE id = ?`
)

// sqlKit projects into a SQLite file.
func sqlKit(tb testing.TB, b *behaviour) *kit[*sqldb.Tx] {
	tb.Helper()
	c := newClock()
	return sqlKitOn(tb, b, openSQLite(tb, "sqlite", filepath.Join(tb.TempDir(), "read.db")), c)
}

func openSQLite(tb testing.TB, name, file string) *sql.DB {
	tb.Helper()
	database, err := sql.Open(name, "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=busy_timeout(20)")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = database.Close() })
	return database
}

func sqlKitOn(_ testing.TB, b *behaviour, database *sql.DB, c *clock) *kit[*sqldb.Tx] {
	dialect := sqldb.SQLite
	dialect.Now = fmt.Sprintf("gesta_test_now(%d)", c.id)
	return &kit[*sqldb.Tx]{
		target: sqldb.New(database, dialect), clock: c,
		rows: func(tb testing.TB) ledger { return sqlRows(tb, database) }, //nolint:thelper // it hands on
		projection: projection.Projection[*sqldb.Tx]{
			Name: "accounts", Version: 1,
			Setup: func(ctx context.Context, tx *sqldb.Tx) error {
				_, err := tx.ExecContext(ctx, createAccounts)
				return err
			},
			Handlers: []projection.Handler[*sqldb.Tx]{
				projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[deposited]) error {
					if _, err := tx.ExecContext(ctx, addToAccount, e.Stream, e.Body.Cents); err != nil {
						return err
					}
					return b.of(ctx, &e.Recorded, e.Body.Bad)
				}),
				projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[closed]) error {
					if _, err := tx.ExecContext(ctx, dropAccount, e.Stream); err != nil {
						return err
					}
					return b.of(ctx, &e.Recorded, false)
				}),
			},
		},
	}
}

func sqlRows(tb testing.TB, database *sql.DB) ledger {
	tb.Helper()
	rows, err := database.QueryContext(tb.Context(), `SELECT id, n, cents FROM accounts`)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	l := ledger{}
	for rows.Next() {
		var id string
		var r row
		if err := rows.Scan(&id, &r.N, &r.Cents); err != nil {
			tb.Fatal(err)
		}
		l[id] = r
	}
	if rows.Err() != nil {
		tb.Fatal(rows.Err())
	}
	return l
}

// clock is a clock that moves when it is told to. SQLite reads it by its id.
type clock struct {
	id int64
	us atomic.Int64
}

var (
	clocks   sync.Map // of *clock by id
	clockIDs atomic.Int64
)

func init() {
	sqlite.MustRegisterScalarFunction("gesta_test_now", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		c, ok := clocks.Load(args[0])
		if !ok {
			return nil, fmt.Errorf("there is no clock %v", args[0])
		}
		return as[*clock](c).us.Load(), nil
	})
}

func newClock() *clock {
	c := &clock{id: clockIDs.Add(1)}
	c.us.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	clocks.Store(c.id, c)
	return c
}

func (c *clock) now() time.Time          { return time.UnixMicro(c.us.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.us.Add(d.Microseconds()) }
func memoryStore(testing.TB) store.Store { return memory.New(memory.Options{}) }
func diskStore(tb testing.TB) store.Store {
	tb.Helper()
	s, err := disk.Open(tb.TempDir(), disk.Options{Sync: disk.SyncNever, SegmentBytes: 4096})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

// everywhere runs a test on the stores and targets that there are.
func everywhere(t *testing.T, inMemory func(*testing.T, *world[ledger]), inSQLite func(*testing.T, *world[*sqldb.Tx])) {
	t.Helper()
	t.Run("store=memory/target=memory", func(t *testing.T) {
		b := &behaviour{}
		inMemory(t, newWorld(t, memoryStore(t), b, memoryKit(t, b)))
	})
	for name, open := range map[string]func(testing.TB) store.Store{"memory": memoryStore, "disk": diskStore} {
		t.Run("store="+name+"/target=sqlite", func(t *testing.T) {
			b := &behaviour{}
			inSQLite(t, newWorld(t, open(t), b, sqlKit(t, b)))
		})
	}
}

// world is a store with a target.
type world[TX any] struct {
	*kit[TX]
	*behaviour
	db *gesta.DB
	o  projection.Options
}

func newWorld[TX any](tb testing.TB, s store.Store, b *behaviour, k *kit[TX]) *world[TX] {
	tb.Helper()
	return &world[TX]{
		kit: k, behaviour: b, db: newDB(tb, s),
		o: projection.Options{Poll: time.Millisecond, Quiet: time.Millisecond, BackoffMin: time.Microsecond, BackoffMax: time.Millisecond},
	}
}

func newDB(tb testing.TB, s store.Store, more ...gesta.Option) *gesta.DB {
	tb.Helper()
	db, err := gesta.New(s, append(more, happenings)...)
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

// runner returns a new runner.
func (w *world[TX]) runner(tb testing.TB) *projection.Runner[TX] {
	tb.Helper()
	r, err := projection.New(w.db, w.projection, w.target, w.o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// run runs to the head.
func (w *world[TX]) run(tb testing.TB) error {
	tb.Helper()
	return w.runner(tb).RunToHead(tb.Context())
}

// add appends events to the stream of an account, each in a commit of its own, and returns the position of the last.
func add(tb testing.TB, s store.Store, account string, events ...happening) store.Position {
	tb.Helper()
	var last store.Position
	for _, e := range events {
		r, err := s.Append(tb.Context(), store.Commit{Events: []store.Event{recorded(account, e)}})
		if err != nil {
			tb.Fatal(err)
		}
		last = r.Last
	}
	return last
}

func (w *world[TX]) add(tb testing.TB, account string, events ...happening) store.Position {
	tb.Helper()
	return add(tb, w.db.Store(), account, events...)
}

func recorded(account string, e happening) store.Event {
	switch e := e.(type) {
	case deposited:
		return store.Event{Stream: account, Type: "deposited", Data: fmt.Appendf(nil, `{"Cents":%d,"Bad":%t}`, e.Cents, e.Bad)}
	case closed:
		return store.Event{Stream: account, Type: "closed", Data: []byte(`{}`)}
	}
	return store.Event{Stream: account, Type: "noticed", Data: []byte(`{"Text":"x"}`)}
}

// fold returns what the read model has to be up to a position, but for events that were not applied.
func fold(tb testing.TB, db *gesta.DB, until store.Position, without map[store.Position]bool) (l ledger, seen uint64) {
	tb.Helper()
	l = ledger{}
	if until == 0 {
		return l, 0
	}
	for r, err := range db.Store().Read(tb.Context(), store.Query{{Types: []string{"deposited", "closed"}}}, store.ReadOptions{Until: until}) {
		if err != nil {
			tb.Fatal(err)
		}
		seen++
		if without[r.Position] {
			continue
		}
		events, err := db.Decode(&r)
		if err != nil {
			tb.Fatalf("position %d is neither parked nor skipped: %v", r.Position, err)
		}
		switch e := events[0].Body.(type) {
		case deposited:
			l[r.Stream] = row{l[r.Stream].N + 1, l[r.Stream].Cents + e.Cents}
		case closed:
			delete(l, r.Stream)
		}
	}
	return l, seen
}

// check holds the read model against a fresh fold, row by row, and the counts against each other.
func (w *world[TX]) check(tb testing.TB, skipped ...store.Position) projection.State {
	tb.Helper()
	state, err := w.target.State(tb.Context(), w.projection.ID())
	if err != nil {
		tb.Fatal(err)
	}
	parked, err := w.runner(tb).Parked(tb.Context(), "")
	if err != nil {
		tb.Fatal(err)
	}
	without := map[store.Position]bool{}
	for _, p := range parked {
		without[p.Position] = true
	}
	for _, p := range skipped {
		without[p] = true
	}
	want, seen := fold(tb, w.db, state.Position, without)
	if diff := cmp.Diff(want, w.rows(tb)); diff != "" {
		tb.Errorf("read model differs from a fresh fold up to %d (-fold +model):\n%s", state.Position, diff)
	}
	if state.Seen != seen || state.Seen != state.Applied+state.Skipped+state.Parked || state.Parked != uint64(len(parked)) || state.Skipped != uint64(len(skipped)) {
		tb.Errorf("state = %+v; want seen = %d = applied + %d skipped + %d parked", state, seen, len(skipped), len(parked))
	}
	return state
}

// following follows in the background until the test ends, or stop is called, which returns its error.
func following[TX any](tb testing.TB, r *projection.Runner[TX]) (stop func() error) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	done := make(chan error, 1)
	go func() { done <- r.Follow(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	tb.Cleanup(func() { _ = stop() })
	return stop
}
