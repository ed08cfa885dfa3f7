package umadb

import (
	"google.golang.org/grpc/mem"

	"github.com/gestadb/gesta/store"
)

// readAnswer is a ReadResponse as a client takes it. Data of its events are in the memory of the message, which stays as long as they do.
type readAnswer struct {
	events   []store.Recorded
	problems []string // why each cannot be understood; empty for nothing
}

func (a *readAnswer) decode(buf mem.Buffer) error {
	buf.Ref() // and never given back: the events have it
	b := buf.ReadOnlyData()
	var r appendRequest // reads an event as the service does that is sent one
	r.texts.left = len(b)
	f := walk(b)
	for f.next() {
		if f.number == 1 {
			f.message(func(b []byte) error { return a.decodeEvent(&r, b) })
		}
	}
	return f.err
}

func (a *readAnswer) decodeEvent(r *appendRequest, b []byte) error {
	var e store.Recorded
	r.events, r.malformed, r.refused = r.events[:0], "", ""
	f := walk(b)
	for f.next() {
		switch f.number {
		case 1:
			e.Position = store.Position(f.uint())
		case 2:
			f.message(r.decodeEvent)
		case 3:
			f.message(func(b []byte) error {
				r.tracking = store.Tracking{}
				err := r.decodeTracking(b)
				own := r.tracking
				e.Tracking = &own
				return err
			})
		}
	}
	if f.err != nil {
		return f.err
	}
	problem := r.malformed + r.refused // one of them is empty, or both tell of the same event
	if len(r.events) != 1 {
		problem = "it is not one event"
	} else {
		e.Event = r.events[0]
	}
	a.events, a.problems = append(a.events, e), append(a.problems, problem)
	return nil
}
