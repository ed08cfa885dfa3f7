package segment

import (
	"bytes"
	"encoding/binary"
	"math"
	"time"
	"unsafe"

	"github.com/gestadb/gesta/store"
)

// Record is a decoded event record. Its bytes share memory with what it was decoded from.
type Record struct {
	At          Place  // where it stands, set by whoever knows
	Version     uint64 // in its stream
	Back        uint64 // distance from the frame's start
	Ordinal     uint32 // in its commit
	EnvelopeLen int
	SlotLen     int
	MetadataLen int
	SlotSum     uint32
	Erased      store.Position // position of the $erasure event of an event restored without payload
	Slot        []byte         // salt, data, metadata

	envelope []byte
	flags    uint64
	effect   int64
	ntags    int
	schema   uint32
	stream   span
	typ      span
	content  span
	id       uint16 // offsets in the envelope
	tags     uint16 // of the first tag
}

// Size returns the length of the record in bytes.
func (r *Record) Size() int { return r.EnvelopeLen + r.SlotLen }

// Decode reads the envelope at the start of b, which may end before the slot does, and verifies its checksum. It
// returns an error that is [ErrBad].
func (r *Record) Decode(b []byte) error {
	if len(b) < fixedEnvelope {
		return badf("event record is cut off")
	}
	le := binary.LittleEndian
	n := int(le.Uint16(b[4:]))
	if n < fixedEnvelope || n > len(b) {
		return badf("event envelope of %d bytes is cut off", n)
	}
	env := b[:n]
	if sum := checksum(env[4:]); sum != le.Uint32(env) {
		return badf("event envelope has checksum %08x, not %08x", sum, le.Uint32(env))
	}
	r.At, r.Slot, r.envelope, r.EnvelopeLen = 0, nil, env, n
	r.SlotSum, r.Version = le.Uint32(env[6:]), le.Uint64(env[10:])
	if !r.decode(env) {
		return badf("event envelope is malformed")
	}
	return nil
}

// decode reads the variable part of the envelope and says whether it is well formed.
func (r *Record) decode(env []byte) bool {
	var n numbers
	at := n.read(env, fixedEnvelope)
	if at > len(env) || n.flags&^recKnown != 0 || !slotLen(n.slot) || n.metadata > n.slot-store.SaltBytes || n.ordinal > MaxBody {
		return false
	}
	flags := n.flags
	r.flags, r.Back, r.Ordinal, r.SlotLen, r.MetadataLen = flags, n.back, uint32(n.ordinal), int(n.slot), int(n.metadata)
	r.stream, r.content, r.schema, r.Erased = span{}, span{}, 0, 0
	if flags&recID != 0 {
		r.id = uint16(at)
		at += 16
	}
	if flags&recStream != 0 {
		r.stream, at = name(env, at)
	}
	r.typ, at = name(env, at)
	if flags&(recSchema|recContentType|recEffective|recErased) != 0 {
		if at = r.decodeRare(env, at); at > len(env) {
			return false
		}
	}
	ntags, at := uvarint(env, at)
	if at > len(env) || ntags > uint64(len(env)-at) { // each takes at least a byte
		return false
	}
	r.tags, r.ntags = uint16(at), int(ntags)
	for range ntags {
		_, at = name(env, at)
	}
	return at == len(env)
}

// decodeRare reads the parts that few events have.
func (r *Record) decodeRare(env []byte, at int) int {
	if r.flags&recSchema != 0 {
		var schema uint64
		if schema, at = uvarint(env, at); schema > math.MaxUint32 {
			return len(env) + 1
		}
		r.schema = uint32(schema)
	}
	if r.flags&recContentType != 0 {
		r.content, at = name(env, at)
	}
	var n uint64
	if r.flags&recEffective != 0 {
		n, at = fixed64(env, at)
		r.effect = int64(n)
	}
	if r.flags&recErased != 0 {
		n, at = fixed64(env, at)
		r.Erased = store.Position(n)
	}
	return at
}

// slotLen says whether a slot may have this length.
func slotLen(n uint64) bool { return n >= store.SaltBytes && n <= store.MaxEventBytes+store.SaltBytes }

