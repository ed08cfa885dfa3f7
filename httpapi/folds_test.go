package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

// foldStore returns a store of orders whose commits are a minute apart: positions 1 to 4.
func foldStore(t *testing.T) *memory.Store {
	t.Helper()
	now := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	s := memory.New(memory.Options{ID: "0d1e7c1c-0000-4000-8000-000000000001", Clock: func() time.Time {
		now = now.Add(time.Minute)
		return now
	}})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, e := range []store.Event{
		{Stream: "order-42", Type: "Placed", Tags: []string{"customer:c-77"}, Data: []byte(`{"due":38.50,"items":[{"sku":"S-1","qty":2}]}`), Metadata: []byte(`{"actor":"ada"}`)},
		{Stream: "order-42", Type: "Paid", Data: []byte(`{"due":0}`), EffectiveAt: time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)},
		{Stream: "order-7", Type: "Placed", Tags: []string{"customer:c-77"}, Data: []byte(`{"due":1}`)},
		{Stream: "order-7", Type: "Noted", Data: []byte(`just text`)},
	} {
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// foldServer serves the folds of a store, and returns what gets a path: the status and the body.
func foldServer(t *testing.T, s store.Store, o httpapi.FoldOptions) func(path string) (int, string) {
	t.Helper()
	if o.Clock == nil {
		o.Clock = func() time.Time { return time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC) }
	}
	server := httptest.NewServer(httpapi.New(httpapi.Options{
		Store: func(context.Context) (store.Store, error) { return s, nil }, Routes: httpapi.Folds(o),
	}))
	t.Cleanup(server.Close)
	return func(path string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		want := "application/json"
		if resp.StatusCode != http.StatusOK {
			want = httpapi.ProblemType
		}
		if got := resp.Header.Get("Content-Type"); got != want {
			t.Errorf("GET %s: the type is %q, want %q", path, got, want)
		}
		return resp.StatusCode, string(body)
	}
}

func TestFolds(t *testing.T) {
	const basis = `{"basis":{"store":"0d1e7c1c-0000-4000-8000-000000000001","branch":"main","head":4,`
	const folded = basis + `"reducer":"mergepatch/1"},`
	get := foldServer(t, foldStore(t), httpapi.FoldOptions{})
	for _, tt := range []struct{ path, want string }{
		{"/v1/state?target=order-42", folded +
			`"target":"order-42","stream":"order-42","version":2,"position":2,"events":2,"skipped":0,"state":{"due":0,"items":[{"sku":"S-1","qty":2}]}}`},
		{"/v1/state?target=order-7&path=due", folded + `"target":"order-7","stream":"order-7","version":2,"position":4,"events":2,"skipped":1,"value":1}`},
		{"/v1/state?target=order-42&knownAt=1&path=/items/0/qty", basis + `"knownAt":1,"reducer":"mergepatch/1"},` +
			`"target":"order-42","stream":"order-42","version":1,"position":1,"events":1,"skipped":0,"value":2}`},
		{"/v1/state?target=tag:customer:c-77&effectiveAt=2026-11-02&knownAt=2026-11-01T10:03:00Z&reducer=mergepatch", basis +
			`"knownAt":"2026-11-01T10:03:00Z","effectiveAt":"2026-11-02T00:00:00Z","reducer":"mergepatch/1"},` +
			`"target":"tag:customer:c-77","version":2,"position":3,"events":2,"skipped":0,"state":{"due":1,"items":[{"sku":"S-1","qty":2}]}}`},
		{"/v1/diff?from=order-42@1&to=order-42", folded + `"items":[{"from":{"stream":"order-42","version":1,"position":1},` +
			`"to":{"stream":"order-42","version":2,"position":2},"events":1,"changes":[{"op":"replace","path":"/due","old":38.50,"new":0}]}]}`},
		{"/v1/diff?from=2&to=HEAD&path=due", folded + `"from":{"position":2},"to":{"position":4},"items":[{"from":{"stream":"order-7","version":0,"position":0},` +
			`"to":{"stream":"order-7","version":2,"position":4},"events":2,"changes":[{"op":"add","path":"/due","new":1}]}]}`},
		{"/v1/diff?from=4&to=4", folded + `"from":{"position":4},"to":{"position":4},"items":[]}`},
		{"/v1/blame?target=order-42&arrayKey=sku&path=" + url.QueryEscape("items[sku=S-1].qty"), folded + `"target":"order-42","version":2,"items":[` +
			`{"path":"/items/[sku=\"S-1\"]/qty","value":2,"position":1,"stream":"order-42","version":1,"type":"Placed","recordedAt":"2026-11-01T10:01:00Z","actor":"ada"}]}`},
		{"/v1/blame?target=order-42&reverse=true", folded + `"target":"order-42","version":2,"items":[]}`},
	} {
		status, body := get(tt.path)
		if diff := cmp.Diff(tt.want+"\n", body); status != http.StatusOK || diff != "" {
			t.Errorf("GET %s: %d, -want +got\n%s", tt.path, status, diff)
		}
	}
}

