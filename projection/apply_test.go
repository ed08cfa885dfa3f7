package projection_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

func TestRunToHead(t *testing.T) { everywhere(t, testRunToHead[ledger], testRunToHead[*sqldb.Tx]) }

func testRunToHead[TX any](t *testing.T, w *world[TX]) {
	w.o.BatchEvents = 7
	for i := range 100 {
		w.add(t, []string{"a-1", "a-2", "a-3"}[i%3], deposited{Cents: i})
		w.add(t, "a-1", noticed{})
	}
	w.add(t, "a-2", closed{}, deposited{Cents: 5})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if s := w.check(t); s.Position != 202 || s.Applied != 102 {
		t.Errorf("state = %+v; want 102 applied at 202", s)
	}
	w.add(t, "a-9", deposited{Cents: 1})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if s := w.check(t); s.Position != 203 {
		t.Errorf("a second run came to %d; want 203", s.Position)
	}
}

func TestRunToAPosition(t *testing.T) {
	everywhere(t, testRunToAPosition[ledger], testRunToAPosition[*sqldb.Tx])
}

func testRunToAPosition[TX any](t *testing.T, w *world[TX]) {
	w.add(t, "a-1", deposited{Cents: 1}, noticed{}, deposited{Cents: 2}, noticed{}, deposited{Cents: 4})
	for _, p := range []store.Position{0, 2, 3, 4} {
		if err := w.runner(t).RunTo(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if s := w.check(t); s.Position != p {
			t.Errorf("RunTo(%d) came to %d", p, s.Position)
		}
	}
}

func TestRunToATime(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	s := memory.New(memory.Options{Clock: func() time.Time { now = now.Add(time.Hour); return now }})
	b := &behaviour{}
	w := newWorld(t, s, b, memoryKit(t, b))
	w.add(t, "a-1", deposited{Cents: 1}, deposited{Cents: 2}, deposited{Cents: 4})
	for at, want := range map[string]store.Position{"00:59": 0, "01:00": 1, "02:30": 2, "23:00": 3} {
		clock, err := time.Parse("2006-01-02 15:04", "2026-03-01 "+at)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := projection.PositionAt(t.Context(), s, clock); err != nil || got != want {
			t.Errorf("PositionAt(%s) = %d, %v; want %d", at, got, err, want)
		}
	}
	p, err := projection.PositionAt(t.Context(), s, now.Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.runner(t).RunTo(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ledger{"a-1": {2, 3}}, w.rows(t)); diff != "" {
		t.Error(diff)
	}
}

func TestStart(t *testing.T) {
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name  string
		start projection.Start
		want  ledger
	}{
		{"beginning", projection.Start{}, ledger{"a-1": {4, 15}}},
		{"now", projection.FromNow(), ledger{"a-1": {1, 8}}},
		{"position", projection.After(1), ledger{"a-1": {3, 14}}},
		{"time", projection.FromTime(begin.Add(3 * time.Hour)), ledger{"a-1": {2, 12}}},
		{"a time before all", projection.FromTime(begin), ledger{"a-1": {4, 15}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := begin
			b := &behaviour{}
			w := newWorld(t, memory.New(memory.Options{Clock: func() time.Time { now = now.Add(time.Hour); return now }}), b, memoryKit(t, b))
			w.projection.Start = tt.start
			w.add(t, "a-1", deposited{Cents: 1}, deposited{Cents: 2}, deposited{Cents: 4})
			if err := w.run(t); err != nil {
				t.Fatal(err)
			}
			w.add(t, "a-1", deposited{Cents: 8})
			if err := w.run(t); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, w.rows(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// oldDeposit is how deposits were stored once, under another name.
type oldDeposit struct{ Euros int }

func TestOlderNamesAreRead(t *testing.T) {
	s := memory.New(memory.Options{})
	b := &behaviour{}
	w := newWorld(t, s, b, memoryKit(t, b))
	w.db = newDB(t, s, gesta.Upcast("paid-in", 1, func(o oldDeposit) deposited { return deposited{Cents: 100 * o.Euros} }))
	if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "a-1", Type: "paid-in", Data: []byte(`{"Euros":3}`)}}}); err != nil {
		t.Fatal(err)
	}
	w.add(t, "a-1", deposited{Cents: 1})
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ledger{"a-1": {2, 301}}, w.rows(t)); diff != "" {
		t.Error(diff)
	}
}

func TestHandlerContextHasTheCause(t *testing.T) {
	s := memory.New(memory.Options{})
	b := &behaviour{}
	w := newWorld(t, s, b, memoryKit(t, b))
	accounts := gesta.Decider[int, happening]{Category: "audit", Evolve: func(n int, _ happening) int { return n + 1 }}
	b.before = func(ctx context.Context, _ *store.Recorded) error {
		_, err := accounts.Handle(ctx, w.db, "1", func(int) ([]happening, error) { return []happening{noticed{"seen"}}, nil })
		return err
	}
	e := recorded("a-1", deposited{Cents: 1})
	e.ID, e.Metadata = "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11", []byte(`{"correlationId":"req-9"}`)
	if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
		t.Fatal(err)
	}
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	for e, err := range gesta.Read[noticed](t.Context(), w.db, store.Query{{Stream: "audit-1"}}, gesta.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.CausationID() != "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11" || e.CorrelationID() != "req-9" {
			t.Errorf("cause %q, story %q", e.CausationID(), e.CorrelationID())
		}
		return
	}
	t.Error("nothing was recorded")
}

