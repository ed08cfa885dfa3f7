package projection_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
)

// shop is a projection in versions. Version 2 has another column, and counts deposits of 13 cents twice, unless it is mended.
type shop struct {
	db       *gesta.DB
	database *sql.DB
	target   *sqldb.Target
	clock    *clock
	mended   bool
}

func newShop(tb testing.TB, s store.Store, database *sql.DB, c *clock) *shop {
	tb.Helper()
	dialect := sqldb.SQLite
	dialect.Now = fmt.Sprintf("gesta_test_now(%d)", c.id)
	return &shop{db: newDB(tb, s), database: database, target: sqldb.New(database, dialect), clock: c}
}

func (s *shop) version(tb testing.TB, version int) *projection.Runner[*sqldb.Tx] {
	tb.Helper()
	columns, add := `id TEXT PRIMARY KEY, n INTEGER NOT NULL, cents INTEGER NOT NULL`, `VALUES (?, 1, ?) ON CONFLICT (id) DO UPDATE SET n = n + 1, cents = cents + excluded.cents`
	if version > 1 {
		columns, add = columns+`, last INTEGER NOT NULL`, `VALUES (?, 1, ?, ?) ON CONFLICT (id) DO UPDATE SET n = n + 1, cents = cents + excluded.cents, last = excluded.last`
	}
	p := projection.Projection[*sqldb.Tx]{
		Name: "accounts", Version: version,
		Setup: func(ctx context.Context, tx *sqldb.Tx) error {
			_, err := tx.ExecContext(ctx, `CREATE TABLE `+tx.Table("accounts")+` (`+columns+`)`)
			return err
		},
		Handlers: []projection.Handler[*sqldb.Tx]{projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[deposited]) error {
			if e.Body.Bad {
				return errBad
			}
			args := []any{e.Stream, e.Body.Cents}
			if version > 1 {
				if e.Body.Cents == 13 && !s.mended {
					args[1] = 26
				}
				args = append(args, int64(e.Position))
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO `+tx.Table("accounts")+` `+add, args...)
			return err
		})},
	}
	r, err := projection.New(s.db, p, s.target, projection.Options{Poll: time.Millisecond, Quiet: time.Millisecond, BackoffMin: time.Microsecond, BackoffMax: time.Millisecond, BatchEvents: 4})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

var totals = sqldb.Comparison{Name: "totals", Query: func(v sqldb.Version) string {
	return `SELECT id, n, cents FROM ` + v.Table("accounts")
}}

// columns returns the columns that readers see, as text.
func (s *shop) columns(tb testing.TB) string {
	tb.Helper()
	rows, err := s.database.QueryContext(tb.Context(), `SELECT * FROM accounts LIMIT 0`)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err = errors.Join(err, rows.Err()); err != nil {
		tb.Fatal(err)
	}
	return strings.Join(columns, " ")
}

// Version 2 is built beside version 1 while appends go on and both are run; it is compared, mended, switched to, and back.
func TestVersionsSideBySide(t *testing.T) {
	for name, open := range map[string]func(testing.TB) store.Store{"memory": memoryStore, "disk": diskStore} {
		t.Run("store="+name, func(t *testing.T) { testVersionsSideBySide(t, open(t)) })
	}
}

func testVersionsSideBySide(t *testing.T, events store.Store) {
	s := newShop(t, events, openSQLite(t, "sqlite", filepath.Join(t.TempDir(), "read.db")), newClock())
	var last store.Position
	more := func() {
		for i := range 20 {
			last = add(t, events, fmt.Sprintf("a-%d", i%5), deposited{Cents: i}, noticed{})
		}
	}
	caughtUp := func(runners ...*projection.Runner[*sqldb.Tx]) {
		t.Helper()
		for _, r := range runners {
			if err := r.WaitFor(t.Context(), last); err != nil {
				t.Fatal(err)
			}
		}
	}
	seen := func(columns string) {
		t.Helper()
		want, _ := fold(t, s.db, last, nil)
		if diff := cmp.Diff(want, sqlRows(t, s.database)); diff != "" {
			t.Errorf("readers see (-fold +view):\n%s", diff)
		}
		if got := s.columns(t); got != columns {
			t.Errorf("readers see columns %s; want %s", got, columns)
		}
	}
	more()
	one := s.version(t, 1)
	following(t, one)
	caughtUp(one)
	seen("id n cents")

	two := s.version(t, 2)
	stop := following(t, two)
	more()
	caughtUp(one, two)
	at, found, err := s.target.Compare(t.Context(), one, two, totals)
	if err != nil {
		t.Fatal(err)
	}
	if at != last || len(found) != 1 || found[0].RowsA != 5 || found[0].RowsB != 5 || found[0].Differing != 1 || !cmp.Equal(found[0].Keys, []string{"a-3"}) {
		t.Errorf("Compare = %d, %+v; want a-3 to differ at %d", at, found, last)
	}
	_ = stop()
	if err := s.target.Drop(t.Context(), two.ID()); err != nil {
		t.Fatal(err)
	}
	s.mended = true
	two = s.version(t, 2)
	following(t, two)
	more()
	if _, found, err = s.target.Compare(t.Context(), one, two, totals); err != nil || found[0].Differing != 0 {
		t.Errorf("Compare of what was mended = %+v, %v", found, err)
	}
	for range 3 {
		more()
		caughtUp(one, two)
		seen("id n cents")
		if err := s.target.Switch(t.Context(), one, two, false); err != nil {
			t.Fatal(err)
		}
		more()
		caughtUp(one, two)
		seen("id n cents last")
		if err := s.target.Switch(t.Context(), two, one, false); err != nil { // as fresh as before
			t.Fatal(err)
		}
		seen("id n cents")
	}
}

func TestSwitchRefuses(t *testing.T) {
	events := memoryStore(t)
	s := newShop(t, events, openSQLite(t, "sqlite", filepath.Join(t.TempDir(), "read.db")), newClock())
	s.mended = true
	add(t, events, "a-1", deposited{Cents: 1}, bad)
	one, two, three := s.version(t, 1), s.version(t, 2), s.version(t, 3)
	if err := one.RunToHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.target.Switch(t.Context(), one, two, false); !errors.Is(err, sqldb.ErrParked) {
		t.Errorf("Switch with parked events = %v; want ErrParked", err)
	}
	if got := s.columns(t); got != "id n cents" {
		t.Errorf("readers see %s", got)
	}
	if err := s.target.Drop(t.Context(), projection.ID{Name: "nobody", Version: 1}); err == nil || !strings.Contains(err.Error(), "is not known") {
		t.Errorf("Drop of what is not known = %v", err)
	}
	if err := s.target.Switch(t.Context(), two, three, true); !errors.Is(err, sqldb.ErrActive) {
		t.Errorf("Switch from what is not active = %v; want ErrActive", err)
	}
	if err := s.target.Drop(t.Context(), one.ID()); !errors.Is(err, sqldb.ErrActive) {
		t.Errorf("Drop of what is active = %v; want ErrActive", err)
	}
	if err := s.target.Switch(t.Context(), one, one, true); err == nil {
		t.Error("Switch to itself")
	}
	if err := s.target.Switch(t.Context(), one, two, true); err != nil {
		t.Fatal(err)
	}
	if err := s.target.Drop(t.Context(), one.ID()); err != nil {
		t.Fatal(err)
	}
	var left int
	const query = `SELECT (SELECT COUNT(*) FROM sqlite_schema WHERE name = 'accounts_v1') + (SELECT COUNT(*) FROM gesta_parked WHERE version = 1)
		+ (SELECT COUNT(*) FROM gesta_tables WHERE version = 1) + (SELECT COUNT(*) FROM gesta_projections WHERE version = 1)`
	if err := s.database.QueryRowContext(t.Context(), query).Scan(&left); err != nil || left != 0 {
		t.Errorf("Drop left %d, %v", left, err)
	}
	if got := s.columns(t); got != "id n cents last" {
		t.Errorf("readers see %s", got)
	}
}

func TestMemoryHoldsOneVersion(t *testing.T) {
	b := &behaviour{}
	w := newWorld(t, memoryStore(t), b, memoryKit(t, b))
	one := w.runner(t)
	w.projection.Version = 2
	err := projection.Together(t.Context(), one, w.runner(t), func(context.Context, store.Position, projection.Tx[ledger]) error { return nil })
	if err == nil {
		t.Error("Together of two versions in one memory")
	}
}

// TestSwitchIsInterruptedAnywhere kills a switch at each of its steps: readers see one version or the other, and a switch by the next process brings the new one.
func TestSwitchIsInterruptedAnywhere(t *testing.T) {
	events := memoryStore(t)
	for i := range 6 {
		add(t, events, "a-1", deposited{Cents: i})
	}
	for at := 1; ; at++ {
		file, c := filepath.Join(t.TempDir(), "read.db"), newClock()
		f := &faults{err: errCrash, dead: true, after: at%2 == 0}
		first := faultySQLite(t, file, f)
		s := newShop(t, events, first, c)
		s.mended = true
		one, two := s.version(t, 1), s.version(t, 2)
		if err := one.RunToHead(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.mu.Lock()
		f.steps, f.at = 0, (at+1)/2
		f.mu.Unlock()
		if err := s.target.Switch(t.Context(), one, two, false); err != nil && f.wasHit() == "" {
			t.Fatal(err)
		}
		_ = first.Close()
		c.advance(time.Hour)
		s = newShop(t, events, openSQLite(t, "sqlite", file), c)
		s.mended = true
		var version int
		if err := s.database.QueryRowContext(t.Context(), `SELECT version FROM gesta_active`).Scan(&version); err != nil {
			t.Fatal(err)
		}
		if want := map[int]string{1: "id n cents", 2: "id n cents last"}[version]; s.columns(t) != want {
			t.Errorf("step %d, %s: version %d is active, readers see %s", f.at, words(f.wasHit()), version, s.columns(t))
		}
		if err := s.target.Switch(t.Context(), s.version(t, 1), s.version(t, 2), false); err != nil {
			t.Fatalf("step %d, %s: %v", f.at, words(f.wasHit()), err)
		}
		want, _ := fold(t, s.db, 6, nil)
		if diff := cmp.Diff(want, sqlRows(t, s.database)); diff != "" || s.columns(t) != "id n cents last" {
			t.Errorf("step %d, %s: readers see %s:\n%s", f.at, words(f.wasHit()), s.columns(t), diff)
		}
		_ = s.database.Close()
		if f.wasHit() == "" || t.Failed() {
			if f.at < 30 {
				t.Errorf("a switch has %d steps only", f.at)
			}
			return
		}
	}
}
