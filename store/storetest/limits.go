package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
)

// runLimits checks what is at a limit, and what is just beyond it.
func runLimits(t *testing.T, h Harness) {
	t.Run("names", func(t *testing.T) {
		s := h.open(t)
		limit := limits(s).NameBytes
		fits, long := strings.Repeat("é", limit/2)+strings.Repeat("x", limit%2), strings.Repeat("x", limit+1)
		commit(t, s, store.Commit{Events: []store.Event{event(fits, fits, fits)}, Key: fits})
		for _, c := range []store.Commit{
			{Events: []store.Event{event(long, "T")}},
			{Events: []store.Event{event("a-1", long)}},
			{Events: []store.Event{event("a-1", "T", long)}},
			{Events: []store.Event{event("a-1", "T")}, Key: long},
			{Events: []store.Event{{Type: "T", ContentType: long}}},
			{Events: []store.Event{event("a-1", "T")}, Tracking: &store.Tracking{Source: long, Position: 1}},
			{Guards: []store.Guard{store.StreamAt{Stream: long}}},
			{Guards: []store.Guard{store.StreamExists{Stream: long}}},
			{Guards: []store.Guard{store.NoneMatch{Query: store.Query{{Category: long}}}}},
		} {
			tooLarge(t, s, c)
		}
		if err := lastError(bounded(t), t, s, store.Query{{Tags: []string{long}}}, store.ReadOptions{}); !errors.Is(err, store.ErrTooLarge) {
			t.Errorf("a read gets %v, want %v", err, store.ErrTooLarge)
		}
		wantEvents(t, s, 1)
	})
	t.Run("envelopes", func(t *testing.T) {
		s := h.open(t)
		e := envelope(limits(s).EnvelopeBytes)
		write(t, s, e)
		got := read(t, s, store.Query{{Tags: e.Tags[len(e.Tags)-1:]}}, store.ReadOptions{})
		if len(got) != 1 || diff(e, got[0].Event) != "" {
			t.Errorf("the largest envelope came back as %v", got)
		}
		tooLarge(t, s, store.Commit{Events: []store.Event{envelope(limits(s).EnvelopeBytes + 1)}})
		wantEvents(t, s, 1)
	})
	t.Run("events", func(t *testing.T) {
		s := h.open(t)
		for _, metadata := range []bool{false, true} {
			e := sized(limits(s).EventBytes, 1)
			if metadata {
				e.Data, e.Metadata = nil, e.Data
			}
			r := write(t, s, e)
			got := read(t, s, nil, store.ReadOptions{After: r.First - 1})
			if len(got) != 1 || !bytes.Equal(got[0].Data, e.Data) || !bytes.Equal(got[0].Metadata, e.Metadata) {
				t.Error("the largest event did not come back as it was")
			}
		}
		tooLarge(t, s, store.Commit{Events: []store.Event{sized(limits(s).EventBytes+1, 1)}})
		wantEvents(t, s, 2)
	})
	t.Run("commits", func(t *testing.T) { largestCommit(t, h) })
	t.Run("guards", func(t *testing.T) {
		s := h.open(t)
		var guards []store.Guard
		for i := range store.MaxGuards {
			guards = append(guards, store.StreamAt{Stream: fmt.Sprintf("a-%d", i)})
		}
		commit(t, s, store.Commit{Events: []store.Event{event("a-0", "T")}, Guards: guards})
		_, err := s.Append(bounded(t), store.Commit{Guards: guards})
		if conflict, ok := errors.AsType[*store.ConflictError](err); !ok || len(conflict.Failed) != 1 {
			t.Errorf("got %v, want one guard to fail", err)
		}
		tooLarge(t, s, store.Commit{Events: []store.Event{event("a-9", "T")}, Guards: append(guards, guards[1])})
		wantEvents(t, s, 1)
	})
	t.Run("query parts", func(t *testing.T) {
		s := h.open(t)
		write(t, s, event("a-1", "T3"), event("a-2", "none", "t7"))
		var types []string
		for i := range store.MaxQueryParts/2 - 1 {
			types = append(types, fmt.Sprintf("T%d", i))
		}
		q := store.Query{{Types: types}, {Types: types}} // 2 items
		if got := read(t, s, q, store.ReadOptions{}); len(got) != 1 {
			t.Errorf("got %v, want one event", got)
		}
		commit(t, s, store.Commit{Guards: []store.Guard{store.NoneMatch{Query: q, After: 2}}})
		more := append(q, store.Item{})
		if err := lastError(bounded(t), t, s, more, store.ReadOptions{}); !errors.Is(err, store.ErrTooLarge) {
			t.Errorf("a read gets %v, want %v", err, store.ErrTooLarge)
		}
		tooLarge(t, s, store.Commit{Guards: []store.Guard{store.NoneMatch{Query: more, After: 2}}})
		tooLarge(t, s, store.Commit{Guards: []store.Guard{
			store.NoneMatch{Query: q, After: 2}, store.NoneMatch{Query: store.Query{{}}, After: 2},
		}})
	})
	t.Run("facts of a conflict", func(t *testing.T) { conflictFacts(t, h.open(t)) })
}

