package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store"
)

// runStart checks the power Starter.
func runStart(t *testing.T, h Harness) {
	t.Run("judged in the order started", func(t *testing.T) {
		s := h.open(t)
		starter := power[store.Starter](t, s)
		const commits = 300
		var waits []func() (store.Result, error)
		for i := range commits { // each rests on the one before
			version := uint64(i - (i+2)/3) // of what is written before: every third is refused
			if i%3 == 0 {
				version = 1000
			}
			waits = append(waits, starter.Start(bounded(t), store.Commit{
				Events: []store.Event{event("a-1", "T")},
				Guards: []store.Guard{store.StreamAt{Stream: "a-1", Version: version}},
			}))
		}
		last := store.Position(0)
		for i, wait := range waits {
			r, err := wait()
			if i%3 == 0 {
				refused(t, err, store.ErrConflict)
				continue
			}
			if err != nil || r.First <= last {
				t.Fatalf("commit %d: %+v, %v after position %d", i, r, err, last)
			}
			last = r.First
		}
		if n := len(read(t, s, nil, store.ReadOptions{})); n != commits-commits/3 {
			t.Errorf("%d events, want %d", n, commits-commits/3)
		}
	})
	t.Run("wait again, from anywhere", func(t *testing.T) {
		s := h.open(t)
		wait := power[store.Starter](t, s).Start(bounded(t), store.Commit{Events: numbered(2, "a-1", "T")})
		want, err := wait()
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if got, err := wait(); err != nil || diff(want, got) != "" {
					t.Errorf("got %+v, %v, want %+v", got, err, want)
				}
			})
		}
		wg.Wait()
	})
	t.Run("a wait that nobody calls", func(t *testing.T) {
		s := h.open(t)
		starter := power[store.Starter](t, s)
		for range 50 {
			starter.Start(bounded(t), store.Commit{Events: numbered(2, "a-1", "T")})
		}
		if r := write(t, s, event("a-1", "T")); r.Version("a-1") != 101 {
			t.Errorf("wrote %+v, want version 101", r)
		}
	})
	t.Run("invalid commits are refused by wait", func(t *testing.T) {
		s := h.open(t)
		_, err := power[store.Starter](t, s).Start(bounded(t), store.Commit{Events: []store.Event{{}}})()
		refused(t, err, store.ErrInvalid)
	})
	t.Run("a key that is on its way", func(t *testing.T) {
		s := h.open(t)
		starter := power[store.Starter](t, s)
		c := store.Commit{Key: "k", Events: numbered(2, "a-1", "T"), Guards: []store.Guard{store.StreamAt{Stream: "a-1"}}}
		var waits []func() (store.Result, error)
		for range 20 {
			waits = append(waits, starter.Start(bounded(t), c))
		}
		other := c
		other.Events = numbered(3, "a-1", "T")
		reused := starter.Start(bounded(t), other)
		for i, wait := range waits {
			if r, err := wait(); err != nil || r.First != 1 || r.Last != 2 || r.Duplicate != (i > 0) {
				t.Errorf("commit %d: %+v, %v", i, r, err)
			}
		}
		_, err := reused()
		refused(t, err, store.ErrKeyReused)
	})
	t.Run("a store that closes with commits on their way", func(t *testing.T) {
		s := h.Open(t, Options{})
		starter := power[store.Starter](t, s)
		var waits []func() (store.Result, error)
		for range 50 {
			waits = append(waits, starter.Start(bounded(t), store.Commit{Events: numbered(2, "a-1", "T")}))
		}
		if h.Reopen == nil {
			closeStore(t, s)
		} else {
			s = h.reopen(t, s, Options{})
		}
		written := 0
		for _, wait := range waits {
			if _, err := wait(); err == nil {
				written++
			} else {
				refused(t, err, store.ErrClosed)
			}
		}
		if h.Reopen != nil {
			wantEvents(t, s, 2*written)
		}
	})
	t.Run("many goroutines", func(t *testing.T) {
		s := h.open(t)
		starter := power[store.Starter](t, s)
		var wg sync.WaitGroup
		for w := range 6 {
			wg.Go(func() {
				stream := fmt.Sprintf("a-%d", w)
				var waits []func() (store.Result, error)
				for i := range 50 {
					waits = append(waits, starter.Start(bounded(t), store.Commit{
						Events: []store.Event{event(stream, "T")},
						Guards: []store.Guard{store.StreamAt{Stream: stream, Version: uint64(i)}},
					}))
				}
				for i, wait := range waits {
					if r, err := wait(); err != nil || r.Version(stream) != uint64(i+1) {
						t.Errorf("%s, commit %d: %+v, %v", stream, i, r, err)
					}
				}
			})
		}
		wg.Wait()
	})
}