// The routes describe themselves, with each parameter that they take.
func TestFoldsDescribed(t *testing.T) {
	described, err := httpapi.New(httpapi.Options{Routes: httpapi.Folds(httpapi.FoldOptions{})}).OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name     string
				Required bool
			}
		}
	}
	if err := json.Unmarshal(described, &doc); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/v1/state": "target! knownAt effectiveAt path reducer", "/v1/diff": "from! to! knownAt effectiveAt path reducer arrayKey",
		"/v1/blame": "target! knownAt effectiveAt path reducer arrayKey reverse",
	} {
		var names []string
		for _, p := range doc.Paths[path]["get"].Parameters {
			if p.Required {
				p.Name += "!"
			}
			names = append(names, p.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s takes %s, want %s", path, got, want)
		}
	}
}

// throwing is a reducer that cannot take a text.
type throwing struct{ reducer.Reducer }

func (r throwing) New(ctx context.Context) (reducer.Fold, error) {
	fold, err := r.Reducer.New(ctx)
	return throwingFold{fold}, err
}

type throwingFold struct{ reducer.Fold }

func (f throwingFold) Steps(events iter.Seq2[store.Recorded, error], w reducer.Want) iter.Seq2[*reducer.Step, error] {
	return func(yield func(*reducer.Step, error) bool) {
		for step, err := range f.Fold.Steps(events, w) {
			if err == nil && !step.Applied {
				step, err = nil, &reducer.EventError{Position: step.Event.Position, Stream: step.Event.Stream, File: "throws.js", Line: 1, Err: errors.New("no more")}
			}
			if !yield(step, err) || err != nil {
				return
			}
		}
	}
}

