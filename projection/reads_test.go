package projection_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
)

// A version gets a handler more. It goes on where it is, unless it has passed events for it.
func TestAVersionThatReadsMore(t *testing.T) {
	everywhere(t, testReadsMore[ledger], testReadsMore[*sqldb.Tx])
}

func testReadsMore[TX any](t *testing.T, w *world[TX]) {
	all := w.projection.Handlers
	w.projection.Handlers = all[:1] // deposits
	w.add(t, "a-1", deposited{Cents: 1})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.projection.Handlers = all
	w.add(t, "a-1", closed{}, deposited{Cents: 2}) // nothing of it was passed
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.check(t)
	w.projection.Handlers = all[:1] // fewer, while there are more events
	w.add(t, "a-2", deposited{Cents: 4})
	w.add(t, "a-1", closed{})
	last := w.add(t, "a-2", deposited{Cents: 8})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.projection.Handlers = all
	var reads *projection.ReadsError
	if err := w.run(t); !errors.Is(err, projection.ErrReads) || !errors.As(err, &reads) || reads.Type != "closed" || reads.Position != 2 || !strings.Contains(err.Error(), "raise its Version") {
		t.Errorf("run = %v; want a ReadsError of \"closed\"", err)
	}
	if s, err := w.target.State(t.Context(), w.projection.ID()); err != nil || s.Position != last {
		t.Errorf("state = %+v, %v; want position %d", s, err, last)
	}
	w.projection.Handlers = all[:1]
	if err := w.run(t); err != nil { // as it was it goes on
		t.Fatal(err)
	}
}

// A further name under which events are stored is more to read, too.
func TestAVersionThatReadsAnOlderName(t *testing.T) {
	everywhere(t, testReadsAnOlderName[ledger], testReadsAnOlderName[*sqldb.Tx])
}

func testReadsAnOlderName[TX any](t *testing.T, w *world[TX]) {
	if _, err := w.db.Store().Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "a-1", Type: "paid-in", Data: []byte(`{"Cents":3}`)}}}); err != nil {
		t.Fatal(err)
	}
	w.add(t, "a-1", deposited{Cents: 1})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.db = newDB(t, w.db.Store(), gesta.Rename("paid-in", "deposited"))
	var reads *projection.ReadsError
	if err := w.run(t); !errors.As(err, &reads) || reads.Type != "paid-in" || reads.Position != 1 {
		t.Errorf("run = %v; want a ReadsError of paid-in", err)
	}
}

// A version that has passed nothing may read anything.
func TestAVersionThatReadsMoreAtOnce(t *testing.T) {
	everywhere(t, testReadsMoreAtOnce[ledger], testReadsMoreAtOnce[*sqldb.Tx])
}

func testReadsMoreAtOnce[TX any](t *testing.T, w *world[TX]) {
	all := w.projection.Handlers
	w.projection.Handlers = all[:1]
	if err := w.runner(t).RunTo(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	w.projection.Handlers = all
	w.add(t, "a-1", deposited{Cents: 1}, closed{}, deposited{Cents: 2})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.check(t)
}

// What was before its Start, a version has not passed.
func TestAVersionThatReadsMoreAfterItsStart(t *testing.T) {
	everywhere(t, testReadsMoreAfterItsStart[ledger], testReadsMoreAfterItsStart[*sqldb.Tx])
}

func testReadsMoreAfterItsStart[TX any](t *testing.T, w *world[TX]) {
	all := w.projection.Handlers
	w.projection.Handlers, w.projection.Start = all[:1], projection.FromNow()
	w.add(t, "a-1", closed{})
	for range 2 {
		if err := w.run(t); err != nil {
			t.Fatal(err)
		}
		w.add(t, "a-1", deposited{Cents: 1})
	}
	w.projection.Handlers = all
	if err := w.run(t); err != nil {
		t.Errorf("run = %v", err)
	}
	w.add(t, "a-1", closed{})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if got := w.rows(t); len(got) != 0 {
		t.Errorf("rows = %v; want none", got)
	}
}

// What is truncated is no reason to begin anew: no version could.
func TestAVersionThatReadsMoreOfATruncatedStore(t *testing.T) {
	s := memoryStore(t)
	b := &behaviour{}
	w := newWorld(t, s, b, sqlKit(t, b))
	all := w.projection.Handlers
	w.projection.Handlers = all[:1]
	w.add(t, "a-1", closed{}, deposited{Cents: 1}, deposited{Cents: 2})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	truncater, ok := store.As[store.Truncater](s)
	if !ok {
		t.Fatal("the store cannot truncate")
	}
	if _, err := truncater.Truncate(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	w.projection.Handlers = all
	if err := w.run(t); err != nil {
		t.Errorf("run = %v", err)
	}
}

func TestStartBehindTheHead(t *testing.T) {
	everywhere(t, testStartBehindTheHead[ledger], testStartBehindTheHead[*sqldb.Tx])
}

func testStartBehindTheHead[TX any](t *testing.T, w *world[TX]) {
	w.add(t, "a-1", deposited{Cents: 1})
	w.projection.Start = projection.After(100)
	if err := w.run(t); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "ends at 1") {
		t.Errorf("run = %v; want ErrInvalid", err)
	}
	w.projection.Start = projection.After(1)
	if err := w.run(t); err != nil { // nothing was kept
		t.Fatal(err)
	}
	if s, err := w.target.State(t.Context(), w.projection.ID()); err != nil || s.Position != 1 || s.Seen != 0 {
		t.Errorf("state = %+v, %v; want nothing seen at 1", s, err)
	}
}

// Who waits hears that the run has stopped for good.
func TestWaitForHearsThatTheRunHasStopped(t *testing.T) {
	everywhere(t, testWaitForHears[ledger], testWaitForHears[*sqldb.Tx])
}

func testWaitForHears[TX any](t *testing.T, w *world[TX]) {
	elsewhere := w.runner(t)
	r := w.runner(t)
	following(t, r)
	if err := r.WaitFor(t.Context(), w.add(t, "a-1", deposited{Cents: 1})); err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- r.WaitFor(context.WithoutCancel(t.Context()), 3) }()
	last := w.add(t, "", deposited{Cents: 2}) // it has no key
	if err := <-waited; !errors.Is(err, projection.ErrNoKey) {
		t.Errorf("WaitFor = %v; want ErrNoKey", err)
	}
	if err := r.WaitFor(t.Context(), last); !errors.Is(err, projection.ErrNoKey) {
		t.Errorf("WaitFor after it has stopped = %v; want ErrNoKey", err)
	}
	// Where another one comes to it all the same, there is nothing to say.
	w.projection.Key = func(*store.Recorded) string { return "all" }
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*projection.Runner[TX]{r, elsewhere} {
		if err := r.WaitFor(t.Context(), last); err != nil {
			t.Errorf("WaitFor = %v", err)
		}
	}
}
