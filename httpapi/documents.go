package httpapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/gestadb/gesta/history"
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
	head, err := s.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("look up the head: %w", err)
	}
	return eventjson.AppendBasis(append(dst, `{"basis":`...), &eventjson.Basis{Store: storeID(s), Head: head}), nil
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

// statsDocument is the answer of /v1/stats.
type statsDocument struct {
	Events           uint64      `json:"events"`
	Streams          uint64      `json:"streams"`
	Types            uint64      `json:"types"`
	Tags             uint64      `json:"tags"`
	Commits          uint64      `json:"commits"`
	SystemEvents     uint64      `json:"systemEvents"`
	Late             uint64      `json:"late"`
	Bytes            mediumBytes `json:"bytes"`
	Segments         int         `json:"segments"`
	ClockBehindUs    int64       `json:"clockBehindUs"`
	FirstRecordedAt  string      `json:"firstRecordedAt,omitempty"`
	LastRecordedAt   string      `json:"lastRecordedAt,omitempty"`
	FirstEffectiveAt string      `json:"firstEffectiveAt,omitempty"`
	LastEffectiveAt  string      `json:"lastEffectiveAt,omitempty"`
}

// mediumDocument is the answer of /v1/stats?medium=true: the figures that cost nothing.
type mediumDocument struct {
	Bytes         mediumBytes `json:"bytes"`
	Segments      int         `json:"segments"`
	ClockBehindUs int64       `json:"clockBehindUs"`
}

type mediumBytes struct {
	Log   int64 `json:"log"`
	Index int64 `json:"index"`
}

// stats counts everything, which reads everything; with medium=true it gives the figures of the medium alone.
func (h *Handler) stats(w http.ResponseWriter, r *http.Request, s store.Store) error {
	p, err := query(r)
	if err != nil {
		return err
	}
	alone := p.flag("medium")
	if err := p.end(); err != nil {
		return err
	}
	ctx, cancel := h.readContext(r, false)
	defer cancel()
	var medium store.Stats
	m, ok := store.As[store.Measurer](s)
	if ok {
		if medium, err = m.Stats(ctx); err != nil {
			return err // it says what was done
		}
	}
	bytes := mediumBytes{Log: medium.LogBytes, Index: medium.IndexBytes}
	behind := medium.ClockBehind.Microseconds()
	if alone {
		if !ok {
			return unsupported("measuring")
		}
		return document(w, r, s, mediumDocument{Bytes: bytes, Segments: medium.Segments, ClockBehindUs: behind})
	}
	c, err := history.CountStats(ctx, s, 0, nil)
	if err != nil {
		return because(ctx, err)
	}
	return document(w, r, s, statsDocument{
		Events: c.Events, Streams: c.Streams, Types: c.Types, Tags: c.Tags, Commits: c.Commits, SystemEvents: c.SystemEvents, Late: c.Late,
		Bytes: bytes, Segments: medium.Segments, ClockBehindUs: behind,
		FirstRecordedAt: timeText(c.FirstRecordedAt), LastRecordedAt: timeText(c.LastRecordedAt),
		FirstEffectiveAt: timeText(c.FirstEffectiveAt), LastEffectiveAt: timeText(c.LastEffectiveAt),
	})
}

// lister finds the power of lists.
func lister(s store.Store) (store.Lister, error) {
	p, ok := store.As[store.Lister](s)
	if !ok {
		return nil, unsupported("listing")
	}
	return p, nil
}

// streams lists streams by name, those of gesta's own only where the prefix names them or system=true.
func (h *Handler) streams(w http.ResponseWriter, r *http.Request, s store.Store) error {
	p, err := query(r)
	if err != nil {
		return err
	}
	o := store.StreamsOptions{Prefix: p.text("prefix"), After: p.text("after"), Limit: int(p.number("limit"))}
	system := p.flag("system") || store.IsSystem(o.Prefix)
	if err := p.end(); err != nil {
		return err
	}
	power, err := lister(s)
	if err != nil {
		return err
	}
	ctx, cancel := h.readContext(r, false)
	defer cancel()
	asked := o.Limit
	if !system {
		o.Limit = 0 // those that are hidden do not count
	}
	return list(ctx, h, w, r, s, shown(power.Streams(ctx, o), asked, func(i *store.StreamInfo) bool {
		return system || !store.IsSystem(i.Stream)
	}), appendStreamItem, appendStreamFrame)
}

// shown yields the items of a list that are to be seen, up to a limit, 0 for none.
func shown[T any](items iter.Seq2[T, error], limit int, see func(*T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		n := 0
		for item, err := range items {
			if err == nil && !see(&item) {
				continue
			}
			if n++; !yield(item, err) || n == limit {
				return
			}
		}
	}
}

func appendStreamItem(dst []byte, s *store.StreamInfo) []byte {
	dst = eventjson.AppendString(append(dst, `{"stream":`...), s.Stream)
	dst = strconv.AppendUint(append(dst, `,"version":`...), s.Version, 10)
	dst = appendPosition(append(dst, `,"lastPosition":`...), s.LastPosition)
	dst = eventjson.AppendTime(append(dst, `,"lastRecordedAt":`...), s.LastRecordedAt)
	return append(dst, '}')
}

// types lists the types of events by name. In JSON what is in streams of gesta's own does not count; in frames it does.
func (h *Handler) types(w http.ResponseWriter, r *http.Request, s store.Store) error {
	p, err := query(r)
	if err != nil {
		return err
	}
	system := p.flag("system")
	if err := p.end(); err != nil {
		return err
	}
	ctx, cancel := h.readContext(r, false)
	defer cancel()
	var items iter.Seq2[store.TypeInfo, error]
	if system {
		power, err := lister(s)
		if err != nil {
			return err
		}
		items = power.Types(ctx)
	} else {
		types, err := history.Types(ctx, s, 0)
		if err != nil {
			return because(ctx, err)
		}
		items = sliceSeq(types)
	}
	return list(ctx, h, w, r, s, items, appendTypeItem, appendTypeFrame)
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

func appendTypeItem(dst []byte, t *store.TypeInfo) []byte {
	dst = eventjson.AppendString(append(dst, `{"type":`...), t.Type)
	return append(strconv.AppendUint(append(dst, `,"events":`...), t.Events, 10), '}')
}

// list answers with items of any number: a document, or frames. It is sent piece by piece; an error after the first
// cuts the connection, or is a frame.
func list[T any](
	ctx context.Context, h *Handler, w http.ResponseWriter, r *http.Request, s store.Store, items iter.Seq2[T, error],
	item, frame func([]byte, *T) []byte,
) error {
	l := &listing{o: h.newOutlet(w), w: w, contentType: jsonType}
	frames := takesFrames(r)
	if frames {
		l.contentType = FramesType
		l.buf = append(l.buf, magic...)
	} else {
		doc, err := appendBasis(ctx, nil, s)
		if err != nil {
			return err
		}
		l.buf = append(doc, `,"items":[`...)
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

// failed ends the answer with an error.
func (l *listing) failed(err error, frames bool) error {
	if !l.begun || !frames {
		return err
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
	return list(ctx, h, w, r, s, power.ByID(ctx, r.PathValue("id")), eventjson.AppendEvent, appendEventFrame)
}

// appendEventFrame appends a frame of one event.
func appendEventFrame(dst []byte, r *store.Recorded) []byte {
	var b batch
	b.add(r)
	start := len(dst)
	return endFrame(b.appendTo(beginFrame(dst, frameEvents)), start)
}
