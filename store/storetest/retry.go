package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store"
)

// runRetry checks that a commit with a key is written once, however often and from wherever it is sent.
func runRetry(t *testing.T, h Harness) {
	t.Run("from many goroutines", func(t *testing.T) { retryTogether(t, h.open(t)) })
	t.Run("keys that differ by little", func(t *testing.T) {
		s := h.open(t)
		keys := append(oddNames(), "k", "k ", "K", "kk", "k1", "k10")
		for i, key := range keys {
			r := commit(t, s, store.Commit{Key: key, Events: []store.Event{event("a-1", "T")}})
			if r.Duplicate || r.First != store.Position(i+1) {
				t.Fatalf("key %q: %+v", key, r)
			}
		}
		for i, key := range keys {
			r := commit(t, s, store.Commit{Key: key, Events: []store.Event{event("a-1", "T")}})
			if !r.Duplicate || r.First != store.Position(i+1) {
				t.Errorf("the repeat of key %q gets %+v, want position %d", key, r, i+1)
			}
		}
	})
	t.Run("facts of a key in use", func(t *testing.T) {
		s := h.open(t)
		write(t, s, event("a-1", "T"))
		commit(t, s, store.Commit{Key: "k", Events: numbered(3, "a-1", "T")})
		_, err := s.Append(bounded(t), store.Commit{Key: "k", Events: numbered(2, "a-1", "T")})
		refused(t, err, store.ErrKeyReused)
		if reused, ok := errors.AsType[*store.KeyReusedError](err); !ok || reused.Key != "k" || reused.First != 2 {
			t.Errorf("got %#v, want the key and position 2", err)
		}
	})
	t.Run("large commits are compared whole", func(t *testing.T) {
		s := h.open(t)
		large := func(last byte) store.Commit {
			events := numbered(2000, "a-1", "T", "x")
			data := append([]byte{}, events[1999].Data...)
			events[1999].Data = append(data, last)
			return store.Commit{Key: "k", Events: events}
		}
		first := commit(t, s, large('a'))
		for range 100 { // so that it is long ago
			write(t, s, event("b-1", "T"))
		}
		if r := commit(t, s, large('a')); !r.Duplicate || r.First != first.First || r.Last != first.Last {
			t.Errorf("the repeat gets %+v, want %+v", r, first)
		}
		_, err := s.Append(bounded(t), large('b'))
		refused(t, err, store.ErrKeyReused)
	})
}

// retryTogether sends each commit from many goroutines, half with a guard that the first of them breaks, and others under
// the same key that are no repeats.
func retryTogether(t *testing.T, s store.Store) {
	const rounds, senders = 25, 8
	for round := range rounds {
		key := fmt.Sprintf("k%d", round)
		stream := fmt.Sprintf("a-%d", round)
		results := make([]store.Result, senders)
		errs := make([]error, senders)
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i := range senders {
			wg.Go(func() {
				c := store.Commit{Key: key, Events: numbered(2, stream, "T", "x")}
				if i%2 == 0 {
					c.Guards = []store.Guard{store.StreamAt{Stream: stream}, store.NoneMatch{Query: store.Query{{Stream: stream}}}}
				}
				if i == senders-1 {
					c.Events[1].Type = "other"
				}
				<-start
				results[i], errs[i] = s.Append(bounded(t), c)
			})
		}
		close(start)
		wg.Wait()
		written := 0
		for i := range senders {
			if errs[i] == nil && !results[i].Duplicate {
				written++
			}
		}
		if written != 1 {
			t.Errorf("round %d: %d of the senders wrote, want 1: %+v, %v", round, written, results, errs)
		}
		otherWon := errs[senders-1] == nil
		for i := range senders - 1 {
			if otherWon {
				refused(t, errs[i], store.ErrKeyReused)
				continue
			}
			r, want := results[i], results[0]
			if r.Duplicate, want.Duplicate = true, true; errs[i] != nil || diff(want, r) != "" {
				t.Errorf("round %d: sender %d got %+v, %v, another %+v", round, i, r, errs[i], want)
			}
		}
		if !otherWon {
			refused(t, errs[senders-1], store.ErrKeyReused)
		}
	}
	if n := len(read(t, s, nil, store.ReadOptions{})); n != 2*rounds {
		t.Errorf("%d events, want %d", n, 2*rounds)
	}
}
