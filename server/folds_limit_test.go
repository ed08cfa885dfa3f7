package server_test

import (
	"context"
	"iter"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store"
)

// gated is a store whose reads wait, whatever happens to who asked, until they are released.
type gated struct {
	store.Store
	begun, release chan struct{}
}

// Unwrap returns the store itself.
func (g *gated) Unwrap() store.Store { return g.Store }

// Powers leaves out what would answer without a read.
func (g *gated) Powers() map[store.Power]store.Answer {
	out := map[store.Power]store.Answer{}
	for _, p := range store.Powers() {
		out[p] = store.Forwards
	}
	out["store.Lister"] = store.Refuses
	return out
}

// Read waits.
func (g *gated) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		g.begun <- struct{}{}
		<-g.release
		g.Store.Read(ctx, q, o)(yield)
	}
}

// TestFoldsAtOnce lets one answer from history take all the room that there is for such: all others wait, for as long as they may, and are then rateLimited, while what
// answers otherwise does so. When the room is left it is used again.
func TestFoldsAtOnce(t *testing.T) {
	served := &gated{Store: newStore(t), begun: make(chan struct{}, 100), release: make(chan struct{})}
	if _, err := served.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: "order-1", Type: "T", Data: []byte(`{"due":1}`)}}}); err != nil {
		t.Fatal(err)
	}
	s, _ := serve(t, server.Options{Store: served, Limits: server.Limits{Folds: 1, ReadTime: 50 * time.Millisecond}})
	address := s.URLs()[0]
	release := sync.OnceFunc(func() { close(served.release) })
	defer release()
	impatient := &http.Client{Timeout: 20 * time.Second}
	first := make(chan int, 1)
	go func() {
		code, _ := get(t, http.DefaultClient, address+"/v1/stats")
		first <- code
	}()
	<-served.begun
	paths := []string{
		"/v1/state?target=order-1", "/v1/diff?from=0&to=1", "/v1/blame?target=order-1", "/v1/stats", "/v1/types", "/v1/check", "/v1/streams?knownAt=1", "/v1/types?knownAt=1",
	}
	for _, path := range paths {
		r := ask(t, impatient, address+path) //nolint:bodyclose // it is, by what reads it
		if r.Header.Get("Retry-After") == "" {
			t.Errorf("%s does not say when to try again", path)
		}
		refused(t, path, r, http.StatusTooManyRequests, "rateLimited")
	}
	for _, path := range []string{"/v1/head", "/v1/stats?medium=true", "/v1/limits"} {
		if code, body := get(t, http.DefaultClient, address+path); code != http.StatusOK {
			t.Errorf("%s is %d %s", path, code, body)
		}
	}
	release()
	<-first // it took longer than it may
	for _, path := range paths {
		within(t, path+" has room", func() bool {
			code, _ := get(t, http.DefaultClient, address+path)
			return code == http.StatusOK
		})
	}
}
