package segment

import (
	"encoding/binary"
	"encoding/hex"
	"math"
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
	flags    uint64
	id       int // offsets in the envelope
	stream   span
	typ      span
	content  span
	schema   uint32
	effect   int64
	tags     int // offset of the number of tags
	ntags    int
}

type span struct{ from, to int }

func (s span) in(b []byte) []byte { return b[s.from:s.to] }

// Rebase makes the record share memory with b, which begins with the same bytes that it was decoded from.
func (r *Record) Rebase(b []byte) { r.envelope = b[:r.EnvelopeLen] }

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
	*r = Record{EnvelopeLen: n, SlotSum: le.Uint32(env[6:]), Version: le.Uint64(env[10:]), envelope: env}
	p := parser{b: env, at: fixedEnvelope}
	r.decode(&p)
	if p.bad || r.flags&^recKnown != 0 || p.at != n {
		return badf("event envelope is malformed")
	}
	return nil
}

func (r *Record) decode(p *parser) {
	r.flags = p.uvarint()
	r.Back = p.uvarint()
	ordinal := p.uvarint()
	slot := p.uvarint()
	metadata := p.uvarint()
	if slot < store.SaltBytes || slot > store.MaxEventBytes+store.SaltBytes || metadata > slot-store.SaltBytes || ordinal > MaxBody {
		p.bad = true
		return
	}
	r.Ordinal, r.SlotLen, r.MetadataLen = uint32(ordinal), int(slot), int(metadata)
	if r.flags&recID != 0 {
		r.id = p.take(16).from
	}
	if r.flags&recStream != 0 {
		r.stream = p.name()
	}
	r.typ = p.name()
	if r.flags&recSchema != 0 {
		schema := p.uvarint()
		p.bad = p.bad || schema > math.MaxUint32
		r.schema = uint32(schema)
	}
	if r.flags&recContentType != 0 {
		r.content = p.name()
	}
	if r.flags&recEffective != 0 {
		r.effect = int64(p.uint64())
	}
	if r.flags&recErased != 0 {
		r.Erased = store.Position(p.uint64())
	}
	r.tags = p.at
	r.ntags = int(p.count())
	for range r.ntags {
		p.name()
	}
}

// Event returns the event without its payload, in memory of its own.
func (r *Record) Event() store.Event {
	text := string(r.envelope)
	e := store.Event{
		Stream:      text[r.stream.from:r.stream.to],
		Type:        text[r.typ.from:r.typ.to],
		ContentType: text[r.content.from:r.content.to],

		SchemaVersion: r.schema,
	}
	if r.flags&recID != 0 {
		e.ID = FormatID([16]byte(r.envelope[r.id:]))
	}
	if r.flags&recEffective != 0 {
		e.EffectiveAt = time.UnixMicro(r.effect).UTC()
	}
	if r.ntags > 0 {
		e.Tags = make([]string, 0, r.ntags)
		for tag := range r.tagSpans {
			e.Tags = append(e.Tags, text[tag.from:tag.to])
		}
	}
	return e
}

func (r *Record) tagSpans(yield func(span) bool) {
	p := parser{b: r.envelope, at: r.tags}
	p.count()
	for range r.ntags {
		if !yield(p.name()) {
			return
		}
	}
}

// Stream returns the bytes of the stream's name, Type those of the type.
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

// FormatID returns the canonical text of an id.
func FormatID(id [16]byte) string {
	var t [36]byte
	hex.Encode(t[:8], id[:4])
	t[8] = '-'
	hex.Encode(t[9:13], id[4:6])
	t[13] = '-'
	hex.Encode(t[14:18], id[6:8])
	t[18] = '-'
	hex.Encode(t[19:23], id[8:10])
	t[23] = '-'
	hex.Encode(t[24:], id[10:])
	return string(t[:])
}

// ParseID reads the canonical text of an id, and returns false for other text.
func ParseID(s string) (id [16]byte, ok bool) {
	if !store.IsID(s) {
		return id, false
	}
	n := 0
	for i := 0; i < len(s); {
		if s[i] == '-' {
			i++
			continue
		}
		id[n] = nibble(s[i])<<4 | nibble(s[i+1])
		n++
		i += 2
	}
	return id, true
}

func nibble(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}
