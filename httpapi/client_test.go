package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
	"github.com/gestadb/gesta/store/storetest"
)

func TestPowers(t *testing.T) {
	c := dial(t, serveHandler(t, newShop(t), httpapi.Options{}).URL)
	storetest.RunWrapper(t, c)
	if _, ok := store.As[store.Truncater](c); ok {
		t.Error("truncating goes over HTTP")
	}
	if c.StoreID() != testID || c.Limits() != store.DefaultLimits() {
		t.Errorf("got %s, %+v", c.StoreID(), c.Limits())
	}
}

// TestPowersThatAreNotThere dials a store that can nothing but what every store can.
func TestPowersThatAreNotThere(t *testing.T) {
	server := serveHandler(t, struct{ store.Store }{newShop(t)}, httpapi.Options{})
	c := dial(t, server.URL)
	storetest.RunWrapper(t, c)
	for power, answer := range c.Powers() {
		want := store.Refuses
		if power == "store.Starter" || power == "store.Limiter" {
			want = store.Provides
		}
		if answer != want {
			t.Errorf("%s: %d, want %d", power, answer, want)
		}
	}
	if _, err := c.Lookup(bounded(t), "k/1"); eventjson.Describe(err).Code != eventjson.CodeUsage {
		t.Errorf("the power that was refused answers %v", err)
	}
	if r, err := c.Start(bounded(t), store.Commit{Events: someEvents(1, "a-1")})(); err != nil || r.First != 6 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// TestRefusals tells what servers, and what is none, refuse with.
func TestRefusals(t *testing.T) {
	denied := &eventjson.Error{Code: eventjson.CodeDenied, Message: "ada may not read this", Hint: "ask for the role read"}
	for name, tt := range map[string]struct {
		handler http.Handler
		code    eventjson.Code
		message string
	}{
		"a store that is denied": {
			httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return nil, denied }}), eventjson.CodeDenied, denied.Message,
		},
		"what stands before the handler": {http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "Bearer secret" {
				r.Header.Del("Accept") // as one that knows no frames
				httpapi.WriteError(w, r, &eventjson.Error{Code: eventjson.CodeUnauthenticated, Message: "the token is revoked"})
			}
		}), eventjson.CodeUnauthenticated, "the token is revoked"},
		"another server": {http.NotFoundHandler(), eventjson.CodeNotFound, ""},
		"another answer": {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"basis":{}}`)) }), eventjson.CodeUnavailable, ""},
		"no JSON":        {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`hello`)) }), eventjson.CodeUnavailable, ""},
		"a redirection":  {http.RedirectHandler("/elsewhere", http.StatusFound), eventjson.CodeInternal, ""},
		"a gateway":      {http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }), eventjson.CodeUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			_, err := httpapi.Dial(bounded(t), httpapi.DialOptions{URL: server.URL, Token: "secret"})
			if d := eventjson.Describe(err); d.Code != tt.code || tt.message != "" && d.Message != tt.message {
				t.Errorf("got %s, %v; want %s, %s", d.Code, err, tt.code, tt.message)
			}
		})
	}
	for _, url := range []string{"", "127.0.0.1:1", "ftp://x", "http://", "http://x?y=1"} {
		if _, err := httpapi.Dial(bounded(t), httpapi.DialOptions{URL: url}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%q: %v, want %v", url, err, store.ErrInvalid)
		}
	}
	if _, err := httpapi.Dial(bounded(t), httpapi.DialOptions{URL: "http://127.0.0.1:1"}); eventjson.Describe(err).Code != eventjson.CodeUnavailable {
		t.Errorf("nobody listens: %v", err)
	}
}

// TestRefusedLater checks that what a server refuses an append with means that nothing was written.
func TestRefusedLater(t *testing.T) {
	s := memory.New(memory.Options{})
	var refused atomic.Pointer[eventjson.Error]
	h := httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) {
		if e := refused.Load(); e != nil {
			return nil, e
		}
		return s, nil
	}})
	server := httptest.NewServer(h)
	defer server.Close()
	c := dial(t, server.URL)
	for _, code := range []eventjson.Code{eventjson.CodeDenied, eventjson.CodeRateLimited, eventjson.CodeUnavailable} {
		refused.Store(&eventjson.Error{Code: code, Message: "no"})
		for name, err := range map[string]error{
			"append": errorOf(c.Append(bounded(t), store.Commit{Key: "k", Events: someEvents(1, "a-1")})),
			"start":  errorOf(c.Start(bounded(t), store.Commit{Events: someEvents(1, "a-1")})()),
			"head":   errorOf(c.Head(bounded(t))),
		} {
			if d := eventjson.Describe(err); d.Code != code || errors.Is(err, store.ErrUnknown) {
				t.Errorf("%s: %v, want %s", name, err, code)
			}
		}
		if _, err := collect(c.Read(bounded(t), nil, store.ReadOptions{})); eventjson.Describe(err).Code != code {
			t.Errorf("read: %v, want %s", err, code)
		}
	}
	refused.Store(nil)
	if events, err := collect(c.Read(bounded(t), nil, store.ReadOptions{})); len(events) != 0 || err != nil {
		t.Errorf("%d events, %v", len(events), err)
	}
}

func errorOf[T any](_ T, err error) error { return err }
