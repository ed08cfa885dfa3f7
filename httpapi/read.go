package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// read yields events in the form that the request accepts.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, s store.Store) error {
	req, err := h.decodeRead(w, r)
	if err != nil {
		return err
	}
	if err := errors.Join(req.o.Validate(), req.query.Validate()); err != nil {
		return err
	}
	ctx, cancel := h.readContext(r, req.o.Follow)
	defer cancel()
	form, err := readForm(r, req.o.Follow)
	if err != nil {
		return err
	}
	head, empty, err := req.begin(ctx, s)
	if err != nil {
		return err
	}
	rd := &reading{h: h, s: s, req: req, head: head, empty: empty}
	if form == jsonType || form == cloudBatchType {
		return rd.page(ctx, w, form)
	}
	return rd.stream(ctx, w, form)
}

// readForm chooses the form of the answer.
func readForm(r *http.Request, follow bool) (string, error) {
	offered := []string{jsonType, linesType, streamType, FramesType, cloudBatchType}
	if follow {
		offered = []string{linesType, streamType, FramesType}
	}
	form := accepted(r, offered...)
	if form == "" {
		return "", usagef("the header Accept asks for none of the forms that there are: %q", offered)
	}
	return form, nil
}

// readContext bounds the time of what answers from history.
func (h *Handler) readContext(r *http.Request, follow bool) (context.Context, context.CancelFunc) {
	if follow {
		return r.Context(), func() {}
	}
	return context.WithTimeoutCause(r.Context(), h.o.MaxReadTime, &eventjson.Error{
		Code:    eventjson.CodeTimeout,
		Message: fmt.Sprintf("the answer took longer than %s", h.o.MaxReadTime),
		Hint:    "ask for less at once, with limit, and go on after the last position",
	})
}

// because returns the cause of the end of ctx where err is that.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		if known, ok := errors.AsType[*eventjson.Error](context.Cause(ctx)); ok {
			return known
		}
		return &eventjson.Error{Code: eventjson.CodeUnavailable, Message: "the server ends the connection", Hint: "connect again"}
	}
	return err
}

// reading is one read on its way.
type reading struct {
	h     *Handler
	s     store.Store
	req   *readRequest
	head  store.Position // when it began
	empty bool           // it can have no event
}

// each hands the events that the request is to see to yield, which returns false for enough.
func (rd *reading) each(ctx context.Context, limit int, progress func(store.Position, bool), yield func(*store.Recorded) (bool, error)) error {
	if rd.empty {
		return nil
	}
	o := rd.req.o
	o.Progress = progress
	hides := rd.req.hides()
	if o.Limit = limit; hides != nil {
		o.Limit = 0 // those that are hidden do not count
	}
	left := limit
	e := new(store.Recorded) // one for all
	for next, err := range rd.s.Read(ctx, rd.req.query, o) {
		if err != nil {
			return because(ctx, err)
		}
		*e = next
		if hides != nil && hides(e) {
			continue
		}
		more, err := yield(e)
		if err != nil || !more {
			return err
		}
		if left--; left == 0 {
			return nil
		}
	}
	return nil
}

// page answers with one document: the events up to a limit, and where to go on if there are more.
func (rd *reading) page(ctx context.Context, w http.ResponseWriter, form string) error {
	most := rd.h.o.MaxItems
	if rd.req.o.Limit > 0 {
		most = min(most, rd.req.o.Limit)
	}
	var doc []byte
	asks := form == jsonType
	if asks {
		doc = rd.basis(append(doc, `{"basis":`...))
		doc = append(doc, `,"items":`...)
	}
	doc = append(doc, '[')
	var last, next store.Position
	n := 0
	err := rd.each(ctx, most+1, nil, func(r *store.Recorded) (bool, error) {
		if n == most || len(doc) > rd.h.o.MaxAnswerBytes {
			next = last
			return false, nil
		}
		if n > 0 {
			doc = append(doc, ',')
		}
		if asks {
			doc = eventjson.AppendEvent(doc, r)
		} else {
			doc = appendCloudEvent(doc, storeID(rd.s), r)
		}
		last = r.Position
		n++
		return true, nil
	})
	if err != nil {
		return err
	}
	doc = append(doc, ']')
	if next != 0 && rd.req.o.Backward {
		next--
	}
	if !asks {
		if next != 0 {
			w.Header().Set("Gesta-Next", strconv.FormatUint(uint64(next), 10))
		}
		return writeWhole(w, cloudBatchType, append(doc, '\n'))
	}
	if next != 0 {
		doc = strconv.AppendUint(append(doc, `,"next":`...), uint64(next), 10)
	}
	return writeJSON(w, append(doc, '}'))
}

func (rd *reading) basis(dst []byte) []byte {
	b := eventjson.Basis{Store: storeID(rd.s), Head: rd.head, KnownAt: rd.req.o.AsOf}
	if rd.req.knownAt && b.KnownAt.IsZero() {
		b.KnownAtPosition = rd.req.position
		b.KnownAtStart = b.KnownAtPosition == 0
	}
	return eventjson.AppendBasis(dst, &b)
}

// stream answers with events as they are read, and says at its end that it is one.
func (rd *reading) stream(ctx context.Context, w http.ResponseWriter, form string) error {
	f := newForm(form)
	t := newTelling(rd, f, rd.h.newOutlet(w))
	header := w.Header()
	header.Set("Content-Type", form)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // what stands between must not wait for more
	w.WriteHeader(http.StatusOK)
	t.begin()
	if rd.req.o.Follow {
		t.pulse(rd.h.o.Heartbeat)
	}
	limit := rd.req.o.Limit
	err := rd.each(ctx, limit, t.progress, t.event)
	if gone := t.end(err); gone != nil {
		return nil //nolint:nilerr // nobody is there to hear it
	}
	return nil
}

// storeID returns the id of a store, empty for one without.
func storeID(s store.Store) string {
	if p, ok := store.As[store.Identity](s); ok {
		return p.StoreID()
	}
	return ""
}

// tick is how often an answer that follows is looked after: twice as often as it must tell of what it scanned.
const tick = 500 * time.Millisecond