// limits returns the limits of a store.
func limits(s store.Store) store.Limits {
	if l, ok := store.As[store.Limiter](s); ok {
		return l.Limits()
	}
	return store.DefaultLimits()
}

// tooLarge checks that a commit is refused with the facts of a limit.
func tooLarge(t testing.TB, s store.Store, c store.Commit) {
	t.Helper()
	_, err := s.Append(bounded(t), c)
	refused(t, err, store.ErrTooLarge)
	if facts, ok := errors.AsType[*store.TooLargeError](err); !ok || facts.Got <= facts.Max || facts.What == "" || facts.Unit == "" {
		t.Errorf("got %#v, want what is beyond which limit", err)
	}
}

func wantEvents(t testing.TB, s store.Store, want int) {
	t.Helper()
	if got := read(t, s, nil, store.ReadOptions{}); len(got) != want {
		t.Errorf("the store has %d events, want %d", len(got), want)
	}
}

// envelope makes an event whose envelope counts n bytes, most of them tags.
func envelope(n int) store.Event {
	e := store.Event{Type: "T", Data: []byte("data")}
	for i := 0; store.EnvelopeBytes(&e)+1000 < n; i++ {
		e.Tags = append(e.Tags, fmt.Sprintf("%-500d.", i))
	}
	e.Tags = append(e.Tags, "x")
	for left := n - store.EnvelopeBytes(&e); left > 0; left = n - store.EnvelopeBytes(&e) {
		last := &e.Tags[len(e.Tags)-1]
		if room := store.MaxNameBytes - len(*last); room > 0 {
			*last += strings.Repeat("x", min(left, room))
			continue
		}
		e.Tags = append(e.Tags, "x")
	}
	return e
}

// sized makes an event that counts n bytes, most of them data that a seed decides.
func sized(n int, seed uint32) store.Event {
	e := store.Event{Stream: "a-1", Type: "T"}
	e.Data = make([]byte, n-store.EventBytes(&e))
	x := seed
	for i := range e.Data {
		x = x*1664525 + 1013904223
		e.Data[i] = byte(x >> 24)
	}
	return e
}

// largestCommit writes a commit that could not be a byte larger.
func largestCommit(t *testing.T, h Harness) {
	if testing.Short() {
		t.Skip("short")
	}
	s := h.open(t)
	l := limits(s)
	c := store.Commit{Key: "k"}
	left := l.CommitBytes - len(c.Key)
	for seed := uint32(1); left > 0 && (l.CommitEvents == 0 || len(c.Events) < l.CommitEvents); seed++ {
		n := min(left, l.EventBytes)
		if left > n && left-n < 1024 {
			n -= 1024 // so that an event fits behind it
		}
		c.Events = append(c.Events, sized(n, seed))
		left -= n
	}
	write(t, s, event("b-1", "before"))
	r := commit(t, s, c)
	write(t, s, event("b-1", "after"))
	check := func(s store.Store) {
		i := 0
		for e, err := range s.Read(bounded(t), store.Query{{Stream: "a-1"}}, store.ReadOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			if i >= len(c.Events) || !bytes.Equal(e.Data, c.Events[i].Data) || e.Commit != r.First {
				t.Fatalf("event %d of the largest commit did not come back as it was", i)
			}
			i++
		}
		if i != len(c.Events) {
			t.Errorf("%d events came back, want %d", i, len(c.Events))
		}
		if again := commit(t, s, c); !again.Duplicate {
			t.Errorf("the repeat gets %+v", again)
		}
	}
	check(s)
	if h.Reopen != nil {
		s = h.reopen(t, s, Options{})
		check(s)
	}
	c.Key = "kk"
	tooLarge(t, s, c)
	if got := head(t, s); got != r.Last+1 {
		t.Errorf("the head is %d, want %d", got, r.Last+1)
	}
}

// conflictFacts checks that a conflict carries at most MaxConflictEvents, the first, and says when they are not all.
func conflictFacts(t *testing.T, s store.Store) {
	const most = store.MaxConflictEvents
	write(t, s, numbered(most, "a-1", "T", "x")...)
	guards := []store.Guard{
		store.StreamAt{Stream: "a-1"},
		store.NoneMatch{Query: store.Query{{Tags: []string{"x"}}}},
		store.NoneMatch{},
		store.NoneMatch{After: most - 1},
	}
	for _, more := range []bool{false, true} {
		if more {
			write(t, s, event("a-1", "T", "x"))
		}
		_, err := s.Append(bounded(t), store.Commit{Guards: guards})
		conflict, ok := errors.AsType[*store.ConflictError](err)
		if !ok || len(conflict.Failed) != len(guards) {
			t.Fatalf("got %v, want a conflict of %d guards", err, len(guards))
		}
		all := read(t, s, nil, store.ReadOptions{})
		for i, f := range conflict.Failed {
			want := all[:most]
			if i == 3 {
				want = all[most-1:]
			}
			if f.Complete != (!more || i == 3) {
				t.Errorf("%s: complete %t with %d of %d events", f.Guard, f.Complete, len(f.Events), len(all))
			}
			if d := diff(want, f.Events); d != "" {
				t.Errorf("%s (-want +got):\n%s", f.Guard, d)
			}
		}
	}
}