func TestFoldsRefuse(t *testing.T) {
	s := foldStore(t)
	if first, err := s.Truncate(t.Context(), 1); err != nil || first != 2 {
		t.Fatalf("Truncate = %d, %v", first, err)
	}
	get := foldServer(t, s, httpapi.FoldOptions{Rules: func(_ context.Context, name string) (answers.Rules, error) {
		if name == "throws" {
			return answers.One{Reducer: throwing{reducer.MergePatch()}}, nil
		}
		return answers.One{Reducer: reducer.MergePatch()}, nil
	}})
	plain := foldServer(t, s, httpapi.FoldOptions{})
	short := foldServer(t, s, httpapi.FoldOptions{MaxAnswerBytes: 100})
	hurried := foldServer(t, s, httpapi.FoldOptions{MaxReadTime: time.Nanosecond})
	for _, tt := range []struct {
		get    func(string) (int, string)
		path   string
		status int
		want   string // in the problem
	}{
		{get, "/v1/state?target=order-9", 404, `"code":"notFound","hint":"gesta streams --prefix order- lists those of the same category","stream":"order-9"}`},
		{get, "/v1/state?target=order-7&path=nothing", 404, `"detail":"the state of order-7 has nothing at nothing"`},
		{get, "/v1/blame?target=order-7&path=nothing", 404, `"code":"notFound"`},
		{get, "/v1/diff?from=order-7&to=order-9", 404, `"stream":"order-9"`},
		{get, "/v1/diff?from=1&to=9", 404, `"detail":"there is no position 9: the last is 4"`},
		{plain, "/v1/state?target=order-7&reducer=order", 404, `"detail":"there is no reducer \"order\""`},
		{get, "/v1/state", 400, `"detail":"invalid: the request needs the parameter target`},
		{get, "/v1/blame?target=", 400, `"code":"usage"`},
		{get, "/v1/diff?from=order-7", 400, `"detail":"invalid: a diff needs the parameters from and to`},
		{get, "/v1/diff?from=order-7@1..2&to=order-7", 400, `"detail":"order-7@1..2 is a range: it stands alone"`},
		{get, "/v1/diff?from=order-7&to=HEAD", 400, `"hint":"write the name on both sides`},
		{get, "/v1/state?target=HEAD", 400, `"detail":"\"HEAD\" is no stream and no tag"`},
		{get, "/v1/state?target=order-7@1..2", 400, `is a range, and a state is of one point"`},
		{get, "/v1/state?target=order-7&target=order-42", 400, `"detail":"invalid: the parameter target is there twice"`},
		{get, "/v1/state?target=order-7&arrayKey=sku", 400, `"detail":"invalid: there is no parameter \"arrayKey\"`},
		{get, "/v1/state?target=order-7&path=items[", 400, `"detail":"path: `},
		{get, "/v1/state?target=order-7&knownAt=9007199254740992", 400, `"detail":"knownAt 9007199254740992: a position is between 0`},
		{get, "/v1/state?target=order-7&effectiveAt=soon", 400, `"detail":"effectiveAt: invalid: \"soon\" is not a time`},
		{get, "/v1/state?target=order-7&reducer=" + url.QueryEscape("../order"), 400, `a reducer is named, not a file"`},
		{get, "/v1/state?target=order-7&reducer=" + url.QueryEscape("/etc/order.js"), 400, `a reducer is named, not a file"`},
		{get, "/v1/state?target=order-42", 410, `"code":"truncated","hint":"gesta log order-42 shows the events that are left","position":2,"stream":"order-42"}`},
		{get, "/v1/blame?target=tag:customer:c-77", 410, `"code":"truncated"`},
		{get, "/v1/diff?from=0&to=HEAD", 410, `"code":"truncated"`},
		{get, "/v1/state?target=order-7&reducer=throws", 422, `"code":"reducer","file":"throws.js","line":1,"position":4,"stream":"order-7"}`},
		{get, "/v1/blame?target=order-7&reducer=throws", 422, `"code":"reducer"`},
		{get, "/v1/diff?from=order-7@1&to=order-7@2&reducer=throws", 422, `"code":"reducer"`},
		{short, "/v1/state?target=order-7", 413, `"detail":"the answer has more than 100 bytes","code":"tooLarge"`},
		{short, "/v1/blame?target=order-7", 413, `"code":"tooLarge"`},
		{short, "/v1/diff?from=3&to=HEAD", 413, `"code":"tooLarge"`},
		{hurried, "/v1/state?target=order-7", 503, `"detail":"the answer took longer than 1ns","code":"timeout"`},
	} {
		status, body := tt.get(tt.path)
		if status != tt.status || !strings.Contains(body, tt.want) || !strings.HasPrefix(body, `{"type":"urn:gesta:error:`) {
			t.Errorf("GET %s: %d\n%s\nwant %d with %s", tt.path, status, body, tt.status, tt.want)
		}
	}
}

// judge is a store whose caller may see the states of order-7 alone.
type judge struct {
	store.Store
	asked []store.Query
}

func (j *judge) MayRead(_ context.Context, q store.Query) error {
	j.asked = append(j.asked, q)
	if len(q) == 0 || slices.ContainsFunc(q, func(it store.Item) bool { return it.Stream != "order-7" }) {
		return &eventjson.Error{Code: eventjson.CodeDenied, Message: "you may not read that"}
	}
	return nil
}

// around is a store around a store, with all of its powers.
type around struct{ store.Store }

func (a around) Unwrap() store.Store { return a.Store }
func (a around) Powers() map[store.Power]store.Answer {
	all := map[store.Power]store.Answer{}
	for _, p := range store.Powers() {
		all[p] = store.Forwards
	}
	return all
}

