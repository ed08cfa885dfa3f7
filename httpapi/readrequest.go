package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// readRequest is what a read asks for.
type readRequest struct {
	query    store.Query
	o        store.ReadOptions
	position store.Position // of knownAt, where that is one
	knownAt  bool           // there is a knownAt
	system   bool           // show events of system streams that the query does not name, too
}

// readBody is the body of POST /v1/read.
type readBody struct {
	Query    jsontext.Value `json:"query"`
	After    uint64         `json:"after"`
	Until    uint64         `json:"until"`
	KnownAt  jsontext.Value `json:"knownAt"`
	Limit    int64          `json:"limit"`
	Backward bool           `json:"backward"`
	Follow   bool           `json:"follow"`
	System   bool           `json:"system"`
	Whole    bool           `json:"whole"`
}

func decodeReadBody(b []byte) (*readRequest, error) {
	var body readBody
	if err := decodeStrictly(b, &body); err != nil {
		return nil, err
	}
	if body.Query == nil {
		return nil, usagef("a read needs the member query; [] matches every event")
	}
	q, err := eventjson.DecodeQuery(body.Query)
	if err != nil {
		return nil, err
	}
	known := ""
	if body.KnownAt != nil {
		if known = string(body.KnownAt); body.KnownAt.Kind() == '"' {
			if err := json.Unmarshal(body.KnownAt, &known); err != nil {
				return nil, usagef("knownAt: %s", err)
			}
		}
	}
	req := &readRequest{query: q, system: body.System, o: store.ReadOptions{
		After: store.Position(body.After), Until: store.Position(body.Until), Limit: int(body.Limit), Backward: body.Backward, Follow: body.Follow, Whole: body.Whole,
	}}
	return req, req.setKnownAt(known)
}

// decodeReadQuery reads the parameters of GET /v1/read.
func decodeReadQuery(v url.Values) (*readRequest, error) {
	p := parameters{v: v}
	req := &readRequest{
		system: p.flag("system"),
		o: store.ReadOptions{
			After: store.Position(p.number("after")), Until: store.Position(p.number("until")), Limit: int(p.number("limit")),
			Backward: p.flag("backward"), Follow: p.flag("follow"), Whole: p.flag("whole"),
		},
	}
	known, text := p.text("knownAt"), p.text("query")
	if err := p.end(); err != nil {
		return nil, err
	}
	if !v.Has("query") {
		return nil, usagef("a read needs the parameter query; [] matches every event")
	}
	var err error
	if req.query, err = eventjson.ParseQuery(text); err != nil {
		return nil, err
	}
	return req, req.setKnownAt(known)
}

func (req *readRequest) setKnownAt(text string) error {
	if text == "" {
		return nil
	}
	req.knownAt = true
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		req.position = store.Position(min(n, uint64(store.MaxPosition)))
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return usagef("knownAt is %q, neither a position nor a time such as 2026-11-01T10:06:00Z", clip(text))
	}
	if req.o.AsOf = store.Time(t); req.o.AsOf.IsZero() {
		return usagef("knownAt is %q, not a time after the first moment of the year 1", text)
	}
	return nil
}

// decodeRead reads a read in either form, and what a client that was cut off says of where it was.
func (h *Handler) decodeRead(w http.ResponseWriter, r *http.Request) (*readRequest, error) {
	req, err := h.decodeReadForm(w, r)
	if err != nil {
		return nil, err
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		p, err := strconv.ParseUint(last, 10, 64)
		if err != nil {
			return nil, usagef("the header Last-Event-ID is %q, not a position", clip(last))
		}
		req.o.After = store.Position(p)
	}
	if req.o.Follow && req.knownAt {
		return nil, usagef("a read cannot follow and have a knownAt")
	}
	return req, h.checkItems("query", len(req.query))
}

