package segment

import (
	"bytes"
	"encoding/binary"
	"time"

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
	layout   Layout
}

// Size returns the length of the record in bytes.
func (r *Record) Size() int { return r.EnvelopeLen + r.SlotLen }

// Decode reads the envelope at the start of b, which may end before the slot does, and verifies its checksum. It
// returns an error that is [ErrBad].
func (r *Record) Decode(b []byte) error {
	if err := r.layout.Decode(b); err != nil {
		return err
	}
	l := &r.layout
	r.At, r.Slot, r.envelope, r.EnvelopeLen = 0, nil, b[:l.envelope], int(l.envelope)
	r.Version, r.Back, r.Ordinal = l.Version, uint64(l.Back), l.Ordinal
	r.SlotLen, r.MetadataLen, r.SlotSum, r.Erased = int(l.slot), int(l.metadata), l.slotSum, l.Erased(b)
	return nil
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
	e := store.Event{SchemaVersion: r.Schema(), EffectiveAt: r.Effective()}
	e.Stream, e.Type, e.ContentType = own.Names()
	if id, ok := r.ID(); ok {
		e.ID = FormatID(id)
	}
	if n := r.Tags(); n > 0 {
		e.Tags = make([]string, n)
		own.TagsInto(e.Tags)
	}
	return e
}

// Names returns the stream, the type and the content type, empty where there is none. They share memory with what the record was decoded
// from, which must not change while they are in use.
func (r *Record) Names() (stream, typ, content string) { return r.layout.Names(r.envelope) }

// Tags returns how many tags the event has.
func (r *Record) Tags() int { return r.layout.Tags() }

// TagsInto writes the tags to a slice that has room for all of them. They share memory like Names.
func (r *Record) TagsInto(tags []string) { r.layout.TagsInto(tags, r.envelope) }

// Schema returns the schema version, 0 for none.
func (r *Record) Schema() uint32 { return r.layout.schema }

// Effective returns the effective time, the zero time for none.
func (r *Record) Effective() time.Time { return r.layout.Effective(r.envelope) }

// Stream returns the bytes of the stream's name.
func (r *Record) Stream() []byte { return r.layout.stream.in(r.envelope) }

// Type returns the bytes of the type's name.
func (r *Record) Type() []byte { return r.layout.typ.in(r.envelope) }

// ID returns the event's id in binary, and false when it has none.
func (r *Record) ID() ([16]byte, bool) {
	if !r.layout.HasID() {
		return [16]byte{}, false
	}
	return [16]byte(r.envelope[r.layout.id:]), true
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
	return slotState(r.Slot, r.SlotSum)
}

// slotState says in what state a slot is that was written with a checksum.
func slotState(slot []byte, sum uint32) SlotState {
	if checksum(slot) == sum {
		return SlotWhole
	}
	for _, b := range slot {
		if b != 0 {
			return SlotBad
		}
	}
	return SlotZeroed
}
