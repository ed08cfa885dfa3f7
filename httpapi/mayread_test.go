package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

// The question goes on to the store behind the server, in one request in which no event is read.
func TestMayRead(t *testing.T) {
	j := &judge{Store: memory.New(memory.Options{})}
	if _, err := j.Append(t.Context(), store.Commit{Events: someEvents(3, "order-7")}); err != nil {
		t.Fatal(err)
	}
	unread := unreadable{around{around{j}}}
	h := httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return unread, nil }})
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	c := dial(t, server.URL)
	for _, tt := range []struct {
		q    store.Query
		want eventjson.Code
	}{
		{store.Query{{Stream: "order-7"}}, ""},
		{store.Query{{Stream: "order-7", Types: []string{"a"}}, {Stream: "order-7"}}, ""},
		{store.Query{{Stream: "order-8"}}, eventjson.CodeDenied},
		{nil, eventjson.CodeDenied},
	} {
		j.asked = nil
		before := requests.Load()
		err := store.MayRead(bounded(t), around{c}, tt.q)
		if got := eventjson.Describe(err).Code; got != tt.want || requests.Load() != before+1 {
			t.Errorf("%v: %v, want %q; %d requests", tt.q, err, tt.want, requests.Load()-before)
		}
		if len(j.asked) != 1 || cmp.Diff(tt.q, j.asked[0], cmpopts.EquateEmpty()) != "" {
			t.Errorf("%v: the store is asked %v", tt.q, j.asked)
		}
	}
	if err := c.MayRead(bounded(t), store.Query{{Types: []string{""}}}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("of a query that is none: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.MayRead(bounded(t), nil); !errors.Is(err, store.ErrClosed) {
		t.Errorf("of a closed client: %v", err)
	}
}

// unreadable is a store whose events nobody is to look at.
type unreadable struct{ store.Store }

func (u unreadable) Unwrap() store.Store { return u.Store }

func (u unreadable) Powers() map[store.Power]store.Answer { return around(u).Powers() }

func (u unreadable) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for r, err := range u.Store.Read(ctx, q, o) {
			if err == nil {
				err = errors.New("an event is read")
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// A server that does not know the question is an error that says so, and no leave.
func TestMayReadOfAnOlderServer(t *testing.T) {
	h := httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return memory.New(memory.Options{}), nil }})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, err := io.ReadAll(r.Body); err == nil {
			r.Body = io.NopCloser(bytes.NewReader(bytes.Replace(b, []byte(`"whole"`), []byte(`"unheard"`), 1)))
			r.ContentLength = -1
		}
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	err := store.MayRead(bounded(t), dial(t, server.URL), nil)
	if d := eventjson.Describe(err); d.Code != eventjson.CodeUsage || !strings.Contains(d.Message, "the server is older") || !strings.Contains(d.Message, "unheard") || d.Hint == "" {
		t.Errorf("an older server: %+v", d)
	}
}
