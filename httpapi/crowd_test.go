package httpapi_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// gateway stands before a server and counts the requests that append: those of one commit, and those that go on. One that waits hands on what came as a whole.
type gateway struct {
	next         http.Handler
	waits        bool
	single, many atomic.Int64
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != "/v1/append":
	case r.ContentLength >= 0:
		g.single.Add(1)
	default:
		g.many.Add(1)
	}
	if g.waits {
		all, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(all))
	}
	g.next.ServeHTTP(w, r)
}

// TestCrowd appends from many goroutines at once: they share a connection, unless what is between waits for the end of a request, which would be for ever.
func TestCrowd(t *testing.T) {
	const workers, each = 16, 200
	for name, waits := range map[string]bool{"straight": false, "behind one that waits": true} {
		t.Run(name, func(t *testing.T) {
			inner := memory.New(memory.Options{})
			g := &gateway{waits: waits, next: httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return inner, nil }})}
			server := httptest.NewServer(g)
			t.Cleanup(server.Close)
			c, err := httpapi.Dial(bounded(t), httpapi.DialOptions{URL: server.URL, IdleTimeout: 100 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			var running sync.WaitGroup
			for w := range workers {
				running.Go(func() {
					for n := range each {
						stream := fmt.Sprint("a-", w)
						if r, err := c.Append(bounded(t), store.Commit{Events: someEvents(1, stream)}); err != nil || len(r.Versions) != 1 || r.Versions[0].Version != uint64(n+1) {
							t.Errorf("append %d to %s: %+v, %v", n, stream, r, err)
							return
						}
					}
				})
			}
			running.Wait()
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			if head, err := inner.Head(t.Context()); head != workers*each || err != nil {
				t.Errorf("%d events, %v", head, err)
			}
			single, many := g.single.Load(), g.many.Load()
			t.Logf("%d requests of one commit, %d that go on", single, many)
			if waits && (single != workers*each || many > 1) {
				t.Errorf("%d requests of one commit, %d that go on; want %d and 1", single, many, workers*each)
			}
			if !waits && (single > workers*each/4 || many < 1) {
				t.Errorf("%d requests of one commit, %d that go on", single, many)
			}
		})
	}
}
