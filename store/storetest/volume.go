package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gestadb/gesta/store"
)

// runVolume checks what is much, and what is nothing.
func runVolume(t *testing.T, h Harness) {
	t.Run("thousands of streams", func(t *testing.T) { manyStreams(t, h.open(t)) })
	t.Run("a long history in both directions", func(t *testing.T) { longHistory(t, h) })
	t.Run("a commit of many events", func(t *testing.T) {
		const size = 10_000
		s := h.open(t)
		var events []store.Event
		for i := range size {
			events = append(events, event(fmt.Sprintf("a-%d", i%1000), fmt.Sprintf("T%d", i%10), fmt.Sprintf("x%d", i%100)))
		}
		r := commit(t, s, store.Commit{Events: events, Key: "k", Guards: []store.Guard{store.NoneMatch{}}})
		if r.First != 1 || r.Last != size || len(r.Versions) != 1000 || r.Version("a-999") != 10 || r.Versions[7].Stream != "a-7" {
			t.Errorf("wrote %d..%d in %d streams", r.First, r.Last, len(r.Versions))
		}
		got := read(t, s, nil, store.ReadOptions{})
		for i, e := range got {
			if e.Commit != 1 || e.Version != uint64(i/1000+1) || diff(events[i], e.Event) != "" {
				t.Fatalf("event %d came back as %+v", i, e)
			}
		}
		again := commit(t, s, store.Commit{Events: events, Key: "k"})
		if again.Duplicate = false; diff(r, again) != "" {
			t.Errorf("the repeat gets another result (-first +repeat):\n%s", diff(r, again))
		}
		if got := read(t, s, store.Query{{Tags: []string{"x42"}}}, store.ReadOptions{Backward: true, Limit: 3}); len(got) != 3 || got[0].Position != 9943 {
			t.Errorf("the last events with a tag are at %v", positions(got))
		}
	})
	t.Run("commits of nothing", func(t *testing.T) {
		s := h.open(t)
		write(t, s, event("a-1", "T"))
		for range 100 {
			r := commit(t, s, store.Commit{Guards: []store.Guard{store.StreamAt{Stream: "a-1", Version: 1}}})
			if r.First != 0 || r.Last != 0 || len(r.Versions) != 0 || r.Duplicate {
				t.Fatalf("a commit of nothing wrote %+v", r)
			}
		}
		if _, ok := store.As[store.Dumper](s); ok && len(dump(t, s)) != 1 {
			t.Errorf("the dump has %d commits, want 1", len(dump(t, s)))
		}
		if p := head(t, s); p != 1 {
			t.Errorf("the head is %d, want 1", p)
		}
	})
}

// manyStreams writes to thousands of streams and looks at them by name, by category and in a list.
func manyStreams(t *testing.T, s store.Store) {
	const streams, rounds, together = 3000, 2, 100
	name := func(i int) string { return fmt.Sprintf("cat%d-%d", i%13, i) }
	for round := range rounds {
		for from := 0; from < streams; from += together {
			c := store.Commit{}
			for i := from; i < from+together; i++ {
				c.Events = append(c.Events, event(name(i), "T", fmt.Sprintf("tag%d", i%17)))
				c.Guards = append(c.Guards, store.StreamAt{Stream: name(i), Version: uint64(round)})
			}
			commit(t, s, c)
		}
	}
	for i := 0; i < streams; i += 97 {
		got := read(t, s, store.Query{{Stream: name(i)}}, store.ReadOptions{})
		if d := diff([]store.Position{store.Position(i + 1), store.Position(streams + i + 1)}, positions(got)); d != "" {
			t.Errorf("stream %s (-want +got):\n%s", name(i), d)
		}
	}
	if got := read(t, s, store.Query{{Category: "cat5", Tags: []string{"tag3"}}}, store.ReadOptions{}); len(got) != rounds*count(streams, 5, 3) {
		t.Errorf("a category with a tag has %d events, want %d", len(got), rounds*count(streams, 5, 3))
	}
	infos, err := collect(power[store.Lister](t, s).Streams(bounded(t), store.StreamsOptions{}))
	if err != nil || len(infos) != streams {
		t.Fatalf("%d streams are listed, %v; want %d", len(infos), err, streams)
	}
	for i, info := range infos {
		if info.Version != rounds || i > 0 && infos[i-1].Stream >= info.Stream {
			t.Errorf("stream %d of the list is %+v", i, info)
		}
	}
}

// count counts the numbers below n that leave a by 13 and b by 17.
func count(n, a, b int) int {
	c := 0
	for i := range n {
		if i%13 == a && i%17 == b {
			c++
		}
	}
	return c
}

// longHistory reads windows of a history that no page or batch holds, and compares with what was written.
func longHistory(t *testing.T, h Harness) {
	const commits, size = 40, 250
	s := h.open(t)
	for i := range commits {
		var events []store.Event
		for j := range size {
			n := i*size + j
			events = append(events, event(fmt.Sprintf("a-%d", n%11), fmt.Sprintf("T%d", n%7), fmt.Sprintf("x%d", n%1000), "y"))
		}
		write(t, s, events...)
	}
	check := func(s store.Store) {
		t.Helper()
		all := read(t, s, nil, store.ReadOptions{})
		if len(all) != commits*size {
			t.Fatalf("%d events, want %d", len(all), commits*size)
		}
		for i, q := range []store.Query{nil, {{Tags: []string{"y"}}}, {{Stream: "a-3"}, {Types: []string{"T5"}}}, {{Category: "a", Tags: []string{"x42"}}}} {
			for _, o := range []store.ReadOptions{{}, {After: 1023, Until: 5121}, {After: 3000, Limit: 2500}, {Until: 9999, Limit: 1}} {
				var want []store.Recorded
				for _, e := range all {
					if e.Position > o.After && (o.Until == 0 || e.Position <= o.Until) && q.Matches(&e.Event) {
						want = append(want, e)
					}
				}
				for _, o.Backward = range []bool{false, true} {
					if o.Backward {
						slices.Reverse(want)
					}
					expected := want
					if o.Limit > 0 && len(want) > o.Limit {
						expected = want[:o.Limit]
					}
					if d := diff(positions(expected), positions(read(t, s, q, o))); d != "" {
						t.Errorf("query %d with %+v (-want +got):\n%s", i, o, d)
					}
				}
			}
		}
	}
	check(s)
	if h.Reopen != nil {
		check(h.reopen(t, s, Options{}))
	}
}