// Outline is what the first bytes of a record say of it, before any checksum was looked at.
type Outline struct {
	Envelope, Slot int    // lengths in bytes
	Back           uint64 // distance from the frame's start
	HasID          bool
}

// Size returns the length of the record in bytes.
func (o *Outline) Size() int { return o.Envelope + o.Slot }

// Peek reads what the first bytes of a record say of it. It verifies nothing; it returns false where they cannot be the first bytes of
// a record, or are too few.
func Peek(b []byte) (o Outline, ok bool) {
	if len(b) < fixedEnvelope {
		return o, false
	}
	o.Envelope = int(binary.LittleEndian.Uint16(b[4:]))
	var n numbers
	at := n.read(b, fixedEnvelope)
	if at > len(b) || at > o.Envelope || !slotLen(n.slot) {
		return o, false
	}
	o.Back, o.Slot, o.HasID = n.back, int(n.slot), n.flags&recID != 0
	return o, true
}

// Event returns the event without its payload, in memory of its own.
func (r *Record) Event() store.Event {
	own := *r
	own.envelope = bytes.Clone(r.envelope)
	e := store.Event{SchemaVersion: r.schema, EffectiveAt: r.Effective()}
	e.Stream, e.Type, e.ContentType = own.Names()
	if r.flags&recID != 0 {
		e.ID = FormatID([16]byte(r.envelope[r.id:]))
	}
	if r.ntags > 0 {
		e.Tags = make([]string, r.ntags)
		own.TagsInto(e.Tags)
	}
	return e
}

// text is the envelope as a string in the same memory.
func (r *Record) text() string { return unsafe.String(unsafe.SliceData(r.envelope), len(r.envelope)) }

// Names returns the stream, the type and the content type, empty where there is none. They share memory with what the record was decoded
// from, which must not change while they are in use.
func (r *Record) Names() (stream, typ, content string) {
	text := r.text()
	return r.stream.of(text), r.typ.of(text), r.content.of(text)
}

// Tags returns how many tags the event has.
func (r *Record) Tags() int { return r.ntags }

// TagsInto writes the tags to a slice that has room for all of them. They share memory like Names.
func (r *Record) TagsInto(tags []string) {
	text := r.text()
	at := int(r.tags)
	for i := range r.ntags {
		var tag span
		tag, at = name(r.envelope, at)
		tags[i] = tag.of(text)
	}
}

// Schema returns the schema version, 0 for none.
func (r *Record) Schema() uint32 { return r.schema }

// Effective returns the effective time, the zero time for none.
func (r *Record) Effective() time.Time {
	if r.flags&recEffective == 0 {
		return time.Time{}
	}
	return time.UnixMicro(r.effect).UTC()
}

// Stream returns the bytes of the stream's name.
func (r *Record) Stream() []byte { return r.stream.in(r.envelope) }

// Type returns the bytes of the type's name.
func (r *Record) Type() []byte { return r.typ.in(r.envelope) }

// ID returns the event's id in binary, and false when it has none.
func (r *Record) ID() ([16]byte, bool) {
	if r.flags&recID == 0 {
		return [16]byte{}, false
	}
	return [16]byte(r.envelope[r.id:]), true
}

// Salt returns the salt of the slot, Data the data, Metadata the metadata.
func (r *Record) Salt() []byte { return r.Slot[:store.SaltBytes] }

// Data returns the data in the slot.
func (r *Record) Data() []byte { return r.Slot[store.SaltBytes : r.SlotLen-r.MetadataLen] }

// Metadata returns the metadata in the slot.
func (r *Record) Metadata() []byte { return r.Slot[r.SlotLen-r.MetadataLen:] }

// SlotState says what is in a payload slot.
type SlotState int

// The states of a payload slot.
const (
	SlotBad    SlotState = iota // neither what was written nor zeros
	SlotWhole                   // what was written
	SlotZeroed                  // zeros throughout: erased, if an $erasure event covers it
)

// CheckSlot says in what state the slot is.
func (r *Record) CheckSlot() SlotState {
	if len(r.Slot) != r.SlotLen {
		return SlotBad
	}
	if checksum(r.Slot) == r.SlotSum {
		return SlotWhole
	}
	for _, b := range r.Slot {
		if b != 0 {
			return SlotBad
		}
	}
	return SlotZeroed
}
