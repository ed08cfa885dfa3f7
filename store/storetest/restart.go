package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// runRestart checks that a store that was closed is the same when it is opened again, and goes on where it was. The
// conversation reopen has the rules one by one.
func runRestart(t *testing.T, h Harness) {
	t.Run("everything is there", func(t *testing.T) {
		now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
		o := Options{Clock: func() time.Time { now = now.Add(time.Millisecond); return now }}
		s := h.openWith(t, o)
		for round := range 5 {
			for i := range 30 {
				c := store.Commit{Key: fmt.Sprintf("k%d-%d", round, i), Events: numbered(1+i%4, fmt.Sprintf("a-%d", i%7), fmt.Sprintf("T%d", i%3), "x")}
				if i%5 == 0 {
					c.Tracking = &store.Tracking{Source: "s", Position: uint64(100*round + i + 1)}
				}
				if i%11 == 0 {
					c.Events, c.Key = nil, ""
				}
				commit(t, s, c)
			}
			if eraser, ok := store.As[store.Eraser](s); ok {
				if _, err := eraser.Erase(bounded(t), store.Erasure{Positions: []store.Position{store.Position(round + 1), head(t, s)}}); err != nil {
					t.Fatal(err)
				}
			}
			before := everything(t, s)
			s = h.reopen(t, s, o)
			if d := diff(before, everything(t, s)); d != "" {
				t.Fatalf("round %d (-before +after):\n%s", round, d)
			}
		}
	})
	t.Run("an empty store", func(t *testing.T) {
		s := h.open(t)
		for range 3 {
			s = h.reopen(t, s, Options{})
			if p := head(t, s); p != 0 {
				t.Errorf("the head is %d, want 0", p)
			}
		}
		if r := write(t, s, event("a-1", "T")); r.First != 1 {
			t.Errorf("wrote %+v, want position 1", r)
		}
	})
	t.Run("the name stays", func(t *testing.T) {
		s := h.open(t)
		id := power[store.Identity](t, s).StoreID()
		s = h.reopen(t, s, Options{})
		if got := power[store.Identity](t, s).StoreID(); got != id || !store.IsID(id) {
			t.Errorf("the store's id is %q, it was %q; want a UUID that stays", got, id)
		}
		if other := power[store.Identity](t, h.open(t)).StoreID(); other == id {
			t.Errorf("two stores have the id %q", id)
		}
	})
	t.Run("after many small lives", func(t *testing.T) {
		s := h.open(t)
		for life := range 20 {
			r := commit(t, s, store.Commit{Events: []store.Event{event("a-1", "T")}, Guards: []store.Guard{
				store.StreamAt{Stream: "a-1", Version: uint64(life)}, store.NoneMatch{After: store.Position(life)},
			}})
			if r.First != store.Position(life+1) {
				t.Fatalf("life %d: wrote %+v", life, r)
			}
			s = h.reopen(t, s, Options{})
		}
		wantEvents(t, s, 20)
	})
}

// contents are all that a store can be asked for.
type contents struct {
	Events, Backward []store.Recorded
	Dump             []store.RecordedCommit
	Streams          []store.StreamInfo
	Types            []store.TypeInfo
	Tracked          uint64
	Keys             map[string]store.Result
}

// everything asks a store for all that it can be asked for.
func everything(t testing.TB, s store.Store) contents {
	t.Helper()
	all := contents{Events: read(t, s, nil, store.ReadOptions{}), Backward: read(t, s, nil, store.ReadOptions{Backward: true})}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if p, ok := store.As[store.Dumper](s); ok {
		all.Dump, err = collect(p.Dump(bounded(t), 0))
		must(err)
	}
	if p, ok := store.As[store.Lister](s); ok {
		all.Streams, err = collect(p.Streams(bounded(t), store.StreamsOptions{}))
		must(err)
		all.Types, err = collect(p.Types(bounded(t)))
		must(err)
	}
	if p, ok := store.As[store.Tracker](s); ok {
		all.Tracked, err = p.Tracked(bounded(t), "s")
		must(err)
	}
	if p, ok := store.As[store.Keys](s); ok {
		all.Keys = map[string]store.Result{}
		for _, c := range all.Dump {
			if c.Key != "" {
				all.Keys[c.Key], err = p.Lookup(bounded(t), c.Key)
				must(err)
			}
		}
	}
	return all
}
