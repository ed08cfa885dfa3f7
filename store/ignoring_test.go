package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// TestAppendIgnoring appends under guards that events of system streams break, alone and beside others.
func TestAppendIgnoring(t *testing.T) {
	s := memory.New(memory.Options{})
	t.Cleanup(func() { _ = s.Close() })
	write := func(stream string, n int) {
		t.Helper()
		if _, err := s.Append(t.Context(), store.Commit{Events: eventsOf(stream, n)}); err != nil {
			t.Fatal(err)
		}
	}
	write("a-1", 1)
	write("$s", 2*store.MaxConflictEvents) // more than a conflict tells at once
	everything := store.NoneMatch{After: 1}
	none := store.NoneMatch{Query: store.Query{{Types: []string{"none"}}}}
	for _, guards := range [][]store.Guard{{everything}, {store.StreamAt{Stream: "a-1", Version: 1}, none, everything, everything}} {
		_, err := store.AppendIgnoring(t.Context(), s, store.Commit{Guards: guards}, store.IsSystem)
		if err != nil {
			t.Errorf("under %v: %v", guards, err)
		}
	}
	if _, err := store.AppendIgnoring(t.Context(), s, store.Commit{Guards: []store.Guard{everything}}, func(string) bool { return false }); !errors.Is(err, store.ErrConflict) {
		t.Errorf("where everything is seen: %v", err)
	}
	write("a-1", 1)
	for _, guards := range [][]store.Guard{{everything}, {everything, store.StreamAt{Stream: "a-1", Version: 1}}} {
		_, err := store.AppendIgnoring(t.Context(), s, store.Commit{Guards: guards}, store.IsSystem)
		conflict, ok := errors.AsType[*store.ConflictError](err)
		if !ok {
			t.Fatalf("under %v: %v; want a conflict", guards, err)
		}
		for i, f := range conflict.Failed {
			if d := cmp.Diff(guards[i], f.Guard); d != "" {
				t.Errorf("the conflict is about another guard (-want +got):\n%s", d)
			}
		}
	}
}

func eventsOf(stream string, n int) []store.Event {
	events := make([]store.Event, n)
	for i := range events {
		events[i] = store.Event{Stream: stream, Type: "T"}
	}
	return events
}
