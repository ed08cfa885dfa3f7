package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// TestWhole reads all or nothing as one who may read orders alone, in every form: what would be left out is denied.
func TestWhole(t *testing.T) {
	system, served := newStore(t), newStore(t)
	tokens := people(t, system)
	var c store.Commit
	for _, stream := range []string{"order-1", "stock-1", "$hidden"} {
		c.Events = append(c.Events, store.Event{Stream: stream, Type: "T", Tags: []string{"here"}, Data: []byte(`{"n":1}`)})
	}
	if _, err := served.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	s, _ := serve(t, server.Options{Store: served, System: system})
	for _, tt := range []struct {
		query, who string
		ok         bool
	}{
		{`[{"stream":"order-1"}]`, "read-some", true},
		{`[{"stream":"order-9"}]`, "read-some", true}, // it is not there
		{`[{"category":"order","types":["T"]},{"stream":"order-1"}]`, "read-some", true},
		{`[{"stream":"stock-1"}]`, "read-some", false},
		{`[{"stream":"stock-9"}]`, "read-some", false},
		{`[{"category":"order"},{"category":"stock"}]`, "read-some", false},
		{`[{"tags":["here"]}]`, "read-some", false},
		{`[{"types":["none"]}]`, "read-some", false},
		{`[]`, "read-some", false},
		{`[]`, "read", true}, // system streams are hidden as ever
		{`[{"tags":["here"]}]`, "read", true},
		{`[{"stream":"$hidden"}]`, "read", false},
		{`[{"stream":"$hidden"}]`, "admin", true},
	} {
		for _, form := range []string{"application/json", "application/x-ndjson", "text/event-stream", httpapi.FramesType, "application/cloudevents-batch+json"} {
			for request, body := range map[string]string{
				"POST /v1/read": `{"query":` + tt.query + `,"whole":true}`,
				"GET /v1/read?whole=true&query=" + url.QueryEscape(tt.query): "",
			} {
				code, answer := readAs(t, s.URLs()[0], request, body, form, tokens[tt.who])
				want := http.StatusOK
				if !tt.ok {
					want = http.StatusForbidden
				}
				if code != want || !tt.ok && (!strings.Contains(answer, "denied") || strings.Contains(answer, `"n":1`)) || tt.who != "admin" && strings.Contains(answer, "$hidden") {
					t.Errorf("%s %s as %s in %s: %d, want %d\n%s", request, tt.query, tt.who, form, code, want, answer)
				}
			}
		}
	}
	if code, answer := readAs(t, s.URLs()[0], "POST /v1/read", `{"query":[]}`, "application/json", tokens["read-some"]); code != http.StatusOK || strings.Contains(answer, "stock-1") {
		t.Errorf("without whole: %d\n%s", code, answer)
	}
}

// readAs sends a read and returns the status and the body.
func readAs(t *testing.T, address, request, body, form, token string) (int, string) {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", form)
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return status(t, answer)
}

// TestClientMayRead asks through a client: it is told what is denied, whatever stands around it, and events take no part in it.
func TestClientMayRead(t *testing.T) {
	system, served := newStore(t), newStore(t)
	tokens := people(t, system)
	s, _ := serve(t, server.Options{Store: served, System: system})
	for _, n := range []int{0, 3} { // of an empty store too
		for i := range n {
			if _, err := served.Append(t.Context(), store.Commit{Events: []store.Event{{Stream: fmt.Sprintf("stock-%d", i), Type: "T"}}}); err != nil {
				t.Fatal(err)
			}
		}
		for who, want := range map[string]eventjson.Code{"read": "", "read-some": eventjson.CodeDenied, "stranger": eventjson.CodeUnauthenticated} {
			c, err := httpapi.Dial(t.Context(), httpapi.DialOptions{URL: s.URLs()[0], Token: tokens[who]})
			if err == nil {
				err = store.MayRead(t.Context(), c, nil)
				if own := store.MayRead(t.Context(), c, store.Query{{Stream: "order-1"}, {Category: "order", Tags: []string{"a"}}}); own != nil {
					t.Errorf("%s may not read orders: %v", who, own)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
			if got := eventjson.Describe(err).Code; got != want {
				t.Errorf("%s may read everything: %v, want %q", who, err, want)
			}
		}
	}
}
