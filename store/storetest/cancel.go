package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// runCancel checks that the end of a context ends calls, and leaves no doubt that need not be.
func runCancel(t *testing.T, h Harness) {
	t.Run("before a call", func(t *testing.T) { cancelledBefore(t, h.open(t)) })
	t.Run("while appending", func(t *testing.T) {
		s := h.open(t)
		cancelledAppends(t, s, s.Append)
	})
	t.Run("while started", func(t *testing.T) {
		s := h.open(t)
		starter := power[store.Starter](t, s)
		cancelledAppends(t, s, func(ctx context.Context, c store.Commit) (store.Result, error) { return starter.Start(ctx, c)() })
	})
	t.Run("while following", func(t *testing.T) {
		s := h.open(t)
		write(t, s, numbered(3, "a-1", "T")...)
		for _, q := range []store.Query{nil, {{Types: []string{"rare"}}}} {
			ctx, cancel := cancelable(t)
			waiting, done := make(chan struct{}, 1), make(chan error, 1)
			o := store.ReadOptions{Follow: true, Progress: func(_ store.Position, live bool) {
				if live {
					waiting <- struct{}{}
				}
			}}
			go func() { done <- lastError(ctx, t, s, q, o) }()
			receive(t, waiting)
			cancel()
			wantCancelled(t, receive(t, done))
		}
	})
	t.Run("a deadline", func(t *testing.T) {
		s := h.open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := lastError(ctx, t, s, nil, store.ReadOptions{Follow: true}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want %v", err, context.DeadlineExceeded)
		}
	})
	t.Run("while reading a long history", func(t *testing.T) {
		const events, some, slack = 20_000, 10, 5_000
		s := h.open(t)
		write(t, s, numbered(events/2, "a-1", "T")...)
		write(t, s, numbered(events/2, "a-1", "T")...)
		for _, o := range []store.ReadOptions{{}, {Backward: true}, {Follow: true}} {
			ctx, cancel := cancelable(t)
			n, last := 0, error(nil)
			for _, err := range s.Read(ctx, nil, o) {
				if last = err; err == nil {
					n++
				}
				if n == some {
					cancel()
				}
			}
			wantCancelled(t, last)
			if n > some+slack {
				t.Errorf("%+v: %d events were yielded after the end of the context", o, n-some)
			}
		}
	})
}

