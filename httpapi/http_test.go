package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

const testID = "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11"

// newShop is a store with three commits of orders and an event of gesta's own.
func newShop(t testing.TB) *memory.Store {
	t.Helper()
	now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	s := memory.New(memory.Options{ID: testID, Clock: func() time.Time { now = now.Add(time.Second); return now }})
	for _, c := range []store.Commit{
		{Key: "k/1", Events: []store.Event{{ID: testID, Stream: "order-1", Type: "Placed", Tags: []string{"order:1"}, Data: []byte(`{"qty":2}`)}}},
		{
			Events:   []store.Event{{Stream: "order-1", Type: "Paid", Data: []byte("cash"), ContentType: "text/plain"}, {Type: "Noted", Metadata: []byte(`{"actor":"ada","correlationId":"req-9"}`)}},
			Tracking: &store.Tracking{Source: "bank/a", Position: 7},
		},
		{Events: []store.Event{{Stream: "$own", Type: "Inner"}, {Stream: "order-2", Type: "Placed", SchemaVersion: 2, EffectiveAt: now.Add(-time.Hour)}}},
	} {
		if _, err := s.Append(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func serveHandler(t testing.TB, s store.Store, o httpapi.Options) *httptest.Server {
	t.Helper()
	o.Store = func(context.Context) (store.Store, error) { return s, nil }
	server := httptest.NewServer(httpapi.New(o))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		server.Close()
	})
	return server
}

// ask sends a request: "GET /path", "POST /path type", with headers as name: value lines after it.
func ask(t testing.TB, url, request, body string) (*reply, string) {
	t.Helper()
	line, headers, _ := strings.Cut(request, "\n")
	words := strings.SplitN(line, " ", 3)
	req, err := http.NewRequestWithContext(bounded(t), words[0], url+words[1], strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if len(words) > 2 {
		req.Header.Set("Content-Type", words[2])
	}
	for h := range strings.Lines(headers) {
		name, value, _ := strings.Cut(strings.TrimSpace(h), ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: %v", request, err)
	}
	return &reply{StatusCode: resp.StatusCode, Status: resp.Status, Header: resp.Header, Request: resp.Request}, string(b)
}

// reply is a response without its body.
type reply struct {
	StatusCode int
	Status     string
	Header     http.Header
	Request    *http.Request
}

const (
	jsonBody = "application/json"
	placed   = `{"position":1,"commit":1,"id":"` + testID + `","stream":"order-1","version":1,"type":"Placed","tags":["order:1"],"recordedAt":"2026-11-01T09:00:01Z","data":{"qty":2}}`
	paid     = `{"position":2,"commit":2,"stream":"order-1","version":2,"type":"Paid","contentType":"text/plain","recordedAt":"2026-11-01T09:00:02Z","dataBase64":"Y2FzaA=="}`
	noted    = `{"position":3,"commit":2,"type":"Noted","recordedAt":"2026-11-01T09:00:02Z","metadata":{"actor":"ada","correlationId":"req-9"}}`
	inner    = `{"position":4,"commit":4,"stream":"$own","version":1,"type":"Inner","recordedAt":"2026-11-01T09:00:03Z"}`
	second   = `{"position":5,"commit":4,"stream":"order-2","version":1,"type":"Placed","schemaVersion":2,"recordedAt":"2026-11-01T09:00:03Z","effectiveAt":"2026-11-01T08:00:00Z"}`
	basis5   = `"basis":{"store":"` + testID + `","branch":"main","head":5}`
)

func page(rest string, items ...string) string {
	return `{` + basis5 + `,"items":[` + strings.Join(items, ",") + `]` + rest + `}`
}

// conversations are requests with the status and the answer of each; all begin with the same store. A status alone is of an answer that says more than
// is of interest; one that begins with … is a part of it.
var conversations = []struct{ request, body, status, answer string }{
	{"GET /v1/head", "", "200", `{` + basis5 + `}`},
	{"GET /v1/read?query=[]", "", "200", page("", placed, paid, noted, second)},
	{"GET /v1/read?query=[]&system=true", "", "200", page("", placed, paid, noted, inner, second)},
	{"GET /v1/read?query=stream%3D$own", "", "200", page("", inner)},
	{"GET /v1/read?query=stream%3Dorder-2&whole=true", "", "200", page("", second)},
	{"GET /v1/read?query=[]&whole=yes", "", "400", `…whole`},
	{"POST /v1/read " + jsonBody, `{"query":[],"after":4,"whole":true}`, "200", page("", second)},
	{"GET /v1/read?query=[]&limit=2", "", "200", page(`,"next":2`, placed, paid)},
	{"GET /v1/read?query=[]&limit=2&after=2", "", "200", page("", noted, second)},
	{"GET /v1/read?query=[]&limit=2&backward=true", "", "200", page(`,"next":2`, second, noted)},
	{"GET /v1/read?query=[]&limit=2&backward=true&until=2", "", "200", page("", paid, placed)},
	{"GET /v1/read?query=type%3DPlaced%20tag%3Dorder:1", "", "200", page("", placed)},
	{"GET /v1/read?query=[]&knownAt=2", "", "200", `{"basis":{"store":"` + testID + `","branch":"main","head":5,"knownAt":2},"items":[` + placed + "," + paid + "," + noted + `]}`},
	{"GET /v1/read?query=[]&knownAt=0", "", "200", `{"basis":{"store":"` + testID + `","branch":"main","head":5,"knownAt":0},"items":[]}`},
	{"GET /v1/read?query=[]&knownAt=2026-11-01T09:00:01.5Z", "", "200", `{"basis":{"store":"` + testID + `","branch":"main","head":5,"knownAt":"2026-11-01T09:00:01.5Z"},"items":[` + placed + `]}`},
	{"POST /v1/read " + jsonBody, `{"query":[{"types":["Paid"]}]}`, "200", page("", paid)},
	{"POST /v1/read " + jsonBody, `{}`, "400", `…needs the member query`},
	{"POST /v1/read " + jsonBody, `{"query":[],"limt":1}`, "400", `…limt`},
	{"POST /v1/read " + jsonBody, `{"query":[],"follow":true,"backward":true}`, "400", ``},
	{"POST /v1/read " + jsonBody, `{"query":[],"limit":-1}`, "400", ``},
	{"POST /v1/read " + jsonBody, `{"query":[{"types":[""]}]}`, "400", ``},
	{"POST /v1/read", `{"query":[]}`, "400", `…Content-Type`},
	{"POST /v1/read text/plain", `{"query":[]}`, "400", `…text/plain`},
	{"GET /v1/read", "", "400", `…needs the parameter query`},
	{"GET /v1/read?query=[]&limt=2", "", "400", `…limt`},
	{"GET /v1/read?query=[]&after=1&after=2", "", "400", `…twice`},
	{"GET /v1/read?query=[]&knownAt=now", "", "400", `…knownAt`},
	{"GET /v1/read?query=[]\nAccept: image/png", "", "400", `…Accept`},
	{"GET /v1/read?query=[]\nLast-Event-ID: x", "", "400", `…Last-Event-ID`},
	{"GET /v1/read?query=[]&follow=true\nAccept: application/json", "", "400", `…Accept`},
	{"GET /v1/read?query=[]\nAccept: application/x-ndjson", "", "200", placed + "\n" + paid + "\n" + noted + "\n" + second + "\n" + `{"end":{"head":5,"scanned":5}}` + "\n"},
	{"GET /v1/read?query=[]&limit=1\nAccept: application/x-ndjson", "", "200", placed + "\n" + `{"end":{"head":5,"scanned":1}}` + "\n"},
	{"GET /v1/read?query=type%3DNone\nAccept: application/x-ndjson", "", "200", `{"end":{"head":5,"scanned":5}}` + "\n"},
	{"GET /v1/read?query=[]&until=1\nAccept: text/event-stream", "", "200", "event: event\ndata: " + placed + "\nid: 1\n\nevent: end\ndata: " + `{"end":{"head":5,"scanned":1}}` + "\n\n"},
	{"GET /v1/read?query=[]&follow=true&until=5\nAccept: text/event-stream\nLast-Event-ID: 3", "", "200", "…event: event\ndata: " + second + "\nid: 5\n\n"},
	{"GET /v1/streams", "", "200", page("", `{"stream":"order-1","version":2,"lastPosition":2,"lastRecordedAt":"2026-11-01T09:00:02Z"}`, `{"stream":"order-2","version":1,"lastPosition":5,"lastRecordedAt":"2026-11-01T09:00:03Z"}`)},
	{"GET /v1/streams?limit=1&after=order-1", "", "200", page("", `{"stream":"order-2","version":1,"lastPosition":5,"lastRecordedAt":"2026-11-01T09:00:03Z"}`)},
	{"GET /v1/streams?prefix=$", "", "200", page("", `{"stream":"$own","version":1,"lastPosition":4,"lastRecordedAt":"2026-11-01T09:00:03Z"}`)},
	{"GET /v1/types", "", "200", page("", `{"type":"Noted","events":1}`, `{"type":"Paid","events":1}`, `{"type":"Placed","events":2}`)},
	{"GET /v1/stats", "", "200", `…"events":4,"streams":2,"types":3,"tags":1,"commits":3,"systemEvents":1`},
	{"GET /v1/stats?medium=true", "", "200", `…"segments":`},
	{"GET /v1/stats?knownAt=2", "", "200", `…"head":5,"knownAt":3},"events":3,"streams":1,"types":3,`},
	{"GET /v1/stats?knownAt=2&medium=true", "", "400", `…knownAt`},
	{"GET /v1/stats?knownAt=soon", "", "400", `…knownAt`},
	{"GET /v1/types?knownAt=1", "", "200", `…"items":[{"type":"Placed","events":1}]`},
	{"GET /v1/types?knownAt=1&system=true", "", "400", `…system`},
	{"GET /v1/streams?knownAt=1", "", "200", `…"items":[{"stream":"order-1","version":1,"lastPosition":1,`},
	{"GET /v1/streams?knownAt=1&system=true", "", "400", `…system`},
	{"GET /v1/tracking/bank%2Fa", "", "200", `{"source":"bank/a","position":7}`},
	{"GET /v1/tracking/none", "", "200", `{"source":"none","position":0}`},
	{"GET /v1/keys/k%2F1", "", "200", `{"first":1,"last":1,"duplicate":true,"versions":{"order-1":1}}`},
	{"GET /v1/keys/none", "", "404", `…"code":"notFound"`},
	{"GET /v1/ids/" + testID, "", "200", page("", placed)},
	{"GET /v1/limits", "", "200", `…"powers":["tracker","keys","starter","dumper","restorer","lister","identity","ids","limiter","measurer","checker","eraser"]`},
	{"GET /v1/check", "", "200", `…"ok":true,"events":5`},
	{"POST /v1/check " + jsonBody, `{"repair":false}`, "200", `…"ok":true`},
	{"GET /v1/none", "", "404", `…"code":"notFound"`},
	{"GET /v1/tracking/", "", "404", `…"code":"notFound"`},
	{"DELETE /v1/read", "", "405", `…POST, GET`},
	{"POST /v1/append " + jsonBody, `{"events":[{"stream":"order-1","type":"Shipped"}],"guards":[{"streamAt":{"stream":"order-1","version":2}}]}`, "200", `{"first":6,"last":6,"duplicate":false,"versions":{"order-1":3}}`},
	{"POST /v1/append " + jsonBody + "\nIdempotency-Key: k/1", `{"events":[{"stream":"order-1","type":"Placed","tags":["order:1"],"data":{"qty":2}}]}`, "200", `{"first":1,"last":1,"duplicate":true,"versions":{"order-1":1}}`},
	{"POST /v1/append " + jsonBody + "\nIdempotency-Key: k/1", `{"events":[{"type":"Other"}]}`, "409", `…"code":"keyReused","position":1}`},
	{"POST /v1/append " + jsonBody + "\nIdempotency-Key: k", `{"key":"other","events":[{"type":"Other"}]}`, "400", `…differ`},
	{
		"POST /v1/append " + jsonBody, `{"events":[{"type":"T"}],"guards":[{"streamAt":{"stream":"order-1","version":1}}]}`, "409",
		`{"type":"urn:gesta:error:conflict","status":409,"detail":"conflict: expected stream \"order-1\" at version 1, it is at 2","code":"conflict","failed":[{"guard":{"streamAt":{"stream":"order-1","version":1}},"actualVersion":2,"events":[` + paid + `],"complete":true}]}`,
	},
	{"POST /v1/append " + jsonBody, `{"events":[{"type":"T"}],"tracking":{"source":"bank/a","position":7}}`, "409", `…"code":"tracking"`},
	{"POST /v1/append " + jsonBody, `{"events":[{"type":"T","colour":1}]}`, "400", `…colour`},
	{"POST /v1/append " + jsonBody, `{"events":[{"type":"` + strings.Repeat("x", 1025) + `"}]}`, "413", `…"code":"tooLarge"`},
	{"POST /v1/append", `{"events":[]}`, "400", `…Content-Type`},
	{"POST /v1/append application/x-www-form-urlencoded", `{"events":[]}`, "400", `…x-www-form-urlencoded`},
	{
		"POST /v1/append application/x-ndjson", `{"type":"A","stream":"a-1"}` + "\n\n" + `{"type":"A","bad":1}` + "\n" + `{"events":[{"type":"A"},{"type":"B"}],"key":"n"}` + "\n" + `{"type":"A","stream":"a-1","guards":[{"streamAt":{"stream":"a-1","version":0}}]}`, "200",
		`{"line":1,"ok":true,"first":6,"last":6,"duplicate":false,"versions":{"a-1":1}}` + "\n" +
			`{"line":3,"ok":false,"error":{"code":"usage","message":"invalid: a line of input has no member \"bad\"","line":3}}` + "\n" +
			`{"line":4,"ok":true,"first":7,"last":8,"duplicate":false,"versions":{}}` + "\n" +
			`{"line":5,"ok":false,"error":{"code":"conflict","message":"conflict: expected stream \"a-1\" at version 0, it is at 1","failed":[{"guard":{"streamAt":{"stream":"a-1","version":0}},"actualVersion":1,"events":[{"position":6,"commit":6,"stream":"a-1","version":1,"type":"A","recordedAt":"2026-11-01T09:00:04Z"}],"complete":true}],"line":5}}` + "\n",
	},
	{"POST /v1/erase " + jsonBody, `{"positions":[1],"reason":"asked","actor":"ada"}`, "200", `{"first":6,"last":6,"duplicate":false,"versions":{"$erasure":1}}`},
	{"POST /v1/erase " + jsonBody, `{"positions":[]}`, "400", ``},
	{"POST /v1/erase " + jsonBody, `{"positions":[99]}`, "404", ``},
	{"GET /v1/export", "", "200", `{"export":{"format":1,"store":"` + testID + `","head":5}}` + "\n" + strings.TrimSuffix(placed, "}") + `,"key":"k/1"}` + "\n" +
		strings.TrimSuffix(paid, "}") + `,"tracking":{"source":"bank/a","position":7}}` + "\n" + noted + "\n" + inner + "\n" + second + "\n"},
	{"POST /v1/restore application/x-ndjson", "x", "400", `…line 1`},
	{"POST /v1/restore application/x-ndjson", `{"export":{"format":1,"store":"` + testID + `","head":5}}` + "\n", "200", `{` + basis5 + `,"commits":0}`},
	{"POST /v1/restore text/plain", "x", "400", `…text/plain`},
	{"GET /v1/openapi.json", "", "200", `…"openapi":"3.1.0"`},
	{
		"POST /v1/append application/cloudevents+json", `{"specversion":"1.0","id":"A1","source":"//bank","type":"Paid","subject":"order-9","time":"2026-10-31T08:00:00Z","datacontenttype":"text/plain","data":"cash","correlationid":"c","region":"eu"}`, "200",
		`{"first":6,"last":6,"duplicate":false,"versions":{"order-9":1}}`,
	},
	{"POST /v1/append application/cloudevents+json", `{"specversion":"1.0","id":"A1","type":"Paid"}`, "400", `…source`},
	{"POST /v1/append application/cloudevents-batch+json", `[{"specversion":"1.0","id":"A1","source":"s","type":"Paid"},{"specversion":"1.0","id":"A2","source":"s","type":"Paid"}]`, "200", `{"first":6,"last":7,"duplicate":false,"versions":{}}`},
	{
		"GET /v1/read?query=[]&limit=1&after=1\nAccept: application/cloudevents-batch+json", "", "200",
		`[{"specversion":"1.0","id":"2","source":"urn:gesta:store:` + testID + `","type":"Paid","subject":"order-1","time":"2026-11-01T09:00:02Z","position":"2","commit":"2","streamversion":"2","recordedtime":"2026-11-01T09:00:02Z","datacontenttype":"text/plain","data_base64":"Y2FzaA=="}]`,
	},
	{"GET /read?query=%7B%22items%22:[%7B%22types%22:[%22Placed%22]%7D]%7D&options=%7B%22limit%22:1,%22backwards%22:true%7D", "", "200", `[{"type":"Placed","tags":[],"data":"","position":5}]`},
	{"GET /read?query=%7B%22items%22:[]%7D&options=%7B%22from%22:3%7D", "", "200", `[{"type":"Noted","tags":[],"data":"","position":3},{"type":"Placed","tags":[],"data":"","position":5}]`},
	{"POST /append " + jsonBody, `{"events":[{"type":"T","tags":["x"],"data":"{}"}],"condition":{"failIfEventsMatch":{"items":[{"types":["Paid"]}]},"after":1}}`, "200", `…"appendConditionFailed":true}`},
	{"POST /append " + jsonBody, `{"events":[{"type":"T","tags":["x"],"data":"{}"}],"condition":{"failIfEventsMatch":{"items":[{"types":["Paid"]}]},"after":2}}`, "200", `…"appendConditionFailed":false}`},
}

func TestConversations(t *testing.T) {
	schemas := readSchemas(t)
	used := map[string]bool{}
	for i, c := range conversations {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			server := serveHandler(t, newShop(t), httpapi.Options{})
			resp, got := ask(t, server.URL, c.request, c.body)
			if fmt.Sprint(resp.StatusCode) != c.status {
				t.Errorf("%s %s: status %s, want %s: %s", c.request, c.body, resp.Status, c.status, got)
			}
			if part, ok := strings.CutPrefix(c.answer, "…"); ok {
				if !strings.Contains(got, part) {
					t.Errorf("%s: %s\nhas not %s", c.request, got, part)
				}
			} else if c.answer != "" && strings.TrimSuffix(got, "\n") != strings.TrimSuffix(c.answer, "\n") {
				t.Errorf("%s (-want +got):\n%s", c.request, cmp.Diff(c.answer, got))
			}
			if op := schemas.check(t, resp, got); op != "" {
				used[op] = true
			}
		})
	}
	for op := range schemas.operations {
		if !used[op] {
			t.Errorf("no conversation has the operation %s", op)
		}
	}
}

// TestFollowLines follows in JSON lines: what was there, that it has caught up, what comes, and that it is alive.
func TestFollowLines(t *testing.T) {
	s := newShop(t)
	server := serveHandler(t, s, httpapi.Options{Heartbeat: 50 * time.Millisecond})
	ctx, cancel := context.WithCancel(bounded(t))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v1/read?query=type%3DPlaced&after=1&follow=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func() string {
		if !lines.Scan() {
			t.Fatalf("the answer ended: %v", lines.Err())
		}
		return lines.Text()
	}
	for _, want := range []string{second, `{"caughtUp":{"position":5}}`, `{"heartbeat":{"scanned":5}}`} {
		if got := next(); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
	if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "Other"}}}); err != nil {
		t.Fatal(err)
	}
	for next() != `{"heartbeat":{"scanned":6}}` {
		continue
	}
	if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "Placed"}}}); err != nil {
		t.Fatal(err)
	}
	for !strings.HasPrefix(next(), `{"position":7,`) {
		continue
	}
}

