package projection_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
)

func TestTransientErrorsOfHandlersAreRetried(t *testing.T) {
	everywhere(t, testTransientErrors[ledger], testTransientErrors[*sqldb.Tx])
}

var errWeather = errors.New("it rains")

func testTransientErrors[TX any](t *testing.T, w *world[TX]) {
	w.projection.Transient = func(err error) bool { return errors.Is(err, errWeather) }
	transient := []error{
		fmt.Errorf("call: %w", context.DeadlineExceeded), context.Canceled, driver.ErrBadConn, &net.OpError{Op: "dial", Err: errors.New("refused")}, errWeather,
	}
	tries := 0
	r := w.runner(t)
	w.before = func(ctx context.Context, e *store.Recorded) error {
		if e.Position != 2 || tries >= len(transient) {
			return nil
		}
		tries++
		if tries > 1 {
			if p, err := r.Progress(ctx); err != nil || !errors.Is(p.Trouble, transient[tries-2]) {
				t.Errorf("Trouble = %v, %v; want %v", p.Trouble, err, transient[tries-2])
			}
		}
		return transient[tries-1]
	}
	w.add(t, "a-1", deposited{Cents: 1}, deposited{Cents: 2}, deposited{Cents: 4})
	if err := r.RunToHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := w.check(t); tries != len(transient) || s.Applied != 3 {
		t.Errorf("%d tries, state = %+v; want %d, 3 applied", tries, s, len(transient))
	}
	if p, err := r.Progress(t.Context()); err != nil || p.Trouble != nil {
		t.Errorf("Trouble = %v, %v; want none", p.Trouble, err)
	}
}

func TestRetryOfWhatIsTransient(t *testing.T) {
	everywhere(t, testRetryOfWhatIsTransient[ledger], testRetryOfWhatIsTransient[*sqldb.Tx])
}

func testRetryOfWhatIsTransient[TX any](t *testing.T, w *world[TX]) {
	w.add(t, "a-1", bad, deposited{Cents: 2})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.mended.Store(true)
	tries := 0
	w.before = func(context.Context, *store.Recorded) error {
		if tries++; tries == 2 {
			return driver.ErrBadConn
		}
		return nil
	}
	if n, err := w.runner(t).Retry(t.Context(), "a-1"); n != 2 || err != nil || tries != 4 {
		t.Errorf("Retry = %d, %v after %d calls; want 2 after 4", n, err, tries)
	}
	w.check(t)
}

// An error that comes because the run is ended parks nothing, whatever it looks like.
func TestEndingARunParksNothing(t *testing.T) {
	everywhere(t, testEndingARun[ledger], testEndingARun[*sqldb.Tx])
}

func testEndingARun[TX any](t *testing.T, w *world[TX]) {
	w.add(t, "a-1", deposited{Cents: 1}, deposited{Cents: 2})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.before = func(_ context.Context, e *store.Recorded) error {
		if e.Position == 2 {
			cancel()
			return errors.New("interrupted")
		}
		return nil
	}
	if err := w.runner(t).RunToHead(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("run = %v; want context.Canceled", err)
	}
	if s := w.check(t); s.Position != 0 {
		t.Errorf("state = %+v; want nothing", s)
	}
	w.before = nil
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.check(t)
}

// shaky is a target each of whose steps fails once in a while, before it is done.
type shaky[TX any] struct {
	projection.Target[TX]
	at, steps int
}

var errShaky = errors.New("shaky, for once")

func (s *shaky[TX]) step() error {
	if s.steps++; s.steps == s.at {
		return errShaky
	}
	return nil
}

func (s *shaky[TX]) Transient(err error) bool {
	return errors.Is(err, errShaky) || s.Target.Transient(err)
}

func (s *shaky[TX]) Begin(ctx context.Context, id projection.ID) (projection.Tx[TX], error) {
	if err := s.step(); err != nil {
		return nil, err
	}
	tx, err := s.Target.Begin(ctx, id)
	return &shakyTx[TX]{tx, s}, err
}

type shakyTx[TX any] struct {
	projection.Tx[TX]
	s *shaky[TX]
}

func (tx *shakyTx[TX]) Save(ctx context.Context, from, to projection.State) error {
	return errors.Join(tx.s.step(), tx.Tx.Save(ctx, from, to))
}

func (tx *shakyTx[TX]) Park(ctx context.Context, p projection.Parked) error {
	return errors.Join(tx.s.step(), tx.Tx.Park(ctx, p))
}

func (tx *shakyTx[TX]) Settle(ctx context.Context, p store.Position, skip *projection.Skip) error {
	return errors.Join(tx.s.step(), tx.Tx.Settle(ctx, p, skip))
}

func (tx *shakyTx[TX]) RollbackTo(ctx context.Context) error {
	return errors.Join(tx.s.step(), tx.Tx.RollbackTo(ctx))
}

func (tx *shakyTx[TX]) Commit(ctx context.Context) error {
	if err := tx.s.step(); err != nil {
		return err
	}
	if err := tx.Tx.Commit(ctx); err != nil {
		return err
	}
	return tx.s.step() // it is done, and nobody knows
}

// TestShakyMemory fails each step of the target in memory, in turn.
func TestShakyMemory(t *testing.T) {
	s := memoryStore(t)
	story(t, s)
	for at := 1; ; at++ {
		b := &behaviour{}
		w := newWorld(t, s, b, memoryKit(t, b))
		w.o.BatchEvents = 4
		target := &shaky[ledger]{Target: w.target, at: at}
		w.target = target
		r := w.runner(t)
		if err := r.RunToHead(t.Context()); err != nil {
			t.Fatalf("step %d: %v", at, err)
		}
		w.check(t)
		w.mended.Store(true)
		if _, err := r.Retry(t.Context(), "a-3"); err != nil {
			t.Fatalf("step %d: %v", at, err)
		}
		if s := w.check(t); s.Applied != 15 || s.Parked != 0 {
			t.Fatalf("step %d: state = %+v; want 15 applied", at, s)
		}
		if target.steps < at {
			if at < 30 {
				t.Errorf("there are %d steps only", at)
			}
			return
		}
	}
}