// cancelledBefore makes every call with a context that is done.
func cancelledBefore(t *testing.T, s store.Store) {
	write(t, s, event("a-1", "T"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range calls(ctx, t, s) {
		t.Run(name, func(t *testing.T) {
			if err := call(); !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUnknown) {
				t.Errorf("got error %v, want %v", err, context.Canceled)
			}
		})
	}
	events := read(t, s, nil, store.ReadOptions{})
	if len(events) != 1 || events[0].Erased != 0 {
		t.Errorf("the store has the events %v, want the one written before", events)
	}
	if tracker, ok := store.As[store.Tracker](s); ok {
		if n, err := tracker.Tracked(bounded(t), "s"); n != 0 || err != nil {
			t.Errorf("tracked %d, %v", n, err)
		}
	}
}

// calls returns one call of each method of the store, and of each of its powers, by name. All of them would succeed
// on a store with one event.
func calls(ctx context.Context, t *testing.T, s store.Store) map[string]func() error {
	c := store.Commit{Key: "k", Events: []store.Event{event("a-1", "T")}, Tracking: &store.Tracking{Source: "s", Position: 1}}
	out := map[string]func() error{
		"Append":         func() error { _, err := s.Append(ctx, c); return err },
		"Append nothing": func() error { _, err := s.Append(ctx, store.Commit{}); return err },
		"Read":           func() error { return lastError(ctx, t, s, nil, store.ReadOptions{}) },
		"Read backwards": func() error { return lastError(ctx, t, s, nil, store.ReadOptions{Backward: true}) },
		"Read to follow": func() error { return lastError(ctx, t, s, nil, store.ReadOptions{Follow: true, Until: 1}) },
		"Head":           func() error { _, err := s.Head(ctx); return err },
	}
	if p, ok := store.As[store.Tracker](s); ok {
		out["Tracked"] = func() error { _, err := p.Tracked(ctx, "s"); return err }
	}
	if p, ok := store.As[store.Keys](s); ok {
		out["Lookup"] = func() error { _, err := p.Lookup(ctx, "k"); return err }
	}
	if p, ok := store.As[store.Starter](s); ok {
		out["Start"] = func() error { _, err := p.Start(ctx, c)(); return err }
	}
	if p, ok := store.As[store.Dumper](s); ok {
		out["Dump"] = func() error { _, err := collect(p.Dump(ctx, 0)); return err }
	}
	if p, ok := store.As[store.Restorer](s); ok {
		rc := store.RecordedCommit{RecordedAt: time.Now().Add(time.Hour), Tracking: &store.Tracking{Source: "s", Position: 1}, After: 1}
		out["Restore"] = func() error { return p.Restore(ctx, sequence([]store.RecordedCommit{rc})) }
	}
	if p, ok := store.As[store.Lister](s); ok {
		out["Streams"] = func() error { _, err := collect(p.Streams(ctx, store.StreamsOptions{})); return err }
		out["Types"] = func() error { _, err := collect(p.Types(ctx)); return err }
	}
	if p, ok := store.As[store.IDs](s); ok {
		out["ByID"] = func() error { _, err := collect(p.ByID(ctx, "00000000-0000-0000-0000-000000000001")); return err }
	}
	if p, ok := store.As[store.Measurer](s); ok {
		out["Stats"] = func() error { _, err := p.Stats(ctx); return err }
	}
	if p, ok := store.As[store.Checker](s); ok {
		out["Check"] = func() error { _, err := p.Check(ctx, store.CheckOptions{}); return err }
	}
	if p, ok := store.As[store.Eraser](s); ok {
		out["Erase"] = func() error { _, err := p.Erase(ctx, store.Erasure{Positions: []store.Position{1}}); return err }
	}
	if p, ok := store.As[store.Truncater](s); ok {
		out["Truncate"] = func() error { _, err := p.Truncate(ctx, 1); return err }
	}
	return out
}

// cancelledAppends ends contexts while commits are on their way, and repeats each commit: the first outcome must agree
// with what the repeat finds.
func cancelledAppends(t *testing.T, s store.Store, add func(context.Context, store.Commit) (store.Result, error)) {
	const commits = 200
	outcomes := map[string]int{}
	for i := range commits {
		ctx, cancel := context.WithCancel(bounded(t))
		c := store.Commit{Key: fmt.Sprintf("k%d", i), Events: numbered(2, "a-1", "T")}
		done := make(chan struct{})
		go func() {
			for range i % 5 * 20 {
				_, _ = s.Head(ctx) // passes some time
			}
			cancel()
			close(done)
		}()
		first, err := add(ctx, c)
		<-done
		again, errAgain := s.Append(bounded(t), c)
		if errAgain != nil {
			t.Fatalf("repeat %d: %v", i, errAgain)
		}
		switch {
		case err == nil:
			outcomes["written"]++
			first.Duplicate = true
			if d := diff(first, again); d != "" {
				t.Errorf("commit %d was written, and its repeat gets (-first +repeat):\n%s", i, d)
			}
		case errors.Is(err, store.ErrUnknown):
			outcomes["unknown"]++
		default:
			outcomes["refused"]++
			wantCancelled(t, err)
			if again.Duplicate {
				t.Errorf("commit %d was refused with %v, and has been written", i, err)
			}
		}
	}
	t.Log(outcomes)
	if events := read(t, s, store.Query{{Stream: "a-1"}}, store.ReadOptions{}); len(events) != 2*commits {
		t.Errorf("the stream has %d events, want %d", len(events), 2*commits)
	}
}
