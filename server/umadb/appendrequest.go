package umadb

import (
	"sync"

	"google.golang.org/grpc/mem"

	"github.com/gestadb/gesta/store"
)

// appendRequest is an AppendRequest as the store takes it. Its slices are used again for later requests, when release has been called; the data of its
// events are in the memory of the message. Both are allowed because a store reads nothing of a commit after Append
// has returned. Its strings stay: a store may keep those.
type appendRequest struct {
	events   []store.Event
	tags     []string // of all events, one after the other
	metadata []byte   // likewise
	entries  []entry  // of one event

	conditional bool
	condition   condition

	tracks   bool
	tracking store.Tracking

	malformed string // what makes the request invalid whatever the condition; empty for nothing
	refused   string // what makes an event invalid once the condition held; empty for nothing

	maxEvents int // that the request may have

	texts texts
	buf   mem.Buffer
}

// defaultEvents is the default of [Options.MaxEvents].
const defaultEvents = 65_536

// What is decoded is bounded before anything can judge it: a message of many empty parts is far smaller than they are in memory.
const (
	maxTags    = store.MaxEnvelopeBytes // of an event: no store takes half as many
	maxEntries = 65_536                 // of an event
)

// condition is an AppendCondition.
type condition struct {
	query query
	after uint64
}

var appendRequests = sync.Pool{New: func() any { return &appendRequest{} }}

func newAppendRequest() *appendRequest {
	r, _ := appendRequests.Get().(*appendRequest)
	r.maxEvents = defaultEvents
	return r
}

func (s *Service) newAppendRequest() *appendRequest {
	r := newAppendRequest()
	r.maxEvents = s.o.MaxEvents
	return r
}

func (r *appendRequest) long() bool { return r.buf != nil && r.buf.Len() > StreamWindow }

// maxKept bounds the slices of a request that are kept for the next, in elements: a rare long request does not stay.
const maxKept = 4096

func (r *appendRequest) release() {
	if r.buf != nil {
		r.buf.Free()
	}
	q := r.condition.query
	if cap(r.events) > maxKept || cap(r.tags) > maxKept || cap(r.metadata) > maxKept*16 || cap(r.entries) > maxKept || q.large() {
		return
	}
	clear(r.events)
	clear(r.tags)
	clear(r.entries)
	q.reset()
	*r = appendRequest{events: r.events[:0], tags: r.tags[:0], metadata: r.metadata[:0], entries: r.entries[:0]}
	r.condition.query = q
	appendRequests.Put(r)
}

func (r *appendRequest) decode(buf mem.Buffer) error {
	buf.Ref()
	r.buf = buf
	b := buf.ReadOnlyData()
	r.texts.left = len(b)
	f := walk(b)
	for f.next() {
		switch f.number {
		case 1:
			f.message(r.decodeEvent)
		case 2:
			r.conditional = true
			f.message(r.decodeCondition)
		case 3:
			r.tracks = true
			f.message(r.decodeTracking)
		}
	}
	return f.err
}

func (r *appendRequest) decodeEvent(b []byte) error {
	if len(r.events) > r.maxEvents { // one too many is enough to be refused
		return nil
	}
	r.events = append(r.events, store.Event{})
	e := &r.events[len(r.events)-1]
	tag := len(r.tags)
	r.entries = r.entries[:0]
	f := walk(b)
	for f.next() {
		switch f.number {
		case 1:
			e.Type = r.texts.of(f.text())
		case 2:
			if t := f.text(); len(r.tags)-tag < maxTags {
				r.tags = append(r.tags, r.texts.of(t))
			}
		case 3:
			e.Data = f.bytes()
		case 4:
			r.decodeID(e, f.text())
		case 5:
			f.message(r.decodeEntry)
		}
	}
	if f.err != nil {
		return f.err
	}
	if tag < len(r.tags) {
		e.Tags = r.tags[tag:len(r.tags):len(r.tags)]
	}
	if len(e.Data) > 0 && !isJSON(e.Data) {
		e.ContentType = rawContent
	}
	r.keepEntries(e)
	return nil
}

// rawContent is the content type of data that is not JSON.
const rawContent = "application/octet-stream"

func (r *appendRequest) decodeID(e *store.Event, text []byte) {
	e.ID = ""
	if len(text) == 0 {
		return
	}
	var id [36]byte
	if !canonical(&id, text) {
		r.malformed = "uuid is not a UUID"
		return
	}
	e.ID = r.texts.of(id[:])
}

func (r *appendRequest) decodeEntry(b []byte) error {
	var n entry
	f := walk(b)
	for f.next() {
		switch f.number {
		case 1:
			n.key = f.text()
		case 2:
			n.value = f.text()
		}
	}
	if len(r.entries) <= maxEntries {
		r.entries = append(r.entries, n)
	}
	return f.err
}

// keepEntries makes the metadata of e from the entries that were read.
func (r *appendRequest) keepEntries(e *store.Event) {
	if len(r.entries) == 0 {
		return
	}
	switch {
	case len(r.entries) > maxEntries:
		r.refused = "metadata has too many entries"
		return
	case repeats(r.entries):
		r.refused = "metadata contains duplicate keys"
	}
	start := len(r.metadata)
	r.metadata = appendMetadata(r.metadata, r.entries)
	e.Metadata = r.metadata[start:len(r.metadata):len(r.metadata)]
}

func (r *appendRequest) decodeCondition(b []byte) error {
	f := walk(b)
	for f.next() {
		switch f.number {
		case 1:
			f.message(r.condition.query.decode)
		case 2:
			r.condition.after = f.uint()
		}
	}
	return f.err
}

func (r *appendRequest) decodeTracking(b []byte) error {
	f := walk(b)
	for f.next() {
		switch f.number {
		case 1:
			r.tracking.Source = r.texts.of(f.text())
		case 2:
			r.tracking.Position = f.uint()
		}
	}
	return f.err
}

// keyed says whether every event has an id by which the append can be known again.
func (r *appendRequest) keyed() bool {
	for i := range r.events {
		if id := r.events[i].ID; id == "" || id == nilID {
			return false
		}
	}
	return true
}
