package httpapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// head answers {"basis":…}.
func (h *Handler) head(w http.ResponseWriter, r *http.Request, s store.Store) error {
	doc, err := appendBasis(r.Context(), nil, s)
	if err != nil {
		return err
	}
	return writeJSON(w, append(doc, '}'))
}

// appendBasis begins a document with what it rests on; the caller closes it.
func appendBasis(ctx context.Context, dst []byte, s store.Store) ([]byte, error) {
	basis, err := answers.Basis(ctx, s)
	if err != nil {
		return nil, err
	}
	return eventjson.AppendBasis(append(dst, `{"basis":`...), &basis), nil
}

// ask begins a question about what was known at a time or a position, as the parameter knownAt has it; empty is now.
func ask(ctx context.Context, s store.Store, knownAt string) (*answers.Question, error) {
	clock := history.Clock{Now: now()}
	known, err := answers.ParseKnown("knownAt", knownAt, clock)
	if err != nil {
		return nil, err
	}
	q, err := answers.Ask(ctx, s, answers.Asked{Known: known, Clock: clock})
	return q, because(ctx, err)
}

// appendMembers appends the members of v, a struct, to a document that has some.
func appendMembers(dst []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return append(append(dst, ','), b[1:]...), nil
}

// document answers with a basis and the members of v.
func document(w http.ResponseWriter, r *http.Request, s store.Store, v any) error {
	doc, err := appendBasis(r.Context(), nil, s)
	if err != nil {
		return err
	}
	if doc, err = appendMembers(doc, v); err != nil {
		return err
	}
	return writeJSON(w, doc)
}

// noParameters refuses parameters of a route that has none.
func noParameters(r *http.Request) error {
	_, err := query(r)
	return err
}

// query returns the parameters of a request; the caller asks for those that it knows and calls end.
func query(r *http.Request) (*parameters, error) {
	v, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, usagef("the parameters are malformed: %s", err)
	}
	return &parameters{v: v}, nil
}

// mediumDocument is the answer of /v1/stats?medium=true: the figures that cost nothing.
type mediumDocument struct {
	Bytes         answers.MediumBytes `json:"bytes"`
	Segments      int                 `json:"segments"`
	ClockBehindUs int64               `json:"clockBehindUs"`
}

// stats counts everything, which reads everything; with medium=true it gives the figures of the medium alone.
func (h *Handler) stats(w http.ResponseWriter, r *http.Request, s store.Store) error {
	p, err := query(r)
	if err != nil {
		return err
	}
	alone, knownAt := p.flag("medium"), p.text("knownAt")
	if err := p.end(); err != nil {
		return err
	}
	ctx, cancel := h.readContext(r, false)
	defer cancel()
	if alone && knownAt != "" {
		return usagef("medium=true is about now: it does not go with knownAt")
	}
	if alone {
		return h.medium(ctx, w, r, s)
	}
	q, err := ask(ctx, s, knownAt)
	if err != nil {
		return err
	}
	var counted history.Stats
	var medium store.Stats
	err = h.o.Walks.during(ctx, func() (err error) {
		counted, medium, err = q.Stats(ctx, nil)
		return err
	})
	if err != nil {
		return because(ctx, err)
	}
	members, err := answers.Members(answers.NewStats(&counted, &medium))
	if err != nil {
		return err
	}
	return writeJSON(w, answers.AppendDocument(nil, &q.Basis, members))
}

// medium answers with the figures of the medium.
func (h *Handler) medium(ctx context.Context, w http.ResponseWriter, r *http.Request, s store.Store) error {
	power, ok := store.As[store.Measurer](s)
	if !ok {
		return unsupported("measuring")
	}
	m, err := power.Stats(ctx)
	if err != nil {
		return err // it says what was done
	}
	bytes := answers.MediumBytes{Log: m.LogBytes, Index: m.IndexBytes}
	return document(w, r, s, mediumDocument{Bytes: bytes, Segments: m.Segments, ClockBehindUs: m.ClockBehind.Microseconds()})
}