func TestNewRefuses(t *testing.T) {
	deposits := projection.On(func(context.Context, ledger, gesta.Event[deposited]) error { return nil })
	tests := []struct {
		name string
		p    projection.Projection[ledger]
		o    projection.Options
		want string
	}{
		{"no name", projection.Projection[ledger]{Handlers: []projection.Handler[ledger]{deposits}}, projection.Options{}, "no Name"},
		{"no handlers", projection.Projection[ledger]{Name: "x"}, projection.Options{}, "no Handlers"},
		{"zero handler", projection.Projection[ledger]{Name: "x", Handlers: []projection.Handler[ledger]{{}}}, projection.Options{}, "make it with On"},
		{"version", projection.Projection[ledger]{Name: "x", Version: -1, Handlers: []projection.Handler[ledger]{deposits}}, projection.Options{}, "below 0"},
		{"two", projection.Projection[ledger]{Name: "x", Handlers: []projection.Handler[ledger]{deposits, deposits}}, projection.Options{}, "two handlers"},
		{"union", projection.Projection[ledger]{Name: "x", Handlers: []projection.Handler[ledger]{
			projection.On(func(context.Context, ledger, gesta.Event[happening]) error { return nil }),
		}}, projection.Options{}, "an interface"},
		{"stranger", projection.Projection[ledger]{Name: "x", Handlers: []projection.Handler[ledger]{
			projection.On(func(context.Context, ledger, gesta.Event[row]) error { return nil }),
		}}, projection.Options{}, "unknown type"},
		{"options", projection.Projection[ledger]{Name: "x", Handlers: []projection.Handler[ledger]{deposits}}, projection.Options{Quiet: -1}, "Quiet"},
	}
	db := newDB(t, memory.New(memory.Options{}))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := projection.New(db, tt.p, projection.NewMemory(ledger{}, nil), tt.o)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New = %v; want %q", err, tt.want)
			}
		})
	}
}

func TestMemoryIsForOneProjection(t *testing.T) {
	b := &behaviour{}
	w := newWorld(t, memory.New(memory.Options{}), b, memoryKit(t, b))
	if err := w.run(t); err != nil {
		t.Fatal(err)
	}
	w.projection.Version++
	if err := w.run(t); err == nil || !strings.Contains(err.Error(), "accounts/1") {
		t.Errorf("a second projection: %v", err)
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	everywhere(t, testFollowEndsWithItsContext[ledger], testFollowEndsWithItsContext[*sqldb.Tx])
}

func testFollowEndsWithItsContext[TX any](t *testing.T, w *world[TX]) {
	r := w.runner(t)
	stop := following(t, r)
	if err := r.WaitFor(t.Context(), w.add(t, "a-1", deposited{Cents: 1})); err != nil {
		t.Fatal(err)
	}
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("Follow = %v; want context.Canceled", err)
	}
	w.check(t)
	// The lease was given back: the next one does not wait for it to end, which by a clock that stands still would be never.
	if err := w.run(t); err != nil {
		t.Error(err)
	}
}
