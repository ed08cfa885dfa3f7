package history_test

import (
	"testing"
	"time"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// day returns noon of a day of November 2026.
func day(n int) time.Time { return time.Date(2026, 11, n, 12, 0, 0, 0, time.UTC) }

var clock = history.Clock{Now: day(20), Zone: time.UTC}

// fixture is a store with one commit a day, from November 1 on.
type fixture struct {
	*memory.Store
	t   *testing.T
	day int
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t}
	f.Store = memory.New(memory.Options{Clock: func() time.Time { return day(f.day) }})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// commit appends events on the next day.
func (f *fixture) commit(events ...store.Event) store.Result {
	f.t.Helper()
	f.day++
	r, err := f.Append(f.t.Context(), store.Commit{Events: events})
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func event(stream, typ, data string, tags ...string) store.Event {
	return store.Event{Stream: stream, Type: typ, Data: []byte(data), Tags: tags}
}

// orders is the fixture that most tests ask: positions 1 to 8 on days 1 to 6.
func orders(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	f.commit(event("order-1", "Placed", `{"due":10,"city":"Lyon"}`, "c:7"))                                // #1
	f.commit(event("order-2", "Placed", `{"due":5}`, "c:8"), event("order-1", "Paid", `{"due":0}`, "c:7")) // #2 #3
	f.commit(event("", "Noted", `{"note":"x"}`, "c:7"))                                                    // #4
	f.commit(event("odd @2 name", "Made", `{}`), event("7", "Made", `{}`))                                 // #5 #6
	f.commit(event("order-1", "Moved", `{"city":"Nice"}`, "c:7"))                                          // #7
	f.commit(event("order-2", "Moved", `"no object"`))                                                     // #8
	return f
}