// TestLimits sends what is beyond a limit: each is refused with its code, and the next request is answered.
func TestLimits(t *testing.T) {
	server := serveHandler(t, newShop(t), httpapi.Options{MaxBodyBytes: 100_000, MaxHeldBytes: 1, MaxQueryItems: 2, MaxReadTime: time.Nanosecond})
	for _, tt := range []struct{ request, body, status, answer string }{
		{"POST /v1/append " + jsonBody, `{"events":[{"type":"T","data":"` + strings.Repeat("x", 100_000) + `"}]}`, "413", `"code":"tooLarge"`},
		{"POST /v1/append application/x-ndjson", `{"type":"T","data":"` + strings.Repeat("x", 100_000) + `"}` + "\n" + `{"type":"U"}`, "200", `"code":"tooLarge"`},
		{"POST /v1/append application/x-ndjson", `{"type":"T","data":"` + strings.Repeat("x", 100_000) + `"}` + "\n" + `{"type":"U"}`, "200", `{"line":2,"ok":true`},
		{"POST /v1/read " + jsonBody, `{"query":[{},{},{}]}`, "413", `query items`},
		{"POST /v1/append " + jsonBody, `{"events":[{"type":"T"}],"guards":[{"noneMatch":{"query":[{"types":["A"]},{"types":["B"]}]}},{"noneMatch":{"query":[{"types":["C"]}]}}]}`, "413", `query items`},
		{"GET /v1/read?query=[]", "", "503", `"code":"timeout"`},
		{"GET /v1/read?query=[]\nAccept: application/x-ndjson", "", "", `"code":"timeout"`},
		{"GET /v1/head", "", "200", "basis"},
	} {
		resp, got := ask(t, server.URL, tt.request, tt.body)
		if tt.status != "" && fmt.Sprint(resp.StatusCode) != tt.status || !strings.Contains(got, tt.answer) {
			t.Errorf("%s: %s, %s; want %s, %s", tt.request, resp.Status, got, tt.status, tt.answer)
		}
	}
}

