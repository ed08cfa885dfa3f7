package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta/store"
)

// patience bounds every wait of the suite: what takes longer hangs. GESTA_PATIENCE in the environment sets it.
var patience = func() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("GESTA_PATIENCE")); err == nil {
		return d
	}
	return 3 * time.Minute
}()

// bounded returns a context that ends with the test, or when the suite is out of patience.
func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// receive waits for a value, and fails the test when it does not come.
func receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain")
		panic("unreachable")
	}
}

// event makes an event with a small payload.
func event(stream, typ string, tags ...string) store.Event {
	return store.Event{Stream: stream, Type: typ, Tags: tags, Data: []byte(`{"n":1}`)}
}

// numbered makes n events of a type in a stream, each with its number as data.
func numbered(n int, stream, typ string, tags ...string) []store.Event {
	out := make([]store.Event, n)
	for i := range out {
		out[i] = store.Event{Stream: stream, Type: typ, Tags: tags, Data: fmt.Append(nil, i)}
	}
	return out
}

// write appends events, which nothing keeps from being written.
func write(t testing.TB, s store.Store, events ...store.Event) store.Result {
	t.Helper()
	return commit(t, s, store.Commit{Events: events})
}

// commit appends c, which nothing keeps from being written.
func commit(t testing.TB, s store.Store, c store.Commit) store.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := s.Append(ctx, c)
	if err != nil {
		t.Fatalf("append %d events: %v", len(c.Events), err)
	}
	return r
}

// read returns everything that a read without error yields.
func read(t testing.TB, s store.Store, q store.Query, o store.ReadOptions) []store.Recorded {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out []store.Recorded
	for e, err := range s.Read(ctx, q, o) {
		if err != nil {
			t.Fatalf("read %+v with %+v: %v", q, o, err)
		}
		out = append(out, e)
	}
	return out
}

// head returns the head.
func head(t testing.TB, s store.Store) store.Position {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p, err := s.Head(ctx)
	if err != nil {
		t.Fatalf("head: %v", err)
	}
	return p
}

// dump returns everything that a dump yields.
func dump(t testing.TB, s store.Store) []store.RecordedCommit {
	t.Helper()
	var out []store.RecordedCommit
	for c, err := range power[store.Dumper](t, s).Dump(bounded(t), 0) {
		if err != nil {
			t.Fatalf("dump: %v", err)
		}
		out = append(out, c)
	}
	return out
}

// positions returns where events are.
func positions(events []store.Recorded) []store.Position {
	out := []store.Position{}
	for i := range events {
		out = append(out, events[i].Position)
	}
	return out
}

// diff compares what stores return: nil and empty slices are the same.
func diff(want, got any) string {
	if reflect.DeepEqual(want, got) { // which takes a tenth of the time
		return ""
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// refused checks that err says that nothing was written, and is want.
func refused(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
	if errors.Is(err, store.ErrUnknown) {
		t.Errorf("got error %v, which does not say that nothing was written", err)
	}
}

// lastError reads to the end and returns the error that ended the read, nil for none. It checks that an error comes once,
// last, with a zero event.
func lastError(ctx context.Context, t testing.TB, s store.Store, q store.Query, o store.ReadOptions) error {
	t.Helper()
	var last error
	for e, err := range s.Read(ctx, q, o) {
		if last != nil {
			t.Errorf("after the error %v came %v, %v", last, e, err)
		}
		if err != nil && diff(store.Recorded{}, e) != "" {
			t.Errorf("with the error %v came the event %v", err, e)
		}
		last = err
	}
	return last
}
