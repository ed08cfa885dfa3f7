package projection_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
)

// story fills a store with what takes a projection through all it does: batches, a bad event with others behind it, events that nothing handles.
func story(tb testing.TB, s store.Store) {
	tb.Helper()
	for i := range 5 {
		add(tb, s, "a-1", deposited{Cents: i})
		add(tb, s, "a-2", deposited{Cents: 10 * i}, noticed{})
		if i == 2 {
			add(tb, s, "a-3", deposited{Cents: 7}, bad, deposited{Cents: 9})
		}
	}
	add(tb, s, "a-1", closed{}, deposited{Cents: 100}, noticed{})
}

// life runs a projection over the story, retries what is parked, and skips what is still bad. It may be begun again at any time.
func life(t *testing.T, w *world[*sqldb.Tx]) error {
	t.Helper()
	r := w.runner(t)
	if err := r.RunToHead(t.Context()); err != nil {
		return err
	}
	parked, err := r.Parked(t.Context(), "")
	if err != nil {
		return err
	}
	for _, p := range parked {
		if p.Error != errBad.Error() {
			continue
		}
		if err := r.Skip(t.Context(), p.Position, "it is bad", "ada"); err != nil {
			return err
		}
	}
	_, err = r.Retry(t.Context(), "a-3")
	return err
}

// TestCrashAnywhere kills the process at each statement, before and after it is done, lets another one go on when the lease has ended, and holds what it made against a fresh fold.
func TestCrashAnywhere(t *testing.T) {
	for _, open := range []struct {
		name  string
		store func(testing.TB) store.Store
		step  int
	}{{"memory", memoryStore, 1}, {"disk", diskStore, 7}} {
		if testing.Short() {
			open.step = 7
		}
		s := open.store(t)
		story(t, s)
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("store=%s/after=%t", open.name, after), func(t *testing.T) {
				crashes := 0
				for at := 1; crashAt(t, s, &faults{at: at, after: after, dead: true, err: errCrash}); at += open.step {
					crashes++
				}
				if crashes*open.step < 80 {
					t.Errorf("a life has %d steps only", crashes*open.step)
				}
			})
		}
	}
}

// crashAt lives until the fault, and again without. It returns false when there was no fault: the life has not so many steps.
func crashAt(t *testing.T, s store.Store, f *faults) bool {
	t.Helper()
	file, c, b := filepath.Join(t.TempDir(), "read.db"), newClock(), &behaviour{}
	first := faultySQLite(t, file, f)
	w := newWorld(t, s, b, sqlKitOn(t, b, first, c))
	w.o.BatchEvents = 4
	if err := life(t, w); err != nil && f.wasHit() == "" {
		t.Errorf("a life without a crash ended with %v", err)
	}
	_ = first.Close()
	c.advance(time.Hour) // the lease of the dead ends
	second := openSQLite(t, "sqlite", file)
	w.kit = sqlKitOn(t, b, second, c)
	if f.wasHit() != "" { // as it was left: prepare again only makes known what is not
		if err := w.runner(t).RunTo(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		skippedThen := skippedIn(t, w)
		w.check(t, skippedThen...)
	}
	if err := life(t, w); err != nil {
		t.Fatalf("step %d, %s: the next life ended with %v", f.at, words(f.wasHit()), err)
	}
	state := w.check(t, skippedIn(t, w)...)
	if state.Applied != 14 || state.Skipped != 1 || state.Parked != 0 || state.Position != 21 {
		t.Errorf("step %d, %s: state = %+v; want 14 applied, 1 skipped at 21", f.at, words(f.wasHit()), state)
	}
	_ = second.Close()
	return f.wasHit() != "" && !t.Failed()
}

// TestTransientAnywhere lets each statement fail once, as if another one had the lock: the same process goes on, and nothing is parked for it.
func TestTransientAnywhere(t *testing.T) {
	s := memoryStore(t)
	story(t, s)
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after=%t", after), func(t *testing.T) {
			for at := 1; ; at++ {
				f := &faults{at: at, after: after, err: busyError{}}
				file, c, b := filepath.Join(t.TempDir(), "read.db"), newClock(), &behaviour{}
				database := faultySQLite(t, file, f)
				w := newWorld(t, s, b, sqlKitOn(t, b, database, c))
				w.o.BatchEvents = 4
				if err := life(t, w); err != nil {
					t.Fatalf("step %d, %s: %v", at, words(f.wasHit()), err)
				}
				f.mu.Lock()
				f.at = 0
				f.mu.Unlock()
				if s := w.check(t, skippedIn(t, w)...); s.Applied != 14 || s.Skipped != 1 || s.Parked != 0 {
					t.Fatalf("step %d, %s: state = %+v", at, words(f.wasHit()), s)
				}
				_ = database.Close()
				if f.wasHit() == "" {
					if at < 80 {
						t.Errorf("a life has %d steps only", at)
					}
					return
				}
			}
		})
	}
}

// skippedIn returns the positions that are on record as skipped.
func skippedIn(t *testing.T, w *world[*sqldb.Tx]) (out []store.Position) {
	t.Helper()
	tx, err := w.target.Begin(t.Context(), w.projection.ID())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	rows, err := tx.Handle().QueryContext(t.Context(), `SELECT position FROM gesta_skipped`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var p store.Position
		if err := rows.Scan(&p); err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return out
}
