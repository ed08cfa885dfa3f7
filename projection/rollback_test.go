package projection_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
)

// SQLite rolls a whole transaction back under a handler, which may not even say so. The event is parked, and nothing of its batch is lost, or done outside of a transaction.
func TestTheDatabaseRollsBackUnderAHandler(t *testing.T) {
	conflict := `INSERT OR ROLLBACK INTO accounts VALUES (?, 1, 1)`
	ways := map[string]func(ctx context.Context, tx *sqldb.Tx, stream string) error{
		"statement": func(ctx context.Context, tx *sqldb.Tx, stream string) error {
			_, err := tx.ExecContext(ctx, conflict, stream)
			return err
		},
		"rows": func(ctx context.Context, tx *sqldb.Tx, stream string) error {
			rows, err := tx.QueryContext(ctx, conflict+` RETURNING id`, stream)
			if err != nil {
				return err
			}
			for rows.Next() {
			}
			return errors.Join(rows.Err(), rows.Close())
		},
		"row": func(ctx context.Context, tx *sqldb.Tx, stream string) error {
			var id string
			return tx.QueryRowContext(ctx, conflict+` RETURNING id`, stream).Scan(&id)
		},
		"trigger": func(ctx context.Context, tx *sqldb.Tx, stream string) error {
			_, err := tx.ExecContext(ctx, `UPDATE accounts SET n = -1 WHERE id = ?`, stream)
			return err
		},
	}
	for name, way := range ways {
		for _, size := range []int{1, 3, 1000} {
			for _, swallows := range []bool{false, true} {
				t.Run(fmt.Sprintf("by=%s/batch=%d/swallows=%t", name, size, swallows), func(t *testing.T) { testRolledBack(t, way, size, swallows) })
			}
		}
	}
}

func testRolledBack(t *testing.T, way func(ctx context.Context, tx *sqldb.Tx, stream string) error, size int, swallows bool) {
	b := &behaviour{}
	w := newWorld(t, memoryStore(t), b, sqlKit(t, b))
	w.o.BatchEvents = size
	setup := w.projection.Setup
	w.projection.Setup = func(ctx context.Context, tx *sqldb.Tx) error {
		if err := setup(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `CREATE TRIGGER never BEFORE UPDATE ON accounts WHEN NEW.n < 0 BEGIN SELECT RAISE(ROLLBACK, 'never below 0'); END`)
		return err
	}
	handles(w, func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[deposited]) error {
		if !e.Body.Bad || b.mended.Load() {
			return nil
		}
		err := way(ctx, tx, e.Stream)
		if err == nil {
			t.Error("the statement that is to roll back did not fail")
		}
		if !swallows {
			return err
		}
		if _, err := tx.ExecContext(ctx, addToAccount, "a-9", 1); err == nil { // as part of no transaction
			t.Error("a handler goes on without a transaction")
		}
		return nil
	})
	for i := range 4 {
		w.add(t, "a-1", deposited{Cents: i})
		w.add(t, "a-2", deposited{Cents: i, Bad: i == 1 || i == 3})
		w.add(t, "a-3", deposited{Cents: i, Bad: i == 2})
	}
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.check(t)
	if parked := w.parkedAt(t, "", 5, 8, 9, 11, 12); len(parked) > 0 && !strings.Contains(parked[0].Error, projection.ErrRolledBack.Error()) {
		t.Errorf("parked = %+v", parked)
	}
	if n, err := w.runner(t).Retry(t.Context(), "a-2"); n != 0 || !errors.Is(err, projection.ErrRolledBack) {
		t.Errorf("Retry = %d, %v; want ErrRolledBack", n, err)
	}
	w.check(t)
	b.mended.Store(true)
	if n, err := w.runner(t).Retry(t.Context(), ""); n != 5 || err != nil {
		t.Errorf("Retry = %d, %v; want 5", n, err)
	}
	w.check(t)
	if diff := cmp.Diff(ledger{"a-1": {4, 6}, "a-2": {4, 6}, "a-3": {4, 6}}, w.rows(t)); diff != "" {
		t.Error(diff)
	}
}

// What SQLite rolls back because of the machine, and a handler says nothing of, is repeated.
func TestATransientRollbackThatAHandlerSwallows(t *testing.T) {
	b := &behaviour{}
	f := &faults{}
	w := newWorld(t, memoryStore(t), b, sqlKitOn(t, b, faultySQLite(t, t.TempDir()+"/read.db", f), newClock()))
	times := 0
	handles(w, func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[deposited]) error {
		if e.Position != 2 || times == 3 {
			return nil
		}
		times++
		if _, err := tx.ExecContext(ctx, `ROLLBACK`); err != nil { // as SQLite does it when the disk is full
			return err
		}
		f.mu.Lock()
		f.at = f.steps + 1
		f.err = busyError{}
		f.mu.Unlock()
		_, _ = tx.ExecContext(ctx, addToAccount, e.Stream, 1)
		return nil
	})
	w.add(t, "a-1", deposited{Cents: 1}, deposited{Cents: 2}, deposited{Cents: 4})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if s := w.check(t); s.Applied != 3 || times != 3 {
		t.Errorf("state = %+v after %d rollbacks; want 3 applied after 3", s, times)
	}
}

// A handler that ends the transaction by itself stops the projection, whose checkpoint stays.
func TestAHandlerThatEndsTheTransaction(t *testing.T) {
	for _, statement := range []string{"COMMIT", "ROLLBACK"} {
		b := &behaviour{}
		w := newWorld(t, memoryStore(t), b, sqlKit(t, b))
		handles(w, func(ctx context.Context, tx *sqldb.Tx, _ gesta.Event[deposited]) error {
			_, err := tx.ExecContext(ctx, statement)
			return err
		})
		w.add(t, "a-1", deposited{Cents: 1})
		if err := w.run(t); !errors.Is(err, projection.ErrRolledBack) {
			t.Errorf("%s: run = %v; want ErrRolledBack", statement, err)
		}
		if s, err := w.target.State(t.Context(), w.projection.ID()); err != nil || s.Position != 0 {
			t.Errorf("%s: state = %+v, %v; want nothing", statement, s, err)
		}
	}
}
