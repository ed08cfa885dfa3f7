package httpapi

import (
	"encoding/binary"

	"github.com/gestadb/gesta/store"
)

// The kinds of guards in a frame.
const (
	guardStreamAt = iota + 1
	guardStreamExists
	guardNoneMatch
)

// leastEvent is the least that an event counts against the limit of a commit, in bytes: its empty envelope. It bounds how many
// events the frame of a commit can have.
var leastEvent = store.EnvelopeBytes(&store.Event{})

// appendCommitFrame appends the frame of a commit that is to be appended.
func appendCommitFrame(dst []byte, c *store.Commit) ([]byte, error) {
	start := len(dst)
	dst = appendText(beginFrame(dst, frameCommit), c.Key)
	dst = appendTracking(dst, c.Tracking)
	dst = binary.AppendUvarint(dst, uint64(len(c.Guards)))
	for _, g := range c.Guards {
		var err error
		if dst, err = appendGuard(dst, g); err != nil {
			return nil, err
		}
	}
	var b batch
	for i := range c.Events {
		b.add(&store.Recorded{Event: c.Events[i]})
	}
	return endFrame(b.appendTo(dst), start), nil
}

func decodeCommit(p []byte) (store.Commit, error) {
	d := decoder{b: p}
	c := store.Commit{Key: d.text(), Tracking: d.tracking()}
	if n := d.length("guards", 2); n > store.MaxGuards {
		return c, &store.TooLargeError{What: "commit", Unit: "guards", Got: n, Max: store.MaxGuards}
	} else if n > 0 {
		c.Guards = make([]store.Guard, n)
	}
	for i := range c.Guards {
		c.Guards[i] = d.guard()
	}
	if d.err != nil {
		return c, d.err
	}
	most := store.MaxCommitBytes / leastEvent
	err := d.unbatch(func(r *store.Recorded) bool {
		c.Events = append(c.Events, r.Event)
		return len(c.Events) <= most
	})
	if err == nil && len(c.Events) > most {
		err = &store.TooLargeError{What: "commit", Unit: "bytes", Got: len(c.Events) * leastEvent, Max: store.MaxCommitBytes}
	}
	return c, err
}

func appendTracking(dst []byte, t *store.Tracking) []byte {
	if t == nil {
		return append(dst, 0)
	}
	return binary.AppendUvarint(appendText(append(dst, 1), t.Source), t.Position)
}

func (d *decoder) tracking() *store.Tracking {
	if !d.flag() {
		return nil
	}
	return &store.Tracking{Source: d.text(), Position: d.uvarint()}
}

func appendGuard(dst []byte, g store.Guard) ([]byte, error) {
	switch g := g.(type) {
	case store.StreamAt:
		return binary.AppendUvarint(appendText(append(dst, guardStreamAt), g.Stream), g.Version), nil
	case store.StreamExists:
		return appendText(append(dst, guardStreamExists), g.Stream), nil
	case store.NoneMatch:
		dst = binary.AppendUvarint(append(dst, guardNoneMatch), uint64(g.After))
		return appendQuery(dst, g.Query), nil
	}
	return nil, &store.InvalidError{Problem: "a guard is of an unknown kind"}
}

func (d *decoder) guard() store.Guard {
	switch kind := d.byte(); kind {
	case guardStreamAt:
		return store.StreamAt{Stream: d.text(), Version: d.uvarint()}
	case guardStreamExists:
		return store.StreamExists{Stream: d.text()}
	case guardNoneMatch:
		return store.NoneMatch{After: d.position(), Query: d.query()}
	default:
		d.fail("a guard has the kind %d", kind)
		return nil
	}
}

func appendQuery(dst []byte, q store.Query) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(q)))
	for i := range q {
		dst = appendText(appendText(dst, q[i].Stream), q[i].Category)
		dst = appendTexts(appendTexts(dst, q[i].Types), q[i].Tags)
	}
	return dst
}

func appendTexts(dst []byte, list []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, s := range list {
		dst = appendText(dst, s)
	}
	return dst
}

// leastItem is the fewest bytes of an item: the lengths of its four parts.
const leastItem = 4

func (d *decoder) query() store.Query {
	n := d.length("items of a query", leastItem)
	if n == 0 {
		return nil
	}
	q := make(store.Query, n)
	for i := range q {
		q[i] = store.Item{Stream: d.text(), Category: d.text(), Types: d.texts(), Tags: d.texts()}
	}
	return q
}

