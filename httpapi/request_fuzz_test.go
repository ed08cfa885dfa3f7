package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// fuzzed is a request as fuzzing changes it.
type fuzzed struct{ method, target, contentType, accept, header, body string }

var fuzzedRequests = []fuzzed{
	{"POST", "/v1/append", "application/json", "", "Idempotency-Key: k", `{"events":[{"stream":"order-1","type":"T","tags":["a"],"data":{"a":[1]}}],"guards":[{"streamAt":{"stream":"order-1","version":2}},{"noneMatch":{"query":[{"types":["T"]}],"after":3}}],"tracking":{"source":"s","position":8}}`},
	{"POST", "/v1/append", "application/x-ndjson", "application/x-ndjson", "", `{"events":[{"type":"T"}],"key":"k"}` + "\n[\n"},
	{"POST", "/v1/append", "application/cloudevents+json", "", "", `{"specversion":"1.0","id":"1","source":"s","type":"T","subject":"a-1","data":{"a":1}}`},
	{"POST", "/v1/append", "application/cloudevents-batch+json", "", "", `[{"specversion":"1.0","id":"1","source":"s","type":"T"}]`},
	{"POST", "/v1/append", "application/vnd.gesta.frames", "application/vnd.gesta.frames", "", "GSTF\x01\x00"},
	{"POST", "/v1/read", "application/json", "application/x-ndjson", "", `{"query":[{"category":"order","tags":["order:1"]}],"after":0,"until":3,"limit":2,"backward":true}`},
	{"GET", "/v1/read?query=type%3DPlaced&knownAt=2", "", "text/event-stream", "Last-Event-ID: 1", ""},
	{"GET", "/v1/read?query=[]", "", "application/vnd.gesta.frames", "", ""},
	{"GET", "/v1/read?query=[]", "", "application/cloudevents-batch+json", "", ""},
	{"GET", "/v1/streams?prefix=o&after=order-1&limit=3&knownAt=now", "", "", "", ""},
	{"GET", "/v1/types?system=true", "", "", "", ""},
	{"GET", "/v1/stats?knownAt=2026-11-01T09:00:01Z", "", "", "", ""},
	{"GET", "/v1/state?target=order-1@1&path=items[0]&knownAt=3&effectiveAt=now", "", "", "", ""},
	{"GET", "/v1/diff?from=order-1~1&to=order-1&reducer=mergepatch", "", "", "", ""},
	{"GET", "/v1/blame?target=tag:order:1", "", "", "", ""},
	{"GET", "/v1/tracking/bank%2Fa", "", "", "", ""},
	{"GET", "/v1/keys/k%2F1", "", "", "", ""},
	{"GET", "/v1/ids/" + testID, "", "", "", ""},
	{"POST", "/v1/check", "application/json", "", "", `{"repair":true}`},
	{"POST", "/v1/erase", "application/json", "", "", `{"positions":[1,2],"reason":"asked"}`},
	{"GET", "/v1/export", "", "", "", ""},
	{"POST", "/v1/restore", "application/vnd.gesta.frames", "", "", "GSTF\x01\x00"},
	{"GET", "/read?query=%7B%22items%22%3A%5B%5D%7D&options=%7B%22limit%22%3A1%7D", "", "", "", ""},
	{"POST", "/append", "application/json", "", "", `{"events":[{"type":"T","tags":["a"],"data":"{}"}],"condition":{"failIfEventsMatch":{"items":[{"types":["T"]}]},"after":3}}`},
	{"OPTIONS", "/v1/openapi.json", "", "", "Origin: http://else.where", ""},
}

// FuzzRequest sends whole requests to all routes: each is answered, and what is refused is refused with a documented code, never as a fault of the server.
func FuzzRequest(f *testing.F) {
	for _, r := range fuzzedRequests {
		f.Add(r.method, r.target, r.contentType, r.accept, r.header, []byte(r.body))
	}
	f.Fuzz(func(t *testing.T, method, target, contentType, accept, header string, body []byte) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond) // a read that follows ends then
		defer cancel()
		r := (&http.Request{
			Method: method, URL: u, Host: "localhost", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Content-Type": {contentType}, "Accept": {accept}}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		}).WithContext(ctx)
		for _, empty := range []string{"Content-Type", "Accept"} {
			if r.Header.Get(empty) == "" {
				r.Header.Del(empty)
			}
		}
		if name, value, ok := bytes.Cut([]byte(header), []byte(": ")); ok {
			r.Header.Add(string(name), string(value))
		}
		if len(body)%2 == 1 {
			r.ContentLength = -1 // a stream
		}
		judgeAnswer(t, r, respond(t, r))
	})
}

// respond has a new store's handler answer a request.
func respond(t *testing.T, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	s := newShop(t)
	h := httpapi.New(httpapi.Options{
		Store: func(context.Context) (store.Store, error) { return s, nil }, Routes: httpapi.Folds(httpapi.FoldOptions{}), MaxBodyBytes: 1 << 20,
	})
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if problem := recover(); problem != nil && problem != http.ErrAbortHandler { //nolint:errorlint,err113 // it is a value to panic with
				panic(problem)
			}
		}()
		h.ServeHTTP(duplexRecorder{w}, r)
	}()
	return w
}

// judgeAnswer judges an answer.
func judgeAnswer(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code < http.StatusBadRequest || w.Header().Get("Content-Type") != httpapi.ProblemType {
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
		}
		return
	}
	var problem struct {
		Status int            `json:"status"`
		Code   eventjson.Code `json:"code"`
		Detail string         `json:"detail"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
		t.Fatalf("%s %s: %v in %s", r.Method, r.URL, err, w.Body)
	}
	allowed := problem.Status == w.Code && (httpapi.Status(problem.Code) == w.Code || w.Code == http.StatusMethodNotAllowed)
	if !allowed || problem.Detail == "" || problem.Code == eventjson.CodeInternal || problem.Code == eventjson.CodeDamaged {
		t.Errorf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
	}
}

// duplexRecorder records an answer that may be written while the request is read.
type duplexRecorder struct{ *httptest.ResponseRecorder }

func (duplexRecorder) EnableFullDuplex() error          { return nil }
func (duplexRecorder) SetReadDeadline(time.Time) error  { return nil }
func (duplexRecorder) SetWriteDeadline(time.Time) error { return nil }