// TestRestoreLines restores what was exported, and finds the same.
func TestRestoreLines(t *testing.T) {
	from := serveHandler(t, newShop(t), httpapi.Options{})
	_, lines := ask(t, from.URL, "GET /v1/export", "")
	to := serveHandler(t, memory.New(memory.Options{ID: testID}), httpapi.Options{})
	resp, got := ask(t, to.URL, "POST /v1/restore application/x-ndjson", lines)
	if resp.StatusCode != http.StatusOK || !strings.Contains(got, `"commits":3`) {
		t.Fatalf("%s: %s", resp.Status, got)
	}
	if _, again := ask(t, to.URL, "GET /v1/export", ""); again != lines {
		t.Errorf("(-original +copy):\n%s", cmp.Diff(lines, again))
	}
}

// TestEveryRouteIsDescribed holds the table of routes against the description.
func TestEveryRouteIsDescribed(t *testing.T) {
	h := httpapi.New(httpapi.Options{})
	doc, err := h.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Paths map[string]map[string]struct {
			OperationID string         `json:"operationId"`
			Summary     string         `json:"summary"`
			Responses   map[string]any `json:"responses"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(doc, &parsed); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, r := range h.Routes() {
		op := parsed.Paths[r.Path][strings.ToLower(r.Method)]
		if op.OperationID != r.Name || op.Summary == "" || op.Responses["200"] == nil || names[r.Name] || r.Needs == "" {
			t.Errorf("%s %s is described by %+v", r.Method, r.Path, op)
		}
		names[r.Name] = true
	}
}