func (d *decoder) texts() []string {
	n := d.length("texts", 1)
	if n == 0 {
		return nil
	}
	out := make([]string, n)
	for i := range out {
		out[i] = d.text()
	}
	return out
}

// appendResultFrame appends the frame of what a commit became.
func appendResultFrame(dst []byte, r *store.Result) []byte {
	start := len(dst)
	dst = binary.AppendUvarint(beginFrame(dst, frameResult), uint64(r.First))
	dst = binary.AppendUvarint(dst, uint64(r.Last))
	dst = appendFlag(appendMoment(dst, r.RecordedAt), r.Duplicate)
	dst = binary.AppendUvarint(dst, uint64(len(r.Versions)))
	for _, v := range r.Versions {
		dst = binary.AppendUvarint(appendText(dst, v.Stream), v.Version)
	}
	return endFrame(dst, start)
}

func decodeResult(p []byte) (store.Result, error) {
	d := decoder{b: p}
	r := store.Result{First: d.position(), Last: d.position(), RecordedAt: d.moment(), Duplicate: d.flag()}
	if n := d.length("versions", 2); n > 0 {
		r.Versions = make([]store.StreamVersion, n)
	}
	for i := range r.Versions {
		r.Versions[i] = store.StreamVersion{Stream: d.text(), Version: d.uvarint()}
	}
	return r, d.end()
}

// appendRecordedFrame appends the frame of a commit as it is kept.
func appendRecordedFrame(dst []byte, c *store.RecordedCommit) []byte {
	start := len(dst)
	dst = appendTracking(appendText(beginFrame(dst, frameRecorded), c.Key), c.Tracking)
	dst = binary.AppendUvarint(appendMoment(dst, c.RecordedAt), uint64(c.After))
	dst = appendFlag(dst, c.Salts != nil)
	if c.Salts != nil {
		dst = binary.AppendUvarint(dst, uint64(len(c.Salts)))
		for _, s := range c.Salts {
			dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
		}
	}
	var b batch
	for i := range c.Events {
		b.add(&c.Events[i])
	}
	return endFrame(b.appendTo(dst), start)
}

func decodeRecorded(p []byte) (store.RecordedCommit, error) {
	d := decoder{b: p}
	c := store.RecordedCommit{Key: d.text(), Tracking: d.tracking(), RecordedAt: d.moment(), After: d.position()}
	if d.flag() {
		c.Salts = make([][]byte, min(d.length("salts", 1), store.MaxCommitBytes/leastEvent))
		for i := range c.Salts {
			c.Salts[i] = append([]byte{}, d.take(d.uvarint())...)
		}
	}
	if d.err != nil {
		return c, d.err
	}
	most := store.MaxCommitBytes / leastEvent
	err := d.unbatch(func(r *store.Recorded) bool {
		c.Events = append(c.Events, *r)
		return len(c.Events) <= most
	})
	if err == nil && len(c.Events) > most {
		err = &store.TooLargeError{What: "commit", Unit: "bytes", Got: len(c.Events) * leastEvent, Max: store.MaxCommitBytes}
	}
	for i := range c.Events { // the events of a commit share what it tracked
		if t := c.Events[i].Tracking; t != nil && c.Tracking != nil && *t == *c.Tracking {
			c.Events[i].Tracking = c.Tracking
		}
	}
	return c, err
}

func appendStreamFrame(dst []byte, s *store.StreamInfo) []byte {
	start := len(dst)
	dst = binary.AppendUvarint(appendText(beginFrame(dst, frameStream), s.Stream), s.Version)
	dst = binary.AppendUvarint(dst, uint64(s.LastPosition))
	return endFrame(appendMoment(dst, s.LastRecordedAt), start)
}

func decodeStream(p []byte) (store.StreamInfo, error) {
	d := decoder{b: p}
	s := store.StreamInfo{Stream: d.text(), Version: d.uvarint(), LastPosition: d.position(), LastRecordedAt: d.moment()}
	return s, d.end()
}

func appendTypeFrame(dst []byte, t *store.TypeInfo) []byte {
	start := len(dst)
	return endFrame(binary.AppendUvarint(appendText(beginFrame(dst, frameType), t.Type), t.Events), start)
}

func decodeType(p []byte) (store.TypeInfo, error) {
	d := decoder{b: p}
	t := store.TypeInfo{Type: d.text(), Events: d.uvarint()}
	return t, d.end()
}
