package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store"
)

// cancelable returns a context to cancel, which ends anyway when the suite is out of patience.
func cancelable(t testing.TB) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(bounded(t))
}

func wantCancelled(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}

// runFollow checks that history and live events are one loop without a seam.
func runFollow(t *testing.T, h Harness) {
	t.Run("joining at every moment", func(t *testing.T) { joinAtEveryMoment(t, h.open(t)) })
	t.Run("many writers", func(t *testing.T) { followManyWriters(t, h.open(t)) })
	t.Run("woken by the next event", func(t *testing.T) {
		s := h.open(t)
		ctx, cancel := cancelable(t)
		defer cancel()
		got := make(chan store.Position)
		done := make(chan error, 1)
		go func() {
			var last error
			for e, err := range s.Read(ctx, nil, store.ReadOptions{Follow: true}) {
				if last = err; err != nil {
					break
				}
				select {
				case got <- e.Position:
				case <-ctx.Done():
				}
			}
			done <- last
		}()
		for i := range 20 {
			want := write(t, s, event("", "T")).First
			select {
			case p := <-got:
				if p != want {
					t.Fatalf("event %d came from position %d, want %d", i, p, want)
				}
			case err := <-done:
				t.Fatalf("the read ended: %v", err)
			case <-ctx.Done():
				t.Fatalf("event %d did not come", i)
			}
		}
		cancel()
		wantCancelled(t, receive(t, done))
	})
	t.Run("limit that lies ahead", func(t *testing.T) {
		s := h.open(t)
		write(t, s, numbered(2, "a-1", "T")...)
		done := make(chan []store.Position, 1)
		go func() {
			events, err := collect(s.Read(bounded(t), nil, store.ReadOptions{Follow: true, Limit: 4}))
			if err != nil {
				t.Error(err)
			}
			done <- positions(events)
		}()
		write(t, s, numbered(1, "a-1", "T")...)
		write(t, s, numbered(2, "a-1", "T")...)
		if d := diff([]store.Position{1, 2, 3, 4}, receive(t, done)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
	t.Run("until that lies ahead", func(t *testing.T) {
		s := h.open(t)
		done := make(chan []store.Position, 1)
		go func() {
			q := store.Query{{Types: []string{"rare"}}}
			events, err := collect(s.Read(bounded(t), q, store.ReadOptions{Follow: true, Until: 5}))
			if err != nil {
				t.Error(err)
			}
			done <- positions(events)
		}()
		write(t, s, event("", "rare"))
		for range 6 { // passes Until without a match at it
			write(t, s, event("", "common"))
		}
		write(t, s, event("", "rare"))
		if d := diff([]store.Position{1}, receive(t, done)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// joinAtEveryMoment starts followers after each of many commits; the writer does not wait for them.
func joinAtEveryMoment(t *testing.T, s store.Store) {
	const commits = 120
	rnd := rand.New(rand.NewPCG(1, 2))
	sizes := make([]int, commits)
	var total store.Position
	for i := range sizes {
		sizes[i] = 1 + rnd.IntN(3)
		total += store.Position(sizes[i])
	}
	var wg sync.WaitGroup
	var now store.Position
	for i, n := range sizes {
		var events []store.Event
		for range n {
			events = append(events, event(fmt.Sprintf("a-%d", rnd.IntN(3)), fmt.Sprintf("T%d", rnd.IntN(2)), "x"))
		}
		after := now
		wg.Go(func() { followTo(t, s, after, total, i) })
		now = write(t, s, events...).Last
	}
	wg.Wait()
}

// followTo follows up to the position total and compares with what is read after.
func followTo(t *testing.T, s store.Store, now, total store.Position, i int) {
	o := store.ReadOptions{Follow: true, Until: total}
	if i%2 == 0 {
		o.After = now
	}
	q := []store.Query{nil, {{Types: []string{"T0"}}}, {{Stream: "a-1"}, {Types: []string{"T1"}, Tags: []string{"x"}}}}[i%3]
	w := &watcher{t: t, s: s}
	o.Progress = w.progress
	var got []store.Recorded
	for e, err := range s.Read(bounded(t), q, o) {
		if err != nil {
			t.Errorf("follower %d: %v", i, err)
			return
		}
		w.seen(&e)
		got = append(got, e)
	}
	want, err := collect(s.Read(bounded(t), q, store.ReadOptions{After: o.After, Until: total}))
	if d := diff(want, got); d != "" || err != nil {
		t.Errorf("follower %d from %d of %v: %v (-history +followed):\n%s", i, o.After, q, err, d)
	}
}

// followManyWriters follows what several goroutines append at once, in events and in big commits.
func followManyWriters(t *testing.T, s store.Store) {
	const writers, commits = 6, 20
	total := store.Position(writers * commits * (1 + 2 + 3 + 4) / 4)
	results := make([][]store.Recorded, 4)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			events, err := collect(s.Read(bounded(t), nil, store.ReadOptions{Follow: true, Until: total}))
			if err != nil {
				t.Errorf("follower %d: %v", i, err)
			}
			results[i] = events
		})
	}
	for w := range writers {
		wg.Go(func() {
			for i := range commits {
				if _, err := s.Append(bounded(t), store.Commit{Events: numbered(1+i%4, fmt.Sprintf("a-%d", w), "T")}); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	wg.Wait()
	want := read(t, s, nil, store.ReadOptions{})
	if len(want) != int(total) || !slices.IsSorted(positions(want)) {
		t.Errorf("%d events at %v, want %d in order", len(want), positions(want), total)
	}
	for i := range results {
		if d := diff(want, results[i]); d != "" {
			t.Errorf("follower %d (-history +followed):\n%s", i, d)
		}
	}
}
