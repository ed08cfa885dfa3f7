package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// shortened serves a store, and breaks the connection of its first read after so many bytes of the answer.
type shortened struct {
	inner  http.Handler
	after  int
	broken atomic.Bool
	length int // of the answer that was broken
}

func (s *shortened) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v1/read" || s.broken.Swap(true) {
		s.inner.ServeHTTP(w, r)
		return
	}
	whole := httptest.NewRecorder()
	s.inner.ServeHTTP(whole, r)
	s.length = whole.Body.Len()
	w.Header().Set("Content-Type", whole.Header().Get("Content-Type"))
	w.WriteHeader(whole.Code)
	_, _ = w.Write(whole.Body.Bytes()[:min(s.after, s.length)])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// read reads once, over a connection that breaks after so many bytes, and returns how many the answer would have had.
func (s *shortened) read(ctx context.Context, q store.Query, o store.ReadOptions) (got []store.Recorded, length int, err error) {
	server := httptest.NewServer(s)
	defer server.Close()
	c, err := httpapi.Dial(ctx, httpapi.DialOptions{URL: server.URL})
	if err != nil {
		return nil, 0, err
	}
	got, err = collect(c.Read(ctx, q, o))
	return got, s.length, errors.Join(err, c.Close())
}

// A read goes on wherever in its answer the connection breaks: each event comes once, those at both ends of the store too.
func TestReadsGoOnFromAnywhere(t *testing.T) {
	s := memory.New(memory.Options{})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for range 3 {
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "a-1", Type: "T"}, {Type: "U"}}}); err != nil {
			t.Fatal(err)
		}
	}
	inner := httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return s, nil }})
	for name, o := range map[string]store.ReadOptions{
		"forward": {}, "backward": {Backward: true}, "backward with a limit": {Backward: true, Limit: 3}, "between": {After: 2, Until: 5},
		"backward between": {Backward: true, After: 2, Until: 5}, "the first, backward": {Backward: true, Until: 1}, "following": {Follow: true, Until: 6},
	} {
		t.Run(name, func(t *testing.T) {
			q := store.Query{{Stream: "a-1"}, {Types: []string{"U"}}}
			plain := o
			plain.Follow = false
			want, err := collect(s.Read(t.Context(), q, plain))
			if err != nil {
				t.Fatal(err)
			}
			check := func(after int) (length int) {
				got, length, err := (&shortened{inner: inner, after: after}).read(bounded(t), q, o)
				if diff := cmp.Diff(want, got); diff != "" || err != nil || length == 0 {
					t.Errorf("broken after %d bytes of %d: %v (-want +got):\n%s", after, length, err, diff)
				}
				return length
			}
			var wg sync.WaitGroup
			for n := range check(1 << 20) { // all at once: each waits before it goes on
				wg.Go(func() { check(n) })
			}
			wg.Wait()
		})
	}
}
