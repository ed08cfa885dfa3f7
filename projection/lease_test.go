package projection_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
)

// gate is a target that stops before a transaction, for as long as it is closed.
type gate[TX any] struct {
	projection.Target[TX]
	closed  atomic.Bool
	arrived chan struct{} // of one: someone has come to the closed gate
	open    chan struct{} // closed to let them go on
}

func newGate[TX any](inner projection.Target[TX]) *gate[TX] {
	return &gate[TX]{Target: inner, arrived: make(chan struct{}, 1), open: make(chan struct{})}
}

func (g *gate[TX]) Begin(ctx context.Context, id projection.ID) (projection.Tx[TX], error) {
	if g.closed.Load() {
		select {
		case g.arrived <- struct{}{}:
		default:
		}
		select {
		case <-g.open:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return g.Target.Begin(ctx, id)
}

// One of two runners is stopped before it begins a batch, past its lease; the other one takes over, and what the first had in hand is not applied again.
func TestARunnerThatSleptPastItsLease(t *testing.T) {
	everywhere(t, testARunnerThatSlept[ledger], testARunnerThatSlept[*sqldb.Tx])
}

func testARunnerThatSlept[TX any](t *testing.T, w *world[TX]) {
	w.o.BatchEvents = 2
	g := newGate(w.target)
	sleeper, err := projection.New(w.db, w.projection, g, w.o)
	if err != nil {
		t.Fatal(err)
	}
	following(t, sleeper)
	if err := sleeper.WaitFor(t.Context(), w.add(t, "a-1", deposited{Cents: 1})); err != nil {
		t.Fatal(err)
	}
	g.closed.Store(true)
	for i := range 5 {
		w.add(t, "a-1", deposited{Cents: i})
	}
	<-g.arrived
	other := w.runner(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	if err := other.RunToHead(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the other one ran under the lease of the first: %v", err)
	}
	cancel()
	w.check(t)

	w.clock.advance(time.Hour)
	if err := other.RunToHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := w.check(t); s.Position != 6 {
		t.Errorf("state = %+v; want 6", s)
	}
	g.closed.Store(false)
	close(g.open)
	if err := sleeper.WaitFor(t.Context(), w.add(t, "a-1", deposited{Cents: 99})); err != nil { // it is in line again
		t.Fatal(err)
	}
	if s := w.check(t); s.Applied != 7 {
		t.Errorf("state = %+v; want 7 applied", s)
	}
}

// A runner is stopped within a batch, past its lease, and nobody has come: it may not commit all the same.
func TestABatchThatOutlivesItsLease(t *testing.T) {
	everywhere(t, testABatchThatOutlivesItsLease[ledger], testABatchThatOutlivesItsLease[*sqldb.Tx])
}

func testABatchThatOutlivesItsLease[TX any](t *testing.T, w *world[TX]) {
	w.add(t, "a-1", deposited{Cents: 1}, deposited{Cents: 2})
	slow := 0
	w.before = func(_ context.Context, e *store.Recorded) error {
		if e.Position == 2 && slow < 2 {
			slow++
			w.clock.advance(time.Hour)
			return nil
		}
		return nil
	}
	before, err := w.target.State(t.Context(), w.projection.ID())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if s := w.check(t); slow != 2 || s.Fence != before.Fence+3 || s.Applied != 2 {
		t.Errorf("after %d slow batches: %+v; want the third lease to have committed", slow, s)
	}
}

// Two runners compete while events come and one key is bad; each is stopped now and then past its lease.
func TestTwoRunnersCompete(t *testing.T) {
	everywhere(t, testTwoRunnersCompete[ledger], testTwoRunnersCompete[*sqldb.Tx])
}

func testTwoRunnersCompete[TX any](t *testing.T, w *world[TX]) {
	w.o.BatchEvents = 3
	var runs [2]*projection.Runner[TX]
	for i := range runs {
		runs[i] = w.runner(t)
		following(t, runs[i])
	}
	var last store.Position
	for i := range 150 {
		last = w.add(t, []string{"a-1", "a-2", "a-3"}[i%3], deposited{Cents: i, Bad: i == 31})
		if i%20 == 0 {
			w.clock.advance(time.Hour) // whoever has the lease has slept
		}
	}
	for _, r := range runs {
		if err := r.WaitFor(t.Context(), last); err != nil {
			t.Fatal(err)
		}
	}
	if s := w.check(t); s.Seen != 150 || s.Parked == 0 {
		t.Errorf("state = %+v; want 150 seen, some parked", s)
	}
}

// A runner that has nothing to do renews its lease.
func TestAnIdleRunnerKeepsItsLease(t *testing.T) {
	b := &behaviour{}
	w := newWorld(t, memoryStore(t), b, sqlKit(t, b))
	w.o.Lease = 40 * time.Millisecond // of real time, for the timer; by the clock of the target they never end by themselves
	r := w.runner(t)
	following(t, r)
	if err := r.WaitFor(t.Context(), w.add(t, "a-1", deposited{})); err != nil {
		t.Fatal(err)
	}
	until := func() (us int64) {
		tx, err := w.target.Begin(t.Context(), w.projection.ID())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if err := tx.Handle().QueryRowContext(t.Context(), `SELECT lease_until FROM gesta_projections`).Scan(&us); err != nil {
			t.Fatal(err)
		}
		return us
	}
	began := until()
	w.clock.advance(30 * time.Millisecond)
	for until() == began { // the test ends by its deadline if that never changes
		if t.Context().Err() != nil {
			t.Fatal("the lease was not renewed")
		}
	}
}

// Two processes, each with connections of its own to the same file: one waits for what the other does.
func TestTwoProcessesOnOneFile(t *testing.T) {
	s, file, c := memoryStore(t), filepath.Join(t.TempDir(), "read.db"), newClock()
	var worlds [2]*world[*sqldb.Tx]
	for i := range worlds {
		b := &behaviour{}
		worlds[i] = newWorld(t, s, b, sqlKitOn(t, b, openSQLite(t, "sqlite", file), c))
		worlds[i].o.BatchEvents = 3
		following(t, worlds[i].runner(t))
	}
	var last store.Position
	for i := range 60 {
		last = add(t, s, []string{"a-1", "a-2"}[i%2], deposited{Cents: i, Bad: i == 17}, noticed{})
		if i%10 == 0 {
			c.advance(time.Hour)
		}
	}
	for _, w := range worlds {
		if err := w.runner(t).WaitFor(t.Context(), last); err != nil {
			t.Fatal(err)
		}
		if s := w.check(t); s.Seen != 60 {
			t.Errorf("state = %+v; want 60 seen", s)
		}
	}
	worlds[1].mended.Store(true)
	if _, err := worlds[1].runner(t).Retry(t.Context(), "a-2"); err != nil {
		t.Fatal(err)
	}
	if s := worlds[0].check(t); s.Applied != 60 {
		t.Errorf("state = %+v; want 60 applied", s)
	}
}
