package projection_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
)

var bad = deposited{Cents: 1000, Bad: true}

func positions(parked []projection.Parked) (out []store.Position) {
	for _, p := range parked {
		out = append(out, p.Position)
	}
	return out
}

// parkedAt fails unless these positions are parked of a key, in order.
func (w *world[TX]) parkedAt(t *testing.T, key string, want ...store.Position) []projection.Parked {
	t.Helper()
	parked, err := w.runner(t).Parked(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, positions(parked)); diff != "" {
		t.Errorf("parked of %q (-want +got):\n%s", key, diff)
	}
	return parked
}

func TestAFailingEventParksItsKey(t *testing.T) {
	everywhere(t, testAFailingEventParksItsKey[ledger], testAFailingEventParksItsKey[*sqldb.Tx])
}

func testAFailingEventParksItsKey[TX any](t *testing.T, w *world[TX]) {
	w.add(t, "a-1", deposited{Cents: 1}) // 1
	w.add(t, "a-2", deposited{Cents: 2}) // 2
	w.add(t, "a-1", bad)                 // 3
	w.add(t, "a-2", deposited{Cents: 3}) // 4
	w.add(t, "a-1", deposited{Cents: 4}) // 5: queued
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.check(t)
	parked := w.parkedAt(t, "", 3, 5)
	if parked[0].Error != errBad.Error() || !strings.Contains(parked[1].Error, "earlier event") || parked[0].Key != "a-1" || parked[0].At.IsZero() {
		t.Errorf("parked = %+v", parked)
	}
	if diff := cmp.Diff(ledger{"a-1": {1, 1}, "a-2": {2, 5}}, w.rows(t)); diff != "" {
		t.Error(diff)
	}

	// A later run, which knows the key by the table alone, queues behind.
	w.add(t, "a-1", deposited{Cents: 8}) // 6
	w.add(t, "a-2", bad)                 // 7
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.check(t)
	w.parkedAt(t, "a-1", 3, 5, 6)
	w.parkedAt(t, "a-2", 7)

	// What fails again stays.
	var failed *projection.ParkedError
	if n, err := w.runner(t).Retry(t.Context(), "a-1"); n != 0 || !errors.As(err, &failed) || failed.Position != 3 || !errors.Is(err, errBad) {
		t.Errorf("Retry = %d, %v; want a ParkedError at 3", n, err)
	}
	w.check(t)

	w.mended.Store(true)
	if n, err := w.runner(t).Retry(t.Context(), "a-1"); n != 3 || err != nil {
		t.Errorf("Retry = %d, %v; want 3", n, err)
	}
	w.parkedAt(t, "", 7)
	w.add(t, "a-1", deposited{Cents: 16}) // 8: the key is as any other
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.check(t)
	if diff := cmp.Diff(ledger{"a-1": {5, 1029}, "a-2": {2, 5}}, w.rows(t)); diff != "" {
		t.Error(diff)
	}
}

func TestRetryStopsAtWhatFailsAgain(t *testing.T) {
	everywhere(t, testRetryStopsAtWhatFailsAgain[ledger], testRetryStopsAtWhatFailsAgain[*sqldb.Tx])
}

func testRetryStopsAtWhatFailsAgain[TX any](t *testing.T, w *world[TX]) {
	w.projection.Key = func(r *store.Recorded) string { return "all" }
	first := true
	w.before = func(_ context.Context, e *store.Recorded) error {
		if first || e.Position == 3 {
			return errors.New("not yet")
		}
		return nil
	}
	w.add(t, "a-1", deposited{Cents: 1}, deposited{Cents: 2}, deposited{Cents: 4}, deposited{Cents: 8})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.parkedAt(t, "all", 1, 2, 3, 4)
	first = false
	var failed *projection.ParkedError
	if n, err := w.runner(t).Retry(t.Context(), "all"); n != 2 || !errors.As(err, &failed) || failed.Position != 3 {
		t.Errorf("Retry = %d, %v; want 2 and a ParkedError at 3", n, err)
	}
	w.check(t)
	if parked := w.parkedAt(t, "all", 3, 4); parked[0].Error != "not yet" {
		t.Errorf("parked = %+v", parked)
	}
}

func TestRetryOfManyGoesThroughAll(t *testing.T) {
	everywhere(t, testRetryOfManyGoesThroughAll[ledger], testRetryOfManyGoesThroughAll[*sqldb.Tx])
}

func testRetryOfManyGoesThroughAll[TX any](t *testing.T, w *world[TX]) {
	w.add(t, "a-1", bad)
	for range 250 {
		w.add(t, "a-1", deposited{Cents: 1})
	}
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if s := w.check(t); s.Parked != 251 {
		t.Fatalf("state = %+v; want 251 parked", s)
	}
	w.mended.Store(true)
	if n, err := w.runner(t).Retry(t.Context(), "a-1"); n != 251 || err != nil {
		t.Errorf("Retry = %d, %v; want 251", n, err)
	}
	w.check(t)
	w.parkedAt(t, "")
}

