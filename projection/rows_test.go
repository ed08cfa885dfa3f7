package projection_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
)

// numbers is a query with 400 rows.
const numbers = `WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 400) SELECT i FROM r`

// handles replaces the handlers of a projection by one that counts deposits, and does more.
func handles(w *world[*sqldb.Tx], more func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[deposited]) error) {
	w.projection.Handlers = []projection.Handler[*sqldb.Tx]{projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[deposited]) error {
		if _, err := tx.ExecContext(ctx, addToAccount, e.Stream, e.Body.Cents); err != nil {
			return err
		}
		return more(ctx, tx, e)
	})}
}

// eachNumber calls f with each row of numbers.
func eachNumber(ctx context.Context, tx *sqldb.Tx, f func(i int) error) (err error) {
	rows, err := tx.QueryContext(ctx, numbers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var i int
		if err := rows.Scan(&i); err != nil {
			return err
		}
		if err := f(i); err != nil {
			return err
		}
	}
	return rows.Err()
}

// A handler runs more statements than stay prepared while the rows of one are open.
func TestManyStatementsWithinRows(t *testing.T) {
	b := &behaviour{}
	w := newWorld(t, memoryStore(t), b, sqlKit(t, b))
	var sum int
	handles(w, func(ctx context.Context, tx *sqldb.Tx, _ gesta.Event[deposited]) error {
		return eachNumber(ctx, tx, func(i int) error {
			var n int
			err := tx.QueryRowContext(ctx, fmt.Sprintf(`SELECT %d`, i)).Scan(&n)
			sum += n
			return err
		})
	})
	w.add(t, "a-1", deposited{Cents: 1}, deposited{Cents: 2}, deposited{Cents: 4})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if s := w.check(t); s.Applied != 3 || sum != 3*400*401/2 {
		t.Errorf("state = %+v, sum %d; want 3 applied, all rows each time", s, sum)
	}
}

// A handler asks a query again while its rows are open, as one does that walks a tree.
func TestTheSameQueryWithinItsRows(t *testing.T) {
	b := &behaviour{}
	w := newWorld(t, memoryStore(t), b, sqlKit(t, b))
	outer, inner := 0, 0
	handles(w, func(ctx context.Context, tx *sqldb.Tx, _ gesta.Event[deposited]) error {
		return eachNumber(ctx, tx, func(i int) error {
			outer += i
			if i > 3 {
				return nil
			}
			return eachNumber(ctx, tx, func(i int) error { inner += i; return nil })
		})
	})
	w.add(t, "a-1", deposited{Cents: 1})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	const all = 400 * 401 / 2
	if s := w.check(t); s.Applied != 1 || outer != all || inner != 3*all {
		t.Errorf("state = %+v, sums %d and %d; want one applied, %d and %d", s, outer, inner, all, 3*all)
	}
}

// Rows that a handler leaves open are closed, and its event is parked, whatever it returned; the connection is as good as before.
func TestRowsLeftOpen(t *testing.T) {
	leaves := map[string]func(ctx context.Context, tx *sqldb.Tx) error{
		"rows": func(ctx context.Context, tx *sqldb.Tx) error {
			rows, err := tx.QueryContext(ctx, numbers) //nolint:rowserrcheck,sqlclosecheck // that is what is tested
			if err == nil {
				rows.Next()
			}
			return err
		},
		"rows of a context without an end": func(ctx context.Context, tx *sqldb.Tx) error {
			_, err := tx.QueryContext(context.WithoutCancel(ctx), numbers) //nolint:rowserrcheck,sqlclosecheck // likewise
			return err
		},
		"rows of one query, often": func(ctx context.Context, tx *sqldb.Tx) error {
			for range 300 {
				if _, err := tx.QueryContext(ctx, numbers); err != nil { //nolint:rowserrcheck,sqlclosecheck // likewise
					return err
				}
			}
			return nil
		},
		"a row": func(ctx context.Context, tx *sqldb.Tx) error {
			return tx.QueryRowContext(ctx, numbers).Err()
		},
	}
	for name, leave := range leaves {
		for _, fails := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/fails=%t", name, fails), func(t *testing.T) { testRowsLeftOpen(t, leave, fails) })
		}
	}
}

func testRowsLeftOpen(t *testing.T, leave func(ctx context.Context, tx *sqldb.Tx) error, fails bool) {
	b := &behaviour{}
	k := sqlKit(t, b)
	w := newWorld(t, memoryStore(t), b, k)
	handles(w, func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[deposited]) error {
		if !e.Body.Bad || b.mended.Load() {
			return nil
		}
		if err := leave(ctx, tx); err != nil || !fails {
			return err
		}
		return errBad
	})
	w.add(t, "a-1", deposited{Cents: 1}, bad)
	w.add(t, "a-2", deposited{Cents: 2})
	r := w.runner(t)
	if err := r.RunToHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := "left the rows of"
	if fails {
		want = errBad.Error()
	}
	if parked := w.parkedAt(t, "", 2); len(parked) != 1 || !strings.Contains(parked[0].Error, want) {
		t.Errorf("parked = %+v; want %q", parked, want)
	}
	// Another process takes over, and this one again.
	other := newWorld(t, w.db.Store(), b, sqlKitOn(t, b, databaseOf(t, w), w.clock))
	other.projection = w.projection
	w.add(t, "a-2", deposited{Cents: 4})
	if err := other.run(t); err != nil {
		t.Fatal(err)
	}
	b.mended.Store(true)
	w.add(t, "a-2", deposited{Cents: 8})
	if err := r.RunToHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := r.Retry(t.Context(), "a-1"); n != 1 || err != nil {
		t.Errorf("Retry = %d, %v; want 1", n, err)
	}
	w.check(t)
	if diff := cmp.Diff(ledger{"a-1": {2, 1001}, "a-2": {3, 14}}, w.rows(t)); diff != "" {
		t.Error(diff)
	}
	as[*sqldb.Target](k.target).Close() // it would wait for open rows
}

// databaseOf opens the file of a world once more.
func databaseOf(t *testing.T, w *world[*sqldb.Tx]) *sql.DB {
	t.Helper()
	tx, err := w.target.Begin(t.Context(), w.projection.ID())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	var file string
	if err := tx.Handle().QueryRowContext(t.Context(), `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&file); err != nil {
		t.Fatal(err)
	}
	return openSQLite(t, "sqlite", file)
}

func TestRow(t *testing.T) {
	b := &behaviour{}
	w := newWorld(t, memoryStore(t), b, sqlKit(t, b))
	tx, err := w.target.Begin(t.Context(), w.projection.ID())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	row := func(query string) *sqldb.Row { return tx.Handle().QueryRowContext(t.Context(), query) }
	var n int
	var raw sql.RawBytes
	if err := row(numbers).Scan(&n); n != 1 || err != nil {
		t.Errorf("the first of many = %d, %v; want 1", n, err)
	}
	if err := row(`SELECT 1 WHERE 0`).Scan(&n); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("no row = %v; want ErrNoRows", err)
	}
	for name, err := range map[string]error{
		"a bad query": row(`SELECT`).Err(), "a bad query, scanned": row(`SELECT`).Scan(&n), "too few": row(`SELECT 1, 2`).Scan(&n), "raw bytes": row(`SELECT 1`).Scan(&raw),
		"what fails on the way": row(`SELECT abs(-9223372036854775807 - 1)`).Scan(&n),
	} {
		if err == nil || errors.Is(err, sql.ErrNoRows) {
			t.Errorf("%s = %v", name, err)
		}
	}
	if err := tx.Handled(t.Context()); err != nil {
		t.Errorf("after all were scanned: %v", err)
	}
}