// listerOf finds the power of lists, which knows now alone.
func listerOf(s store.Store, knownAt string) (store.Lister, error) {
	if knownAt != "" {
		return nil, usagef("system=true is about now: it does not go with knownAt")
	}
	p, ok := store.As[store.Lister](s)
	if !ok {
		return nil, unsupported("listing")
	}
	return p, nil
}

// streams lists streams by name, those of gesta's own only where the prefix names them or system=true, which is about now.
func (h *Handler) streams(w http.ResponseWriter, r *http.Request, s store.Store) error {
	p, err := query(r)
	if err != nil {
		return err
	}
	o := store.StreamsOptions{Prefix: p.text("prefix"), After: p.text("after"), Limit: int(p.number("limit"))}
	system, knownAt := p.flag("system"), p.text("knownAt")
	if err := p.end(); err != nil {
		return err
	}
	ctx, cancel := h.readContext(r, false)
	defer cancel()
	q, err := ask(ctx, s, knownAt)
	if err != nil {
		return err
	}
	items := q.Streams(ctx, o)
	if knownAt != "" { // all of it is in memory while it is sent
		items = walking(ctx, h.o.Walks, items)
	}
	if system {
		power, err := listerOf(s, knownAt)
		if err != nil {
			return err
		}
		items = power.Streams(ctx, o)
	}
	return list(ctx, h, w, r, &q.Basis, items, answers.AppendStream, appendStreamFrame)
}

// types lists the types of events by name. What is in streams of gesta's own does not count, unless system=true, which is about now.
func (h *Handler) types(w http.ResponseWriter, r *http.Request, s store.Store) error {
	p, err := query(r)
	if err != nil {
		return err
	}
	system, knownAt := p.flag("system"), p.text("knownAt")
	if err := p.end(); err != nil {
		return err
	}
	ctx, cancel := h.readContext(r, false)
	defer cancel()
	if err := store.MayRead(ctx, s, nil); err != nil { // before it takes a place, and for system=true too
		return err
	}
	q, err := ask(ctx, s, knownAt)
	if err != nil {
		return err
	}
	if system {
		power, err := listerOf(s, knownAt)
		if err != nil {
			return err
		}
		return list(ctx, h, w, r, &q.Basis, power.Types(ctx), answers.AppendType, appendTypeFrame)
	}
	var types []store.TypeInfo
	err = h.o.Walks.during(ctx, func() (err error) {
		types, err = q.Types(ctx)
		return err
	})
	if err != nil {
		return because(ctx, err)
	}
	return list(ctx, h, w, r, &q.Basis, sliceSeq(types), answers.AppendType, appendTypeFrame)
}

func sliceSeq[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for i := range items {
			if !yield(items[i], nil) {
				return
			}
		}
	}
}

// list answers with items of any number: a document, or frames. It is sent piece by piece; an error after the first
// cuts the connection, or is a frame.
func list[T any](
	ctx context.Context, h *Handler, w http.ResponseWriter, r *http.Request, basis *eventjson.Basis, items iter.Seq2[T, error],
	item, frame func([]byte, *T) []byte,
) error {
	l := &listing{o: h.newOutlet(w), w: w, contentType: jsonType}
	frames := takesFrames(r)
	if frames {
		l.contentType = FramesType
		l.buf = append(l.buf, magic...)
	} else {
		l.buf = append(eventjson.AppendBasis([]byte(`{"basis":`), basis), `,"items":[`...)
	}
	n := uint64(0)
	for it, err := range items {
		if err != nil {
			return l.failed(because(ctx, err), frames)
		}
		switch {
		case frames:
			l.buf = frame(l.buf, &it)
		case n > 0:
			l.buf = item(append(l.buf, ','), &it)
		default:
			l.buf = item(l.buf, &it)
		}
		n++
		if err := l.spill(); err != nil {
			return err
		}
	}
	if frames {
		l.buf = appendEnd(l.buf, n)
	} else {
		l.buf = append(l.buf, ']', '}', '\n')
	}
	return l.close()
}