func (h *Handler) decodeReadForm(w http.ResponseWriter, r *http.Request) (*readRequest, error) {
	if r.Method == http.MethodGet {
		v, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, usagef("the parameters are malformed: %s", err)
		}
		return decodeReadQuery(v)
	}
	b, err := h.readDocument(w, r)
	if err != nil {
		return nil, err
	}
	defer b.free()
	return decodeReadBody(b.b)
}

// readDocument reads the body of a request that must be JSON.
func (h *Handler) readDocument(w http.ResponseWriter, r *http.Request) (*body, error) {
	media, err := contentType(r)
	if err != nil {
		return nil, err
	}
	if media != jsonType {
		return nil, usagef("the body is of the type %s, %s is expected", clip(media), jsonType)
	}
	src := h.bodyReader(r.Context(), w, r)
	src.whole = now().Add(h.o.BodyTimeout)
	return readWhole(src, r.ContentLength, h.o.MaxDocumentBytes, &h.documents)
}

// allowed returns an error with the code denied where the request is for all or nothing, and the caller may not read all.
func (req *readRequest) allowed(ctx context.Context, s store.Store) error {
	if !req.o.Whole {
		return nil
	}
	return store.MayRead(ctx, s, req.query)
}

// begin looks up what the read depends on, and fixes where it ends: at the head of now.
func (req *readRequest) begin(ctx context.Context, s store.Store) (head store.Position, empty bool, err error) {
	if head, err = s.Head(ctx); err != nil {
		return 0, false, fmt.Errorf("look up the head: %w", err)
	}
	if req.knownAt && req.o.AsOf.IsZero() {
		end := req.position
		if end > 0 {
			if end, err = history.CommitEnd(ctx, s, min(end, head)); err != nil {
				return 0, false, err
			}
		}
		if end == 0 {
			return head, true, nil
		}
		req.o.Until = lower(req.o.Until, end)
	}
	if !req.o.Follow {
		req.o.Until = lower(req.o.Until, head)
	}
	return head, false, nil
}

// lower returns the lower of two ends of which 0 is none.
func lower(a, b store.Position) store.Position {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// hides returns which events the caller did not ask to see: those of system streams, unless the request says otherwise or the query
// names them. Nil hides none.
func (req *readRequest) hides() func(*store.Recorded) bool {
	if req.system {
		return nil
	}
	var named store.Query
	wide := len(req.query) == 0
	for _, it := range req.query {
		switch {
		case store.IsSystem(it.Stream) || store.IsSystem(it.Category):
			named = append(named, it)
		case it.Stream == "" && it.Category == "":
			wide = true
		}
	}
	if !wide {
		return nil
	}
	return func(r *store.Recorded) bool {
		return store.IsSystem(r.Stream) && (len(named) == 0 || !named.Matches(&r.Event))
	}
}

// parameters reads the parameters of a URL, and refuses those that nobody asked for.
type parameters struct {
	v    url.Values
	seen []string
	err  error
}

func (p *parameters) text(name string) string {
	p.seen = append(p.seen, name)
	if len(p.v[name]) > 1 && p.err == nil {
		p.err = usagef("the parameter %s is there twice", name)
	}
	return p.v.Get(name)
}

func (p *parameters) number(name string) uint64 {
	text := p.text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil && p.err == nil {
		p.err = usagef("the parameter %s is %q, not a number from 0", name, clip(text))
	}
	return n
}

func (p *parameters) flag(name string) bool {
	switch text := p.text(name); text {
	case "", "false":
		return false
	case "true":
		return true
	default:
		if p.err == nil {
			p.err = usagef("the parameter %s is %q, neither true nor false", name, clip(text))
		}
		return false
	}
}

func (p *parameters) end() error {
	if p.err != nil {
		return p.err
	}
	for name := range p.v {
		if !slices.Contains(p.seen, name) {
			return usagef("there is no parameter %q; there are %s", clip(name), strings.Join(p.seen, ", "))
		}
	}
	return nil
}
