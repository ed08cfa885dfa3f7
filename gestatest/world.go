package gestatest

import (
	"context"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// recordedIn returns a store in memory with the past in it, which is closed when the test ends. With others, events at which nobody looks lie between.
func recordedIn(t testing.TB, p past, others []store.Event, looks []look) store.Store {
	t.Helper()
	now := p.now
	s := memory.New(memory.Options{Clock: func() time.Time { return now }})
	t.Cleanup(func() { _ = s.Close() })
	ctx := t.Context()
	for begin := 0; begin < len(p.events); {
		end := begin
		var commit store.Commit
		for end < len(p.events) && p.events[end].Commit == p.events[begin].Commit {
			commit.Events = append(commit.Events, p.events[end].Event)
			end++
		}
		now = p.events[begin].RecordedAt
		disturb(ctx, t, s, others, looks, commit.Events)
		if _, err := s.Append(ctx, commit); err != nil {
			t.Fatalf("the given events are refused: %v\n%s", err, p.text())
		}
		begin = end
	}
	now = p.now
	disturb(ctx, t, s, others, looks, nil)
	return s
}

// disturb appends others, and one event to each stream of the events that come next, as far as nobody looks at them.
func disturb(ctx context.Context, t testing.TB, s store.Store, others []store.Event, looks []look, next []store.Event) {
	t.Helper()
	if len(others) == 0 {
		return
	}
	var commit store.Commit
	for _, e := range others {
		if !selects(looks, &e) {
			commit.Events = append(commit.Events, e)
		}
	}
	for i := range next {
		if next[i].Stream == "" {
			continue
		}
		if e := (store.Event{Type: strangeType, Stream: next[i].Stream}); !selects(looks, &e) {
			commit.Events = append(commit.Events, e)
		}
	}
	if _, err := s.Append(ctx, commit); err != nil {
		t.Fatalf("append events that no view looks at: %v", err)
	}
}

// strangeType is a type that no program has.
const strangeType = "gestatest.something-else"

// strangers returns events that are no concern of those who test: of each type that they write, and of one that is not theirs.
func (c *encoder) strangers() []store.Event {
	others := []store.Event{{Type: strangeType}, {Type: strangeType, Stream: "gestatest-elsewhere"}}
	for _, shape := range c.db.Shapes() {
		others = append(others, store.Event{Type: shape.Type, SchemaVersion: shape.Version, Stream: "gestatest-elsewhere", Data: []byte("{}")})
	}
	return others
}