// Events of the key come, and are queued, while a retry of it is under way and while a runner follows.
func TestRetryBesideARunner(t *testing.T) {
	everywhere(t, testRetryBesideARunner[ledger], testRetryBesideARunner[*sqldb.Tx])
}

func testRetryBesideARunner[TX any](t *testing.T, w *world[TX]) {
	w.o.BatchEvents = 3
	r := w.runner(t)
	following(t, r)
	var last store.Position
	for i := range 40 {
		if i%10 == 3 {
			w.mended.Store(false)
			last = w.add(t, "a-1", bad)
			if err := r.WaitFor(t.Context(), last); err != nil {
				t.Fatal(err)
			}
			w.mended.Store(true)
		}
		w.add(t, "a-1", deposited{Cents: i})
		last = w.add(t, "a-2", deposited{Cents: i})
		if i%10 == 6 {
			if _, err := w.runner(t).Retry(t.Context(), "a-1"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := r.WaitFor(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	if _, err := w.runner(t).Retry(t.Context(), "a-1"); err != nil {
		t.Fatal(err)
	}
	if s := w.check(t); s.Parked != 0 || s.Applied != 84 {
		t.Errorf("state = %+v; want 84 applied", s)
	}
}

func TestSkip(t *testing.T) { everywhere(t, testSkip[ledger], testSkip[*sqldb.Tx]) }

func testSkip[TX any](t *testing.T, w *world[TX]) {
	w.add(t, "a-1", bad, deposited{Cents: 1})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	r := w.runner(t)
	if err := r.Skip(t.Context(), 1, "", "ada"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("Skip without a reason = %v", err)
	}
	if err := r.Skip(t.Context(), 1, "paid twice", "ada"); err != nil {
		t.Fatal(err)
	}
	w.check(t, 1)
	if err := r.Skip(t.Context(), 1, "paid twice", "ada"); !errors.Is(err, projection.ErrNotParked) {
		t.Errorf("Skip again = %v; want ErrNotParked", err)
	}
	w.check(t, 1)
	w.parkedAt(t, "a-1", 2)
	if n, err := r.Retry(t.Context(), "a-1"); n != 1 || err != nil {
		t.Errorf("Retry = %d, %v; want 1", n, err)
	}
	if s := w.check(t, 1); s.Applied != 1 || s.Skipped != 1 {
		t.Errorf("state = %+v", s)
	}
}

func TestSkipIsOnRecord(t *testing.T) {
	b := &behaviour{}
	k := sqlKit(t, b)
	w := newWorld(t, memoryStore(t), b, k)
	w.add(t, "a-1", bad)
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if err := w.runner(t).Skip(t.Context(), 1, "paid twice", "ada"); err != nil {
		t.Fatal(err)
	}
	tx, err := k.target.Begin(t.Context(), k.projection.ID())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	var got string
	row := tx.Handle().QueryRowContext(t.Context(), `SELECT projection || version || position || parked_key || reason || actor FROM gesta_skipped`)
	if err := row.Scan(&got); err != nil || got != "accounts11a-1paid twiceada" {
		t.Errorf("on record is %q, %v", got, err)
	}
}

func TestTooManyParkedStop(t *testing.T) {
	everywhere(t, testTooManyParkedStop[ledger], testTooManyParkedStop[*sqldb.Tx])
}

func testTooManyParkedStop[TX any](t *testing.T, w *world[TX]) {
	w.projection.MaxParked = 2
	w.add(t, "a-1", deposited{Cents: 1}, bad)
	w.add(t, "a-2", deposited{Cents: 2})
	w.add(t, "a-1", deposited{Cents: 4})
	w.add(t, "a-2", deposited{Cents: 8}, bad, deposited{Cents: 16})
	for range 2 {
		if err := w.run(t); !errors.Is(err, projection.ErrTooManyParked) || !errors.Is(err, errBad) || !strings.Contains(err.Error(), "position 6") {
			t.Fatalf("run = %v; want ErrTooManyParked at 6", err)
		}
		if s := w.check(t); s.Position != 5 || s.Parked != 2 {
			t.Errorf("state = %+v; want 2 parked at 5", s)
		}
	}
	w.mended.Store(true)
	if _, err := w.runner(t).Retry(t.Context(), "a-1"); err != nil {
		t.Fatal(err)
	}
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if s := w.check(t); s.Position != 7 || s.Parked != 0 {
		t.Errorf("state = %+v; want none parked at 7", s)
	}
}

func TestNoneMayBeParked(t *testing.T) {
	b := &behaviour{}
	w := newWorld(t, memoryStore(t), b, memoryKit(t, b))
	w.projection.MaxParked = -1
	w.add(t, "a-1", deposited{Cents: 1}, bad)
	if err := w.run(t); !errors.Is(err, projection.ErrTooManyParked) {
		t.Errorf("run = %v; want ErrTooManyParked", err)
	}
	if s := w.check(t); s.Position != 1 {
		t.Errorf("state = %+v; want 1", s)
	}
}

func TestAnEventWithoutAKeyStops(t *testing.T) {
	everywhere(t, testAnEventWithoutAKeyStops[ledger], testAnEventWithoutAKeyStops[*sqldb.Tx])
}

func testAnEventWithoutAKeyStops[TX any](t *testing.T, w *world[TX]) {
	w.add(t, "a-1", deposited{Cents: 1})
	w.add(t, "", deposited{Cents: 2})
	w.add(t, "a-1", deposited{Cents: 4})
	var missing *projection.NoKeyError
	if err := w.run(t); !errors.Is(err, projection.ErrNoKey) || !errors.As(err, &missing) || missing.Position != 2 || !strings.Contains(err.Error(), "declare a Key") {
		t.Fatalf("run = %v; want a NoKeyError at 2", err)
	}
	if s := w.check(t); s.Position != 1 {
		t.Errorf("state = %+v; want 1", s)
	}
	w.projection.Key = func(r *store.Recorded) string { return "all" }
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if s := w.check(t); s.Position != 3 || s.Applied != 3 {
		t.Errorf("state = %+v; want 3 applied at 3", s)
	}
}

func TestWhatCannotBeDecodedIsParked(t *testing.T) {
	everywhere(t, testWhatCannotBeDecodedIsParked[ledger], testWhatCannotBeDecodedIsParked[*sqldb.Tx])
}

func testWhatCannotBeDecodedIsParked[TX any](t *testing.T, w *world[TX]) {
	w.add(t, "a-1", deposited{Cents: 1})
	for _, e := range []store.Event{
		{Stream: "a-2", Type: "deposited", Data: []byte(`{`)},
		{Stream: "a-3", Type: "deposited", SchemaVersion: 9, Data: []byte(`{}`)},
		{Stream: "a-4", Type: "deposited", ContentType: "text/plain", Data: []byte(`{}`)},
	} {
		if _, err := w.db.Store().Append(t.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
			t.Fatal(err)
		}
	}
	w.add(t, "a-2", deposited{Cents: 2})
	w.add(t, "a-1", deposited{Cents: 4})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.check(t)
	parked := w.parkedAt(t, "", 2, 3, 4, 5)
	for i, want := range []string{"decode position 2", "newest known", "no codec"} {
		if !strings.Contains(parked[i].Error, want) {
			t.Errorf("parked %d: %q; want %q", i, parked[i].Error, want)
		}
	}
	var failed *projection.ParkedError
	if _, err := w.runner(t).Retry(t.Context(), "a-2"); !errors.As(err, &failed) || failed.Position != 2 {
		t.Errorf("Retry = %v; want a ParkedError", err)
	}
}

func TestAPanicParks(t *testing.T) {
	everywhere(t, testAPanicParks[ledger], testAPanicParks[*sqldb.Tx])
}

func testAPanicParks[TX any](t *testing.T, w *world[TX]) {
	w.before = func(_ context.Context, e *store.Recorded) error {
		if e.Position == 2 {
			panic(fmt.Sprintf("what is %d?\x00", e.Position))
		}
		return nil
	}
	w.add(t, "a-1", deposited{Cents: 1}, deposited{Cents: 2})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.check(t)
	if parked := w.parkedAt(t, "", 2); !strings.Contains(parked[0].Error, "panicked: what is 2?") || !strings.Contains(parked[0].Error, "parked_test.go") {
		t.Errorf("parked: %s", parked[0].Error)
	}
}

// Many bad events of many keys, in batches of all sizes.
func TestManyBadEvents(t *testing.T) {
	for _, size := range []int{1, 2, 3, 5, 1000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			everywhere(t, func(t *testing.T, w *world[ledger]) { testManyBadEvents(t, w, size) }, func(t *testing.T, w *world[*sqldb.Tx]) { testManyBadEvents(t, w, size) })
		})
	}
}

func testManyBadEvents[TX any](t *testing.T, w *world[TX], size int) {
	w.o.BatchEvents = size
	for i := range 40 {
		w.add(t, fmt.Sprintf("a-%d", i%7), deposited{Cents: i, Bad: i%5 == 2 && i%7 < 4})
	}
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if s := w.check(t); s.Parked == 0 || s.Position != 40 {
		t.Errorf("state = %+v", s)
	}
	w.mended.Store(true)
	for i := range 7 {
		if _, err := w.runner(t).Retry(t.Context(), fmt.Sprintf("a-%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if s := w.check(t); s.Applied != 40 {
		t.Errorf("state = %+v; want 40 applied", s)
	}
}
