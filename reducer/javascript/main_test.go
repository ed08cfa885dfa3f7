package javascript_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/javascript"
	"github.com/gestadb/gesta/reducer/sandbox"
	"github.com/gestadb/gesta/store"
)

// TestMain is the child too: the package starts the program that runs again.
func TestMain(m *testing.M) {
	if sandbox.IsChild(os.Args) {
		sandbox.RunChild(os.Stdin, os.Stdout, os.Stderr, os.Exit, &javascript.Language)
		return
	}
	goleak.VerifyTestMain(m)
}

// rule returns the reducer that a source says, closed when the test ends. A handler may take long: machines that test are busy.
func rule(tb testing.TB, source string, o javascript.Options) *javascript.Reducer {
	tb.Helper()
	if o.Time == 0 {
		o.Time = 30 * time.Second
	}
	r, err := javascript.New("test.js", []byte(source), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := r.Close(); err != nil {
			tb.Error(err)
		}
	})
	return r
}

// begin begins a fold that is closed when the test ends.
func begin(tb testing.TB, r reducer.Reducer) reducer.Fold {
	tb.Helper()
	f, err := r.New(within(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := f.Close(); err != nil {
			tb.Error(err)
		}
	})
	return f
}

// within returns a context that ends what hangs.
func within(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second) //nolint:usetesting // folds are closed after the test's own context
	tb.Cleanup(cancel)
	return ctx
}

// event returns an event of a type, by which its place in the stream is given.
func event(version int, typ, data string) store.Recorded {
	return store.Recorded{
		Event:    store.Event{Stream: "order-1", Type: typ, Data: []byte(data)},
		Position: store.Position(100 + version), Version: uint64(version),
		RecordedAt: time.Date(2026, 11, 21, 10, 0, version, 120000, time.UTC),
	}
}

// events numbers pairs of a type and data from 1.
func events(pairs ...string) []store.Recorded {
	var out []store.Recorded
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, event(i/2+1, pairs[i], pairs[i+1]))
	}
	return out
}

func sequence(events []store.Recorded) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for _, r := range events {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// run folds events and returns how many were applied.
func run(tb testing.TB, f reducer.Fold, events []store.Recorded, w reducer.Want) (applied int) {
	tb.Helper()
	n := 0
	for step, err := range f.Steps(sequence(events), w) {
		if err != nil {
			tb.Fatal(err)
		}
		if step.Event.Position != events[n].Position {
			tb.Fatalf("step %d is of the event at %d", n, step.Event.Position)
		}
		if n++; step.Applied {
			applied++
		}
	}
	if n != len(events) {
		tb.Fatalf("%d steps of %d events", n, len(events))
	}
	return applied
}

// state folds events by a source.
func state(tb testing.TB, source string, events []store.Recorded) string {
	tb.Helper()
	f := begin(tb, rule(tb, source, javascript.Options{}))
	run(tb, f, events, reducer.Want{})
	return string(f.AppendState(nil))
}

// texts writes changes in lines.
func texts(changes []reducer.Change) []string {
	var out []string
	for _, c := range changes {
		out = append(out, fmt.Sprintf("%s %s %s -> %s", c.Op(), c.Path, c.Old, c.New))
	}
	return out
}

func compact(tb testing.TB, text []byte) string {
	tb.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		tb.Fatalf("%v: %s", err, text)
	}
	return b.String()
}
