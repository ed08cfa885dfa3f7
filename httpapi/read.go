package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
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
	if err := req.allowed(ctx, s); err != nil {
		return because(ctx, err)
	}
	head, empty, err := req.begin(ctx, s)
	if err != nil {
		return err
	}
	rd := &reading{h: h, s: s, req: req, head: head, empty: empty}
	switch form {
	case jsonType:
		return rd.page(ctx, w)
	case cloudBatchType:
		return rd.cloudPage(ctx, w)
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

	weighed bool  // all events that it will have in memory are counted
	ahead   int64 // room that is taken for the event that is read next
}

// each hands the events that the request is to see to yield, which returns false for enough. An event that finds no room is forgotten, so that it is not in memory while it waits, and read again.
func (rd *reading) each(ctx context.Context, limit int, progress func(store.Position, bool), yield func(*store.Recorded) (bool, error)) error {
	if rd.empty {
		return nil
	}
	o := rd.req.o
	o.Limit, o.Progress = limit, progress
	for {
		wanted, err := rd.eachWithRoom(ctx, &o, yield)
		if wanted == 0 || err != nil {
			return err
		}
		if err := rd.h.answers.take(ctx, wanted); err != nil {
			return err
		}
		rd.ahead = wanted
	}
}

// eachWithRoom is each until an event finds no room: then it returns what that wants, and leaves in o where to go on.
func (rd *reading) eachWithRoom(ctx context.Context, o *store.ReadOptions, yield func(*store.Recorded) (bool, error)) (wanted int64, err error) {
	defer func() {
		rd.h.answers.give(rd.ahead)
		rd.ahead = 0
	}()
	read, hides := *o, rd.req.hides()
	if hides != nil {
		read.Limit = 0 // those that are hidden do not count
	}
	e := new(store.Recorded) // one for all
	for next, err := range rd.s.Read(ctx, rd.req.query, read) {
		if err != nil {
			return 0, because(ctx, err)
		}
		*e = next
		if hides == nil || !hides(e) {
			wanted, more, err := rd.weigh(e, yield)
			if wanted > 0 || err != nil || !more {
				return wanted, err
			}
			if o.Limit == 1 {
				return 0, nil
			}
			o.Limit = max(o.Limit-1, 0)
		}
		if o.After = e.Position; o.Backward {
			o.After, o.Until = read.After, e.Position-1
		}
	}
	return 0, nil
}

// weigh hands an event to yield when there is room for it, or returns what it wants. What yield makes of a large one is sent when it returns. Room that was taken for an event that became small
// meanwhile, as it does when it is erased, is given back, too.
func (rd *reading) weigh(r *store.Recorded, yield func(*store.Recorded) (bool, error)) (wanted int64, more bool, err error) {
	if n := weight(r); (n > 0 || rd.ahead > 0) && !rd.weighed {
		had := rd.ahead
		rd.ahead = 0
		if had < n {
			rd.h.answers.give(had)
			if _, ok := rd.h.answers.try(n); !ok {
				return n, false, nil
			}
			had = n
		}
		defer rd.h.answers.give(had)
	}
	more, err = yield(r)
	return 0, more, err
}

// most is how many events a document has at the most.
func (rd *reading) most() int {
	if rd.req.o.Limit > 0 {
		return min(rd.h.o.MaxItems, rd.req.o.Limit)
	}
	return rd.h.o.MaxItems
}

// page answers with one document: the events up to a limit, and where to go on if there are more. It is sent as it is made; an error after the first
// piece cuts the connection.
func (rd *reading) page(ctx context.Context, w http.ResponseWriter) error {
	l := &listing{o: rd.h.newOutlet(w), w: w, contentType: jsonType}
	l.buf = append(rd.basis(append(l.buf, `{"basis":`...)), `,"items":[`...)
	next, err := rd.some(ctx, l.size, func(r *store.Recorded, first bool) error {
		if !first {
			l.buf = append(l.buf, ',')
		}
		l.buf = eventjson.AppendEvent(slices.Grow(l.buf, store.EventBytes(&r.Event)), r)
		return l.spill()
	})
	if err != nil {
		return err
	}
	if l.buf = append(l.buf, ']'); next != 0 {
		l.buf = appendPosition(append(l.buf, `,"next":`...), next)
	}
	l.buf = append(l.buf, '}', '\n')
	return l.close()
}

// some hands events to put until there are enough for a document, and returns where to go on, 0 where there are no more. size is how long the
// document is.
func (rd *reading) some(ctx context.Context, size func() int, put func(r *store.Recorded, first bool) error) (next store.Position, err error) {
	var last store.Position
	n, most := 0, rd.most()
	err = rd.each(ctx, most+1, nil, func(r *store.Recorded) (bool, error) {
		if n == most || size() > rd.h.o.MaxAnswerBytes {
			if next = last; rd.req.o.Backward {
				next--
			}
			return false, nil
		}
		last = r.Position
		n++
		return true, put(r, n == 1)
	})
	return next, err
}

// cloudPage answers with a batch of CloudEvents. A header says where to go on, so that all of it is in memory, and counts as much as it may have: an event that
// needs more comes alone.
func (rd *reading) cloudPage(ctx context.Context, w http.ResponseWriter) error {
	counted := 2 * int64(rd.h.o.MaxAnswerBytes)
	if err := rd.h.answers.take(ctx, counted); err != nil {
		return err
	}
	defer func() { rd.h.answers.give(counted) }()
	rd.weighed = true
	doc := []byte{'['}
	next, err := rd.some(ctx, func() int { return len(doc) }, func(r *store.Recorded, first bool) error {
		if !first {
			doc = append(doc, ',')
		}
		if n := weight(r); n > counted {
			rd.h.answers.give(counted)
			counted = 0
			if err := rd.h.answers.take(ctx, n); err != nil {
				return err
			}
			counted = n
		}
		doc = appendCloudEvent(slices.Grow(doc, store.EventBytes(&r.Event)), storeID(rd.s), r)
		return nil
	})
	if err != nil {
		return err
	}
	if next != 0 {
		w.Header().Set("Gesta-Next", strconv.FormatUint(uint64(next), 10))
	}
	doc = append(doc, ']', '\n')
	if rest := counted - int64(cap(doc)); rest > 0 {
		rd.h.answers.give(rest)
		counted -= rest
	}
	return writeWhole(w, cloudBatchType, doc)
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
