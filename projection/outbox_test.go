package projection_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
)

// mails is a projection that writes two effects for each deposit, the second one after it may have failed.
func mails(tb testing.TB, s *shop, version int) *projection.Runner[*sqldb.Tx] {
	tb.Helper()
	p := projection.Projection[*sqldb.Tx]{Name: "mails", Version: version, Handlers: []projection.Handler[*sqldb.Tx]{
		projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[deposited]) error {
			if err := tx.Effect(ctx, e.Recorded, "mail", fmt.Append(nil, e.Body.Cents)); err != nil {
				return err
			}
			if e.Body.Bad && !s.mended {
				return errBad
			}
			return tx.Effect(ctx, e.Recorded, "receipt", nil)
		}),
	}}
	r, err := projection.New(s.db, p, s.target, projection.Options{Poll: time.Millisecond, BackoffMin: time.Microsecond, BackoffMax: time.Millisecond, BatchEvents: 3})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// delivered delivers, and returns the keys of what was sent.
func delivered(tb testing.TB, s *shop) (keys []string) {
	tb.Helper()
	n, err := s.target.Deliver(tb.Context(), "mails", func(_ context.Context, e sqldb.Effect) error {
		keys = append(keys, e.Key()+" "+e.Kind)
		return nil
	})
	if err != nil || n != len(keys) {
		tb.Fatalf("Deliver = %d, %v; %d were sent", n, err, len(keys))
	}
	return keys
}

func TestEffects(t *testing.T) {
	events := memoryStore(t)
	s := newShop(t, events, openSQLite(t, "sqlite", filepath.Join(t.TempDir(), "read.db")), newClock())
	one, two := mails(t, s, 1), mails(t, s, 2)
	add(t, events, "a-1", deposited{Cents: 1}, bad, deposited{Cents: 3})
	add(t, events, "a-2", deposited{Cents: 4})
	run := func(runners ...*projection.Runner[*sqldb.Tx]) {
		t.Helper()
		for _, r := range runners {
			if err := r.RunToHead(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, delivered(t, s)); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	}
	run(one, two)
	// Sending fails at the second one, which comes first the next time. What is parked has left nothing, what is not active has written nothing.
	calls := 0
	n, err := s.target.Deliver(t.Context(), "mails", func(context.Context, sqldb.Effect) error {
		if calls++; calls == 2 {
			return errWeather
		}
		return nil
	})
	if n != 1 || !errors.Is(err, errWeather) {
		t.Errorf("Deliver = %d, %v; want 1 and the error", n, err)
	}
	want("mails/1/1 receipt", "mails/4/0 mail", "mails/4/1 receipt")
	want()

	if err := s.target.Switch(t.Context(), one, two, false); !errors.Is(err, sqldb.ErrParked) {
		t.Errorf("Switch with parked events = %v", err)
	}
	s.mended = true
	for _, r := range []*projection.Runner[*sqldb.Tx]{one, two} { // the second is not active
		if n, err := r.Retry(t.Context(), "a-1"); n != 2 || err != nil {
			t.Fatalf("Retry = %d, %v", n, err)
		}
	}
	if err := s.target.Switch(t.Context(), one, two, false); !errors.Is(err, sqldb.ErrUnsent) {
		t.Errorf("Switch with unsent effects = %v", err)
	}
	want("mails/2/0 mail", "mails/2/1 receipt", "mails/3/0 mail", "mails/3/1 receipt")
	if err := s.target.Switch(t.Context(), one, two, false); err != nil {
		t.Fatal(err)
	}
	want()
	add(t, events, "a-2", deposited{Cents: 5})
	run(one, two)
	want("mails/5/0 mail", "mails/5/1 receipt") // by the second version, once

	// What is given up is never sent.
	add(t, events, "a-2", deposited{Cents: 6})
	run(one, two)
	if err := s.target.Switch(t.Context(), two, one, true); err != nil {
		t.Fatal(err)
	}
	want()
}

// An event that one version has parked, and the other has applied, has its effects once.
func TestEffectsOfAnEventAreOnceOverVersions(t *testing.T) {
	events := memoryStore(t)
	s := newShop(t, events, openSQLite(t, "sqlite", filepath.Join(t.TempDir(), "read.db")), newClock())
	one, two := mails(t, s, 1), mails(t, s, 2)
	add(t, events, "a-1", deposited{Cents: 1}, bad)
	if err := two.RunTo(t.Context(), 0); err != nil { // the second becomes known first, and active
		t.Fatal(err)
	}
	if err := one.RunToHead(t.Context()); err != nil { // and the first parks
		t.Fatal(err)
	}
	s.mended = true
	if err := two.RunToHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(delivered(t, s)); got != 4 {
		t.Errorf("%d effects; want 4", got)
	}
	if err := s.target.Switch(t.Context(), two, one, false); !errors.Is(err, sqldb.ErrParked) {
		t.Errorf("Switch to what has parked events = %v; want ErrParked", err)
	}
	if err := s.target.Switch(t.Context(), two, one, true); err != nil {
		t.Fatal(err)
	}
	if n, err := one.Retry(t.Context(), "a-1"); n != 1 || err != nil {
		t.Fatalf("Retry = %d, %v", n, err)
	}
	if got := delivered(t, s); got != nil {
		t.Errorf("sent again: %v", got)
	}
}

// A process is killed at each step of a run and of the delivery: each effect is there once, and is sent; twice at the most.
func TestEffectsWhenTheProcessIsKilled(t *testing.T) {
	events := memoryStore(t)
	for i := range 4 {
		add(t, events, fmt.Sprintf("a-%d", i%2), deposited{Cents: i})
	}
	for at := 1; ; at++ {
		f := &faults{at: (at + 1) / 2, after: at%2 == 0, dead: true, err: errCrash}
		file, c := filepath.Join(t.TempDir(), "read.db"), newClock()
		sent := map[string]int{}
		live := func(s *shop) error {
			if err := mails(t, s, 1).RunToHead(t.Context()); err != nil {
				return err
			}
			_, err := s.target.Deliver(t.Context(), "mails", func(_ context.Context, e sqldb.Effect) error {
				sent[e.Key()]++
				return nil
			})
			return err
		}
		first := faultySQLite(t, file, f)
		if err := live(newShop(t, events, first, c)); err != nil && f.wasHit() == "" {
			t.Fatal(err)
		}
		_ = first.Close()
		c.advance(time.Hour)
		second := openSQLite(t, "sqlite", file)
		if err := live(newShop(t, events, second, c)); err != nil {
			t.Fatalf("step %d, %s: %v", f.at, words(f.wasHit()), err)
		}
		var there int
		if err := second.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM gesta_outbox WHERE sent_at > 0`).Scan(&there); err != nil || there != 8 {
			t.Errorf("step %d, %s: %d effects were sent, %v; want 8", f.at, words(f.wasHit()), there, err)
		}
		twice := 0
		for _, n := range sent {
			twice += n - 1
		}
		if len(sent) != 8 || twice > 1 {
			t.Errorf("step %d, %s: sent %v", f.at, words(f.wasHit()), sent)
		}
		_ = second.Close()
		if f.wasHit() == "" || t.Failed() {
			return
		}
	}
}
