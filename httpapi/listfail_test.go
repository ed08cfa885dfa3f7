package httpapi_test

import (
	"context"
	"errors"
	"iter"
	"net/http/httptest"
	"testing"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// failing is a store whose lists end with an error after their first thing.
type failing struct {
	*memory.Store
	err error
}

func failingAfterOne[T any](seq iter.Seq2[T, error], failure error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for it, err := range seq {
			if !yield(it, err) {
				return
			}
			break
		}
		var none T
		yield(none, failure)
	}
}

func (f *failing) Dump(ctx context.Context, after store.Position) iter.Seq2[store.RecordedCommit, error] {
	return failingAfterOne(f.Store.Dump(ctx, after), f.err)
}

func (f *failing) Streams(ctx context.Context, o store.StreamsOptions) iter.Seq2[store.StreamInfo, error] {
	return failingAfterOne(f.Store.Streams(ctx, o), f.err)
}

func (f *failing) ByID(ctx context.Context, id string) iter.Seq2[store.Recorded, error] {
	return failingAfterOne(f.Store.ByID(ctx, id), f.err)
}

// What lies before the place where a list fails is told, as it is by a store that is no server's: damage does not take with it what came before.
func TestListsTellWhatCameBeforeAnError(t *testing.T) {
	damage := &store.DamagedError{File: "log/00000001.seg", Offset: 77, Position: 2, Problem: "checksum"}
	f := &failing{memory.New(memory.Options{}), damage}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	const id = "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11"
	for range 2 {
		if _, err := f.Append(t.Context(), store.Commit{Events: []store.Event{{ID: id, Stream: "a-1", Type: "T"}}}); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return f, nil }}))
	t.Cleanup(server.Close)
	c := dial(t, server.URL)
	for name, count := range map[string]func() (int, error){
		"Dump":    func() (int, error) { return counted(c.Dump(t.Context(), 0)) },
		"Streams": func() (int, error) { return counted(c.Streams(t.Context(), store.StreamsOptions{})) },
		"ByID":    func() (int, error) { return counted(c.ByID(t.Context(), id)) },
	} {
		n, err := count()
		told, ok := errors.AsType[*store.DamagedError](err)
		if n != 1 || !ok || told.File != damage.File || told.Position != damage.Position {
			t.Errorf("%s yields %d, then %v; want 1, then %v", name, n, err, damage)
		}
	}
}

func counted[T any](seq iter.Seq2[T, error]) (n int, err error) {
	for _, err := range seq {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
