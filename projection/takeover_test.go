package projection_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
)

// ending is a target whose process is killed: nothing is committed any more, nor given back.
type ending[TX any] struct {
	projection.Target[TX]
	dead   atomic.Bool
	begins atomic.Int64
}

var errKilled = errors.New("killed")

func (e *ending[TX]) Begin(ctx context.Context, id projection.ID) (projection.Tx[TX], error) {
	e.begins.Add(1)
	if e.dead.Load() {
		return nil, errKilled
	}
	return e.Target.Begin(ctx, id)
}

// A process takes over at once from one of its name that was killed, whichever run of that it was; from one of another name, when the lease has ended.
func TestTakeoverByName(t *testing.T) {
	everywhere(t, testTakeoverByName[ledger], testTakeoverByName[*sqldb.Tx])
}

func testTakeoverByName[TX any](t *testing.T, w *world[TX]) {
	w.o.Holder = "me"
	target := &ending[TX]{Target: w.target}
	killed, err := projection.New(w.db, w.projection, target, w.o)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // runs
		w.add(t, "a-1", deposited{Cents: 1})
		if err := killed.RunToHead(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	stop := following(t, killed)
	if err := killed.WaitFor(t.Context(), w.add(t, "a-1", deposited{Cents: 2})); err != nil {
		t.Fatal(err)
	}
	target.dead.Store(true)
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.add(t, "a-1", deposited{Cents: 4})

	for _, name := range []string{"", "m", "me/too", "you"} {
		w.o.Holder = name
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := w.runner(t).RunToHead(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%q has run under the lease of another: %v", name, err)
		}
		cancel()
	}
	w.o.Holder = "me"
	if err := w.run(t); err != nil { // by the clock of the target no time passes
		t.Fatal(err)
	}
	if s := w.check(t); s.Applied != 4 {
		t.Errorf("state = %+v; want 4 applied", s)
	}
}

// Two runs of one runner that has a name do not take the lease from each other.
func TestTwoRunsOfOneName(t *testing.T) {
	everywhere(t, testTwoRunsOfOneName[ledger], testTwoRunsOfOneName[*sqldb.Tx])
}

func testTwoRunsOfOneName[TX any](t *testing.T, w *world[TX]) {
	w.o.Holder = "me"
	r := w.runner(t)
	following(t, r)
	if err := r.WaitFor(t.Context(), w.add(t, "a-1", deposited{Cents: 1})); err != nil {
		t.Fatal(err)
	}
	before := w.check(t)
	for range 3 {
		w.add(t, "a-1", deposited{Cents: 2})
		if err := r.RunToHead(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if after := w.check(t); after.Fence != before.Fence {
		t.Errorf("the lease was taken %d times", after.Fence-before.Fence)
	}
}

// Who stands by begins no transaction, and takes over when the lease has ended or is given back.
func TestAStandbyBeginsNoTransaction(t *testing.T) {
	everywhere(t, testAStandby[ledger], testAStandby[*sqldb.Tx])
}

func testAStandby[TX any](t *testing.T, w *world[TX]) {
	holder := w.runner(t)
	stop := following(t, holder)
	if err := holder.WaitFor(t.Context(), w.add(t, "a-1", deposited{Cents: 1})); err != nil {
		t.Fatal(err)
	}
	target := &ending[TX]{Target: w.target}
	standby, err := projection.New(w.db, w.projection, target, w.o)
	if err != nil {
		t.Fatal(err)
	}
	following(t, standby)
	for i := range 20 {
		if err := standby.WaitFor(t.Context(), w.add(t, "a-1", deposited{Cents: i})); err != nil { // by what the holder does
			t.Fatal(err)
		}
	}
	if n := target.begins.Load(); n != 0 {
		t.Errorf("it has begun %d transactions", n)
	}
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := standby.WaitFor(t.Context(), w.add(t, "a-1", deposited{Cents: 99})); err != nil {
		t.Fatal(err)
	}
	w.check(t)
}
