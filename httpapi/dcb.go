package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// The plain HTTP form of dcb.events, as its test suite speaks it: GET /read?query=&options= answers with a list of
// {"type","tags","data","position"}, and POST /append takes {"events","condition"} and answers with {"durationInMicroseconds",
// "appendConditionFailed"}. Data is text there: it is stored as the bytes that it has, and given back as text.

// dcbQuery is a query: {"items":[{"types":[],"tags":[]}]}; one without items matches every event.
type dcbQuery struct {
	Items []dcbItem `json:"items"`
}

type dcbItem struct {
	Types []string `json:"types"`
	Tags  []string `json:"tags"`
}

func (q *dcbQuery) query() store.Query {
	if q == nil {
		return nil
	}
	var out store.Query
	for _, it := range q.Items {
		out = append(out, store.Item{Types: it.Types, Tags: it.Tags})
	}
	return out
}

// dcbOptions are the options of a read. From is the first position that is read, backwards too.
type dcbOptions struct {
	From      store.Position `json:"from"`
	Backwards bool           `json:"backwards"`
	Limit     int            `json:"limit"`
}

func (o *dcbOptions) options() (store.ReadOptions, error) {
	out := store.ReadOptions{Backward: o.Backwards, Limit: o.Limit}
	switch {
	case o.Limit < 0:
		return out, usagef("limit %d is below 0", o.Limit)
	case o.From == 0:
	case o.Backwards:
		out.Until = o.From
	default:
		out.After = o.From - 1
	}
	return out, nil
}

// dcbEvent is an event of an append. Its data is text, or any other JSON value.
type dcbEvent struct {
	Type string         `json:"type"`
	Tags []string       `json:"tags"`
	Data jsontext.Value `json:"data"`
}

type dcbCondition struct {
	Query *dcbQuery       `json:"failIfEventsMatch"`
	After *store.Position `json:"after"`
}

type dcbAppend struct {
	Events    []dcbEvent    `json:"events"`
	Condition *dcbCondition `json:"condition"`
}

func decodeDCBAppend(b []byte) (store.Commit, error) {
	var in dcbAppend
	var c store.Commit
	if err := decodeStrictly(b, &in); err != nil {
		return c, err
	}
	for i, e := range in.Events {
		data, err := dcbData(e.Data)
		if err != nil {
			return c, usagef("event %d: %s", i+1, err)
		}
		c.Events = append(c.Events, store.Event{Type: e.Type, Tags: e.Tags, Data: data})
	}
	if in.Condition != nil {
		g := store.NoneMatch{Query: in.Condition.Query.query()}
		if in.Condition.After != nil {
			g.After = *in.Condition.After
		}
		c.Guards = []store.Guard{g}
	}
	return c, nil
}

// dcbData returns the bytes of data: those of a text as they are, anything else as JSON.
func dcbData(v jsontext.Value) ([]byte, error) {
	if v == nil || v.Kind() == 'n' {
		return nil, nil
	}
	if v.Kind() != '"' {
		compact, _ := eventjson.AppendCompact(nil, v)
		return compact, nil
	}
	var s string
	if err := json.Unmarshal(v, &s); err != nil {
		return nil, err
	}
	return []byte(s), nil
}

// dcbAppend appends events without streams, under a condition.
func (h *Handler) dcbAppend(w http.ResponseWriter, r *http.Request, s store.Store) error {
	began := now()
	media, err := contentType(r)
	if err != nil {
		return err
	}
	if media != jsonType {
		return usagef("the body is of the type %s, %s is expected", clip(media), jsonType)
	}
	_, err = h.appendOne(w, r, seen{s}, decodeDCBAppend)
	failed := false
	if d := eventjson.Describe(err); d.Code == eventjson.CodeConflict {
		failed, err = true, nil
	}
	if err != nil {
		return err
	}
	doc := strconv.AppendInt([]byte(`{"durationInMicroseconds":`), now().Sub(began).Microseconds(), 10)
	doc = strconv.AppendBool(append(doc, `,"appendConditionFailed":`...), failed)
	return writeJSON(w, append(doc, '}'))
}

// seen is a store for whom there are no system streams, which dcbRead does not show: their events break no condition.
type seen struct{ store.Store }

// Append appends a commit.
func (s seen) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	return store.AppendIgnoring(ctx, s.Store, c, store.IsSystem)
}

func decodeDCBRead(v url.Values) (store.Query, store.ReadOptions, error) {
	p := parameters{v: v}
	queryText, optionsText := p.text("query"), p.text("options")
	if err := p.end(); err != nil {
		return nil, store.ReadOptions{}, err
	}
	var (
		q *dcbQuery
		o dcbOptions
	)
	if queryText != "" {
		if err := decodeStrictly([]byte(queryText), &q); err != nil {
			return nil, store.ReadOptions{}, err
		}
	}
	if optionsText != "" {
		if err := decodeStrictly([]byte(optionsText), &o); err != nil {
			return nil, store.ReadOptions{}, err
		}
	}
	out, err := o.options()
	return q.query(), out, err
}

// dcbRead reads events; those of gesta's own streams are not among them.
func (h *Handler) dcbRead(w http.ResponseWriter, r *http.Request, s store.Store) error {
	v, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return usagef("the parameters are malformed: %s", err)
	}
	q, o, err := decodeDCBRead(v)
	if err != nil {
		return err
	}
	if err := h.checkItems("query", len(q)); err != nil {
		return err
	}
	ctx, cancel := h.readContext(r, false)
	defer cancel()
	rd := &reading{h: h, s: s, req: &readRequest{query: q, o: o}}
	l := &listing{o: h.newOutlet(w), w: w, contentType: jsonType, buf: []byte{'['}}
	n := 0
	err = rd.each(ctx, o.Limit, nil, func(e *store.Recorded) (bool, error) {
		if n > 0 {
			l.buf = append(l.buf, ',')
		}
		n++
		l.buf = appendDCBEvent(l.buf, e)
		return true, l.spill()
	})
	if err != nil {
		return l.failed(err, false)
	}
	l.buf = append(l.buf, ']', '\n')
	return l.close()
}

func appendDCBEvent(dst []byte, r *store.Recorded) []byte {
	dst = eventjson.AppendString(append(dst, `{"type":`...), r.Type)
	dst = append(dst, `,"tags":[`...)
	for i, t := range r.Tags {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = eventjson.AppendString(dst, t)
	}
	dst = eventjson.AppendString(append(dst, `],"data":`...), string(r.Data))
	dst = appendPosition(append(dst, `,"position":`...), r.Position)
	return append(dst, '}')
}