// listing is a long answer on its way.
type listing struct {
	o           *outlet
	w           http.ResponseWriter
	contentType string
	buf         []byte
	begun       bool
	sent        int // bytes
}

// size is how long the answer is by now.
func (l *listing) size() int { return l.sent + len(l.buf) }

// spill sends what is collected when it is enough.
func (l *listing) spill() error {
	if len(l.buf) < pieceBytes {
		return nil
	}
	if !l.begun {
		l.begun = true
		l.w.Header().Set("Content-Type", l.contentType)
	}
	err := l.o.send(l.buf)
	l.sent += len(l.buf)
	if l.buf = l.buf[:0]; cap(l.buf) > slice {
		l.buf = nil // it was for one that is large
	}
	return err
}

// failed ends the answer with an error. Frames that are there come before it, as they do from a store that is no server's.
func (l *listing) failed(err error, frames bool) error {
	if !frames || !l.begun && len(l.buf) <= len(magic) {
		return err
	}
	if !l.begun {
		l.w.Header().Set("Content-Type", l.contentType)
	}
	return l.o.send(appendErrorFrame(l.buf, err))
}

func (l *listing) close() error {
	if !l.begun {
		return writeWhole(l.w, l.contentType, l.buf)
	}
	return l.o.send(l.buf)
}

// tracking answers {"source":…,"position":…}; 0 for a source that has none.
func (h *Handler) tracking(w http.ResponseWriter, r *http.Request, s store.Store) error {
	if err := noParameters(r); err != nil {
		return err
	}
	power, ok := store.As[store.Tracker](s)
	if !ok {
		return unsupported("tracking")
	}
	source := r.PathValue("source")
	n, err := power.Tracked(r.Context(), source)
	if err != nil {
		return err
	}
	return writeJSON(w, eventjson.AppendTracking(nil, &store.Tracking{Source: source, Position: n}))
}

// key answers with what the commit with a key became.
func (h *Handler) key(w http.ResponseWriter, r *http.Request, s store.Store) error {
	power, ok := store.As[store.Keys](s)
	if !ok {
		return unsupported("keys")
	}
	result, err := power.Lookup(r.Context(), r.PathValue("key"))
	if errors.Is(err, store.ErrNotFound) {
		err = store.ErrNotFound // whatever it says of a key that the caller may not see
		return fmt.Errorf("key %q: %w", clip(r.PathValue("key")), err)
	}
	if err != nil {
		return err
	}
	return writeResult(w, r, &result)
}

// writeResult answers with a result in the form that the request takes.
func writeResult(w http.ResponseWriter, r *http.Request, result *store.Result) error {
	if takesFrames(r) {
		return writeFrames(w, appendResultFrame([]byte(magic), result))
	}
	return writeJSON(w, eventjson.AppendResult(nil, result))
}

// id answers with all events that have an id.
func (h *Handler) id(w http.ResponseWriter, r *http.Request, s store.Store) error {
	power, ok := store.As[store.IDs](s)
	if !ok {
		return unsupported("ids")
	}
	ctx, cancel := h.readContext(r, false)
	defer cancel()
	basis, err := answers.Basis(ctx, s)
	if err != nil {
		return because(ctx, err)
	}
	events := weighed(ctx, h.answers, weight, power.ByID(ctx, r.PathValue("id")))
	return list(ctx, h, w, r, &basis, events, eventjson.AppendEvent, appendEventFrame)
}

// appendEventFrame appends a frame of one event.
func appendEventFrame(dst []byte, r *store.Recorded) []byte {
	var b batch
	b.add(r)
	start := len(dst)
	return endFrame(b.appendTo(beginFrame(dst, frameEvents)), start)
}