// A state is shown to those who may read all that it is made of, wherever in the store that is judged.
func TestFoldsAskWhetherTheyMayBeShown(t *testing.T) {
	stream := func(name string) store.Item { return store.Item{Stream: name} }
	for _, tt := range []struct {
		path string
		want store.Query // that the judge is asked
		ok   bool
	}{
		{"/v1/state?target=order-7", store.Query{stream("order-7")}, true},
		{"/v1/state?target=order-42@1", store.Query{stream("order-42")}, false},
		{"/v1/state?target=tag:x", store.Query{{Tags: []string{"x"}}}, false},
		{"/v1/blame?target=order-7", store.Query{stream("order-7")}, true},
		{"/v1/blame?target=order-42", store.Query{stream("order-42")}, false},
		{"/v1/diff?from=order-7@1&to=order-7", store.Query{stream("order-7"), stream("order-7")}, true},
		{"/v1/diff?from=order-7&to=order-42", store.Query{stream("order-7"), stream("order-42")}, false},
		{"/v1/diff?from=3&to=4", nil, false},
	} {
		j := &judge{Store: foldStore(t)}
		get := foldServer(t, around{around{j}}, httpapi.FoldOptions{})
		status, body := get(tt.path)
		denied := status == http.StatusForbidden && strings.Contains(body, `"detail":"you may not read that","code":"denied"`)
		if diff := cmp.Diff([]store.Query{tt.want}, j.asked); diff != "" || denied == tt.ok || tt.ok && status != http.StatusOK {
			t.Errorf("GET %s: %d\n%s\nasked, -want +got\n%s", tt.path, status, body, diff)
		}
	}
}

// Who may read one category asks about its streams as if there were no others, and is denied everything else, be it there or not.
func TestFoldsOfAPrincipal(t *testing.T) {
	s := foldStore(t)
	if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{ // one commit, half of it hidden
		{Stream: "stock-1", Type: "Reserved", Data: []byte(`{"n":1}`)},
		{Stream: "order-42", Type: "Packed", Data: []byte(`{"packed":true}`)},
	}}); err != nil {
		t.Fatal(err)
	}
	clerk, err := auth.NewPrincipal("clerk", auth.Read, "order-*")
	if err != nil {
		t.Fatal(err)
	}
	everyone := foldServer(t, s, httpapi.FoldOptions{})
	get := foldServer(t, auth.Store(s, clerk, ""), httpapi.FoldOptions{})
	for _, path := range []string{
		"/v1/state?target=order-42", "/v1/state?target=order-42@2", "/v1/state?target=order-42~1", "/v1/state?target=order-42&knownAt=2", "/v1/blame?target=order-42&effectiveAt=2026-12-01",
		"/v1/diff?from=order-42@1&to=order-7", "/v1/state?target=order-42&knownAt=2026-11-01T10:03:30Z", "/v1/state?target=4:order-42", "/v1/state?target=order-42&knownAt=5", "/v1/state?target=5:order-42",
	} {
		_, want := everyone(path)
		if status, body := get(path); status != http.StatusOK || body != want {
			t.Errorf("GET %s: %d\n%s\nwant %s", path, status, body, want)
		}
	}
	for path, want := range map[string]int{
		"/v1/state?target=stock-1":             http.StatusForbidden,
		"/v1/state?target=stock-2":             http.StatusForbidden, // it is not there
		"/v1/state?target=order-43":            http.StatusNotFound,
		"/v1/blame?target=stock-1":             http.StatusForbidden,
		"/v1/diff?from=order-42&to=stock-1":    http.StatusForbidden,
		"/v1/state?target=tag:customer:c-77":   http.StatusForbidden,
		"/v1/diff?from=1&to=HEAD":              http.StatusForbidden,
		"/v1/diff?from=tag:x&to=order-42":      http.StatusForbidden,
		"/v1/blame?target=tag:customer:c-77@1": http.StatusForbidden,
	} {
		if status, body := get(path); status != want || strings.Contains(body, "stock-1@") {
			t.Errorf("GET %s: %d, want %d\n%s", path, status, want, body)
		}
	}
}

// endless is a store whose reads of one stream end with their context alone.
type endless struct {
	store.Store
	begun chan struct{}
}

func (e endless) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	if len(q) != 1 || q[0].Stream != "order-7" || o.Backward {
		return e.Store.Read(ctx, q, o)
	}
	return func(yield func(store.Recorded, error) bool) {
		close(e.begun)
		<-ctx.Done()
		yield(store.Recorded{}, ctx.Err())
	}
}

// A caller that goes away ends the fold.
func TestFoldsEndWithTheirRequest(t *testing.T) {
	e := endless{foldStore(t), make(chan struct{})}
	ended := make(chan struct{})
	folds := httpapi.New(httpapi.Options{Store: func(context.Context) (store.Store, error) { return e, nil }, Routes: httpapi.Folds(httpapi.FoldOptions{})})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		folds.ServeHTTP(w, r)
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-e.begun
		cancel()
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/state?target=order-7", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := server.Client().Do(req); err == nil {
		resp.Body.Close()
		t.Errorf("the answer is %s, want none", resp.Status)
	}
	<-ended
}
