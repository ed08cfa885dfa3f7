package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gestadb/gesta/store"
)

// runTruncate checks what a store that has lost its beginning says of it. The conversation truncation has the rules one
// by one, for stores that drop exactly what they are asked to.
func runTruncate(t *testing.T, h Harness) {
	const commits, size = 300, 8 << 10
	s := h.open(t)
	truncater := power[store.Truncater](t, s)
	for i := range commits {
		e := sized(size, uint32(i))
		e.Stream = fmt.Sprintf("a-%d", i%7)
		commit(t, s, store.Commit{
			Events: []store.Event{e, event("", "T", "x")}, Key: fmt.Sprint("k", i),
			Tracking: &store.Tracking{Source: "s", Position: uint64(i + 1)},
		})
	}
	last := head(t, s)
	all := read(t, s, nil, store.ReadOptions{})
	first, err := truncater.Truncate(bounded(t), last/2)
	if err != nil {
		t.Fatal(err)
	}
	if first > last/2+1 {
		t.Fatalf("truncating through %d left nothing below %d", last/2, first)
	}
	if first == 1 {
		t.Skipf("the medium drops in units larger than %d bytes", commits*size/2)
	}
	left := all[first-1:]
	check := func(s store.Store) {
		t.Helper()
		for _, o := range []store.ReadOptions{{}, {After: first - 2}, {Until: 1}, {Follow: true, Until: last}} {
			wantTruncated(t, lastError(bounded(t), t, s, nil, o), first)
		}
		for _, o := range []store.ReadOptions{{After: first - 1}, {After: first - 1, Follow: true, Until: last}} {
			if d := diff(left, read(t, s, nil, o)); d != "" {
				t.Errorf("read %+v (-left +got):\n%s", o, d)
			}
		}
		backward, err := collect(s.Read(bounded(t), nil, store.ReadOptions{Backward: true}))
		wantTruncated(t, err, first)
		if len(backward) != len(left) || backward[len(left)-1].Position != first {
			t.Errorf("a backward read yields %d events before it ends, want %d", len(backward), len(left))
		}
		_, err = s.Append(bounded(t), store.Commit{Guards: []store.Guard{store.NoneMatch{Query: store.Query{{Stream: "none"}}, After: first - 2}}})
		wantTruncated(t, err, first)
		commit(t, s, store.Commit{Guards: []store.Guard{
			store.NoneMatch{Query: store.Query{{Stream: "none"}}, After: first - 1},
			store.StreamExists{Stream: "a-0"},
			store.StreamAt{Stream: "a-0", Version: uint64((commits + 6) / 7)},
		}})
		if n, err := power[store.Tracker](t, s).Tracked(bounded(t), "s"); n != commits || err != nil {
			t.Errorf("tracked %d, %v, want %d", n, err, commits)
		}
		if _, err := power[store.Keys](t, s).Lookup(bounded(t), "k0"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the key of the first commit gets %v, want %v", err, store.ErrNotFound)
		}
		if r, err := power[store.Keys](t, s).Lookup(bounded(t), fmt.Sprint("k", commits-1)); r.Last != last || err != nil {
			t.Errorf("the key of the last commit gets %+v, %v", r, err)
		}
	}
	check(s)
	if again, err := truncater.Truncate(bounded(t), first-1); again != first || err != nil {
		t.Errorf("truncating again leaves %d, %v, want %d", again, err, first)
	}
	if h.Reopen != nil && !h.ExactTruncate {
		s = h.reopen(t, s, Options{})
		check(s)
	}
	if r := write(t, s, event("a-0", "T")); r.First != last+1 || r.Version("a-0") != (commits+6)/7+1 {
		t.Errorf("wrote %+v behind position %d", r, last)
	}
}

func wantTruncated(t testing.TB, err error, first store.Position) {
	t.Helper()
	if facts, ok := errors.AsType[*store.TruncatedError](err); !ok || facts.First != first || !errors.Is(err, store.ErrTruncated) {
		t.Errorf("got error %v, want that the store begins at %d", err, first)
	}
}
