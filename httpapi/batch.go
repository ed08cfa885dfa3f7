package httpapi

import (
	"encoding/binary"
	"time"

	"github.com/gestadb/gesta/store"
)

// Which parts a record of a batch has, and which are those of the record before.
const (
	nextPosition = 1 << iota // position is one above the record before
	sameMoment               // commit and time of recording are those of the record before
	sameType
	hasData
	sameStream
	hasStream
	hasID
	hasTags
	hasMetadata
	hasEffective
	hasTracking
	hasErased
	hasContentType
	hasSchema
	allParts = 1<<iota - 1
)

// batch collects events for one frame: numbers, then all their texts, then all their payloads. Each event is put once, and the
// reader turns the texts into strings at once.
type batch struct {
	n, tags             int
	records, text, body []byte
	last                last
}

// last is what a record can refer to.
type last struct {
	position, commit store.Position
	micro            int64
	recorded         time.Time
	stream, typ      string
}

func (b *batch) reset() {
	b.n, b.tags = 0, 0
	b.records, b.text, b.body = b.records[:0], b.text[:0], b.body[:0]
	b.last = last{}
}

// size is about how large the frame is by now, in bytes.
func (b *batch) size() int { return len(b.records) + len(b.text) + len(b.body) }

// add puts an event into the batch; nothing of r is kept but its strings, until reset.
func (b *batch) add(r *store.Recorded) {
	l := &b.last
	flags := b.parts(r)
	rec := binary.AppendUvarint(b.records, flags)
	if flags&nextPosition == 0 {
		rec = binary.AppendVarint(rec, int64(r.Position-l.position))
	}
	if flags&sameMoment == 0 {
		micro := r.RecordedAt.UnixMicro()
		rec = binary.AppendVarint(rec, int64(r.Position-r.Commit))
		rec = binary.AppendVarint(rec, micro-l.micro)
		l.micro, l.recorded, l.commit = micro, r.RecordedAt, r.Commit
	}
	rec = binary.AppendUvarint(rec, r.Version)
	if flags&sameType == 0 {
		rec = b.name(rec, r.Type)
	}
	if flags&hasStream != 0 {
		rec = b.name(rec, r.Stream)
	}
	if flags&hasID != 0 {
		rec = b.name(rec, r.ID)
	}
	if flags&hasTags != 0 {
		rec = binary.AppendUvarint(rec, uint64(len(r.Tags)))
		for _, t := range r.Tags {
			rec = b.name(rec, t)
		}
		b.tags += len(r.Tags)
	}
	if flags&hasContentType != 0 {
		rec = b.name(rec, r.ContentType)
	}
	if flags&hasSchema != 0 {
		rec = binary.AppendUvarint(rec, uint64(r.SchemaVersion))
	}
	if flags&hasEffective != 0 {
		rec = binary.AppendVarint(rec, store.Time(r.EffectiveAt).UnixMicro())
	}
	if flags&hasTracking != 0 {
		rec = binary.AppendUvarint(b.name(rec, r.Tracking.Source), r.Tracking.Position)
	}
	if flags&hasErased != 0 {
		rec = binary.AppendUvarint(rec, uint64(r.Erased))
	}
	if flags&hasData != 0 {
		rec = binary.AppendUvarint(rec, uint64(len(r.Data)))
		b.body = append(b.body, r.Data...)
	}
	if flags&hasMetadata != 0 {
		rec = binary.AppendUvarint(rec, uint64(len(r.Metadata)))
		b.body = append(b.body, r.Metadata...)
	}
	b.records = rec
	b.n++
	l.position, l.stream, l.typ = r.Position, r.Stream, r.Type
}

// parts returns which parts the record of r has.
func (b *batch) parts(r *store.Recorded) uint64 {
	l := &b.last
	var f uint64
	set := func(has bool, part uint64) {
		if has {
			f |= part
		}
	}
	set(r.Position == l.position+1, nextPosition)
	set(r.Commit == l.commit && r.RecordedAt.Equal(l.recorded), sameMoment)
	set(r.Type == l.typ && b.n > 0, sameType)
	switch r.Stream {
	case "":
	case l.stream:
		f |= sameStream
	default:
		f |= hasStream
	}
	set(r.ID != "", hasID)
	set(len(r.Tags) > 0, hasTags)
	set(r.ContentType != "", hasContentType)
	set(r.SchemaVersion != 0, hasSchema)
	set(!r.EffectiveAt.IsZero(), hasEffective)
	set(r.Tracking != nil, hasTracking)
	set(r.Erased != 0, hasErased)
	set(len(r.Data) > 0, hasData)
	set(len(r.Metadata) > 0, hasMetadata)
	return f
}

func (b *batch) name(rec []byte, s string) []byte {
	b.text = append(b.text, s...)
	return binary.AppendUvarint(rec, uint64(len(s)))
}

