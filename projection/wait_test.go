package projection_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

func TestWaitFor(t *testing.T) { everywhere(t, testWaitFor[ledger], testWaitFor[*sqldb.Tx]) }

func testWaitFor[TX any](t *testing.T, w *world[TX]) {
	elsewhere := w.runner(t)
	w.o.Quiet, w.o.Poll = time.Hour, time.Hour // who waits where it runs waits for neither
	r := w.runner(t)
	following(t, r)
	for i := range 5 {
		p := w.add(t, "a-1", deposited{Cents: i})
		if err := r.WaitFor(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if got := w.rows(t)["a-1"].N; got != 2*i+1 {
			t.Errorf("after WaitFor(%d) there are %d deposits; want %d", p, got, 2*i+1)
		}
		p = w.add(t, "a-1", noticed{}) // nothing matches
		if err := r.WaitFor(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		p = w.add(t, "a-1", bad)
		if err := r.WaitFor(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		// A runner that runs nothing polls the target.
		if err := elsewhere.WaitFor(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		w.mended.Store(true)
		if _, err := elsewhere.Retry(t.Context(), "a-1"); err != nil {
			t.Fatal(err)
		}
		w.mended.Store(false)
	}
	w.check(t)
}

func TestTheCheckpointMovesWhereNothingMatches(t *testing.T) {
	everywhere(t, testTheCheckpointMoves[ledger], testTheCheckpointMoves[*sqldb.Tx])
}

func testTheCheckpointMoves[TX any](t *testing.T, w *world[TX]) {
	following(t, w.runner(t))
	p := w.add(t, "a-1", noticed{}, noticed{})
	if err := w.runner(t).WaitFor(t.Context(), p); err != nil { // it polls, and asks nobody to hurry
		t.Fatal(err)
	}
	if s := w.check(t); s.Position != p || s.Seen != 0 {
		t.Errorf("state = %+v; want nothing seen at %d", s, p)
	}
}

func TestTheCheckpointMovesByCount(t *testing.T) {
	b := &behaviour{}
	w := newWorld(t, memoryStore(t), b, sqlKit(t, b))
	w.o.Quiet = time.Hour
	following(t, w.runner(t))
	for range 1000 {
		w.add(t, "a-1", noticed{})
	}
	p := w.add(t, "a-1", noticed{})
	if err := w.runner(t).WaitFor(t.Context(), p-500); err != nil { // the reader may have come by at any of them
		t.Fatal(err)
	}
}

func TestWaitForEndsWithItsDeadline(t *testing.T) {
	everywhere(t, testWaitForEndsWithItsDeadline[ledger], testWaitForEndsWithItsDeadline[*sqldb.Tx])
}

func testWaitForEndsWithItsDeadline[TX any](t *testing.T, w *world[TX]) {
	r := w.runner(t)
	w.add(t, "a-1", deposited{})
	if err := r.RunToHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := r.WaitFor(ctx, 9); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "at position 1") {
		t.Errorf("WaitFor = %v; want a deadline at position 1", err)
	}
}

func TestProgress(t *testing.T) {
	now := newClock()
	s := memory.New(memory.Options{Clock: now.now})
	b := &behaviour{}
	k := memoryKit(t, b)
	w := newWorld(t, s, b, k)
	w.o.BatchEvents = 1
	p, err := w.runner(t).Progress(t.Context())
	if err != nil || p.State.Known || p.Lag != 0 {
		t.Errorf("Progress before all = %+v, %v", p, err)
	}
	w.add(t, "a-1", deposited{}, deposited{}, deposited{}, noticed{})
	now.advance(90 * time.Second)
	w.add(t, "a-1", deposited{}, deposited{})
	now.advance(30 * time.Second)
	r := w.runner(t)
	if err := r.RunTo(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	p, err = r.Progress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p.State.Position != 3 || p.Head != 6 || p.Lag != 3 || p.ETA >= 0 || p.Rate != 0 || p.ID.String() != "accounts/1" {
		t.Errorf("Progress = %+v; want 3 of 6, not moving", p)
	}
}

// While a run goes on, there is a rate, and an end in sight; Behind is the age of what comes next, by the clock of the DB.
func TestProgressWhileRunning(t *testing.T) {
	now := newClock()
	s := memory.New(memory.Options{Clock: now.now})
	b := &behaviour{}
	w := newWorld(t, s, b, sqlKit(t, b))
	w.o.BatchEvents = 1
	w.db = newDB(t, s, gesta.WithClock(now.now))
	for range 8 {
		now.advance(10 * time.Second)
		w.add(t, "a-1", deposited{})
	}
	r := w.runner(t)
	var got projection.Progress
	w.before = func(ctx context.Context, e *store.Recorded) error {
		now.advance(2 * time.Second) // for each event
		if e.Position != 6 {
			return nil
		}
		var err error
		got, err = r.Progress(ctx)
		return err
	}
	if err := r.RunToHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Five are committed, at half an event a second, by six of which the clock went on 12 s; the sixth was recorded 20 s before the last.
	if got.State.Position != 5 || got.Lag != 3 || got.Behind != 32*time.Second || got.Rate < 0.3 || got.Rate > 0.6 || got.ETA < 5*time.Second || got.ETA > 10*time.Second {
		t.Errorf("Progress = %+v", got)
	}
	w.check(t)
}