// appendTo appends the batch.
func (b *batch) appendTo(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(b.n))
	dst = binary.AppendUvarint(dst, uint64(b.tags))
	dst = binary.AppendUvarint(dst, uint64(len(b.records)))
	dst = binary.AppendUvarint(dst, uint64(len(b.text)))
	dst = append(dst, b.records...)
	dst = append(dst, b.text...)
	return append(dst, b.body...)
}

// leastRecord is the fewest bytes of a record: two of parts, and the version.
const leastRecord = 2

// unbatch reads a batch, all that is left of d, and hands each event to yield, which returns false for enough. What the
// pointer points to is another event after that; events share the memory of the frame.
func (d *decoder) unbatch(yield func(*store.Recorded) bool) error {
	n := d.length("events", leastRecord)
	tags := d.length("tags", 1)
	records := d.uvarint()
	texts := d.uvarint()
	rec := decoder{b: d.take(records)}
	u := unbatcher{d: &rec, text: string(d.take(texts)), body: d.b}
	if d.err != nil {
		return d.err
	}
	if tags > 0 {
		u.tags = make([]string, 0, tags)
	}
	r := new(store.Recorded) // one for all: yield keeps a copy
	for i := range n {
		*r = store.Recorded{}
		u.record(r, i == 0)
		if rec.err != nil {
			return rec.err
		}
		if !yield(r) {
			return nil
		}
	}
	if err := rec.end(); err != nil {
		return err
	}
	if len(u.text) > 0 || len(u.body) > 0 {
		d.fail("a batch has %d bytes of text and %d of payload too many", len(u.text), len(u.body))
	}
	return d.err
}

// unbatcher reads the records of one batch.
type unbatcher struct {
	d    *decoder
	text string
	body []byte
	tags []string // one piece of memory for all
	last last
}

func (u *unbatcher) record(r *store.Recorded, first bool) {
	d, l := u.d, &u.last
	flags := d.uvarint()
	if flags > allParts || first && flags&sameType != 0 {
		d.fail("a record has the parts %x", flags)
		return
	}
	r.Position = l.position + 1
	if flags&nextPosition == 0 {
		r.Position = l.position + store.Position(d.varint())
	}
	if flags&sameMoment == 0 {
		l.commit = r.Position - store.Position(d.varint())
		l.micro += d.varint()
		l.recorded = time.UnixMicro(l.micro).UTC()
	}
	r.Commit, r.RecordedAt = l.commit, l.recorded
	r.Version = d.uvarint()
	if flags&sameType == 0 {
		l.typ = u.name()
	}
	r.Type = l.typ
	switch {
	case flags&hasStream != 0:
		r.Stream = u.name()
	case flags&sameStream != 0:
		r.Stream = l.stream
	}
	if flags&hasID != 0 {
		r.ID = u.name()
	}
	if flags&hasTags != 0 {
		r.Tags = u.tagList()
	}
	u.rare(r, flags)
	if flags&hasData != 0 {
		r.Data = u.payload()
	}
	if flags&hasMetadata != 0 {
		r.Metadata = u.payload()
	}
	l.position, l.stream = r.Position, r.Stream
}

// rare reads the parts that few events have.
func (u *unbatcher) rare(r *store.Recorded, flags uint64) {
	const few = hasContentType | hasSchema | hasEffective | hasTracking | hasErased
	if flags&few == 0 {
		return
	}
	d := u.d
	if flags&hasContentType != 0 {
		r.ContentType = u.name()
	}
	if flags&hasSchema != 0 {
		n := d.uvarint()
		if r.SchemaVersion = uint32(n); uint64(r.SchemaVersion) != n {
			d.fail("a schema version is %d", n)
		}
	}
	if flags&hasEffective != 0 {
		r.EffectiveAt = time.UnixMicro(d.varint()).UTC()
	}
	if flags&hasTracking != 0 {
		r.Tracking = &store.Tracking{Source: u.name(), Position: d.uvarint()}
	}
	if flags&hasErased != 0 {
		r.Erased = d.position()
	}
}

func (u *unbatcher) name() string {
	n := u.d.uvarint()
	if n > uint64(len(u.text)) {
		u.d.fail("a name is cut off")
		return ""
	}
	s := u.text[:n]
	u.text = u.text[n:]
	return s
}

func (u *unbatcher) tagList() []string {
	n := u.d.uvarint()
	if n > uint64(cap(u.tags)-len(u.tags)) {
		u.d.fail("there are more tags than were announced")
		return nil
	}
	if n == 0 {
		return nil
	}
	start := len(u.tags)
	for range n {
		u.tags = append(u.tags, u.name())
	}
	return u.tags[start:len(u.tags):len(u.tags)]
}

func (u *unbatcher) payload() []byte {
	n := u.d.uvarint()
	if n > uint64(len(u.body)) {
		u.d.fail("a payload is cut off")
		return nil
	}
	if n == 0 {
		return nil // as if it were not there
	}
	p := u.body[:n:n]
	u.body = u.body[n:]
	return p
}
