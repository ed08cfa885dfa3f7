package segment

import (
	"encoding/binary"
	"math"
	"time"
	"unsafe"

	"github.com/gestadb/gesta/store"
)

// Layout says what stands where in an event record. It has no pointers: many of them, kept apart from the bytes that they were decoded from, cost the
// garbage collector nothing. What it returns shares memory with the bytes that it is given, which must be those that it was decoded from, from the
// start of the record on.
type Layout struct {
	Version uint64 // of the event in its stream
	Back    uint32 // distance from the frame's start
	Ordinal uint32 // in its commit

	slot     uint32 // lengths in bytes
	metadata uint32
	slotSum  uint32
	schema   uint32
	envelope uint16
	stream   span
	typ      span
	content  span
	id       uint16 // offsets in the envelope
	rare     uint16 // of what has eight bytes each
	tags     uint16 // of the first tag
	ntags    uint16
	flags    uint8
}

// Size returns the length of the record in bytes.
func (l *Layout) Size() int { return int(l.envelope) + int(l.slot) }

// Envelope returns the length of the record's envelope in bytes.
func (l *Layout) Envelope() int { return int(l.envelope) }

// Decode reads the envelope at the start of b, which may end before the slot does, and verifies its checksum. It
// returns an error that is [ErrBad].
func (l *Layout) Decode(b []byte) error {
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
	l.slotSum, l.Version, l.envelope = le.Uint32(env[6:]), le.Uint64(env[10:]), uint16(n)
	if !l.decode(env) {
		return badf("event envelope is malformed")
	}
	return nil
}

// decode reads the variable part of the envelope and says whether it is well formed.
func (l *Layout) decode(env []byte) bool {
	flags, at := number(env, fixedEnvelope)
	back, at := number(env, at)
	ordinal, at := number(env, at)
	slot, at := number(env, at)
	metadata, at := number(env, at)
	if at > len(env) || flags&^recKnown != 0 || back > math.MaxUint32 || !slotLen(slot) || metadata > slot-store.SaltBytes || ordinal > MaxBody {
		return false
	}
	l.flags, l.Back, l.Ordinal, l.slot, l.metadata = uint8(flags), uint32(back), uint32(ordinal), uint32(slot), uint32(metadata)
	l.stream, l.content, l.schema, l.id, l.rare = span{}, span{}, 0, 0, 0
	if flags&recID != 0 {
		l.id = uint16(at)
		at += 16
	}
	if flags&recStream != 0 {
		l.stream, at = name(env, at)
	}
	l.typ, at = name(env, at)
	if flags&(recSchema|recContentType|recEffective|recErased) != 0 {
		if at = l.decodeRare(env, at); at > len(env) {
			return false
		}
	}
	ntags, at := number(env, at)
	if at > len(env) || ntags > uint64(len(env)-at) { // each takes at least a byte
		return false
	}
	l.tags, l.ntags = uint16(at), uint16(ntags)
	for range ntags {
		_, at = name(env, at)
	}
	return at == len(env)
}

// decodeRare reads the parts that few events have.
func (l *Layout) decodeRare(env []byte, at int) int {
	if l.flags&recSchema != 0 {
		var schema uint64
		if schema, at = number(env, at); schema > math.MaxUint32 {
			return len(env) + 1
		}
		l.schema = uint32(schema)
	}
	if l.flags&recContentType != 0 {
		l.content, at = name(env, at)
	}
	l.rare = uint16(at)
	if l.flags&recEffective != 0 {
		at += 8
	}
	if l.flags&recErased != 0 {
		at += 8
	}
	return at
}

// Names returns the stream, the type and the content type, empty where there is none.
func (l *Layout) Names(b []byte) (stream, typ, content string) {
	text := unsafe.String(unsafe.SliceData(b), int(l.envelope))
	return l.stream.of(text), l.typ.of(text), l.content.of(text)
}

// Tags returns how many tags the event has.
func (l *Layout) Tags() int { return int(l.ntags) }

// TagsInto writes the tags to a slice that has room for all of them.
func (l *Layout) TagsInto(tags []string, b []byte) {
	env, at := b[:l.envelope], int(l.tags)
	text := unsafe.String(unsafe.SliceData(env), len(env))
	for i := range tags[:l.ntags] {
		var tag span
		tag, at = name(env, at)
		tags[i] = tag.of(text)
	}
}

// Schema returns the schema version, 0 for none.
func (l *Layout) Schema() uint32 { return l.schema }

// Effective returns the effective time, the zero time for none.
func (l *Layout) Effective(b []byte) time.Time {
	if l.flags&recEffective == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.LittleEndian.Uint64(b[l.rare:]))).UTC()
}

// Erased returns the position of the $erasure event of an event that was restored without payload, 0 for others.
func (l *Layout) Erased(b []byte) store.Position {
	if l.flags&recErased == 0 {
		return 0
	}
	at := l.rare
	if l.flags&recEffective != 0 {
		at += 8
	}
	return store.Position(binary.LittleEndian.Uint64(b[at:]))
}

// HasID says whether the event has an id.
func (l *Layout) HasID() bool { return l.flags&recID != 0 }

// WriteID writes the text of the event's id, which it must have, into the record: it ends where the id in binary does, and takes the place of that and
// of what stands before it. From then on the record cannot be decoded again; the layout stays good.
func (l *Layout) WriteID(b []byte) {
	text := (*[IDBytes]byte)(b[int(l.id)+16-IDBytes:])
	PutID(text, (*[16]byte)(text[IDBytes-16:]))
}

// ID returns the text that WriteID has written, and for an event without id nothing.
func (l *Layout) ID(b []byte) string {
	if l.flags&recID == 0 {
		return ""
	}
	return unsafe.String(&b[int(l.id)+16-IDBytes], IDBytes)
}

// Slot returns the payload slot: salt, data and metadata.
func (l *Layout) Slot(b []byte) []byte { return b[l.envelope:][:l.slot] }

// Data returns the data in the slot.
func (l *Layout) Data(b []byte) []byte { return b[l.envelope:][store.SaltBytes : l.slot-l.metadata] }

// Metadata returns the metadata in the slot.
func (l *Layout) Metadata(b []byte) []byte { return b[l.envelope:][l.slot-l.metadata : l.slot] }

// CheckSlot says in what state the slot is.
func (l *Layout) CheckSlot(b []byte) SlotState { return slotState(l.Slot(b), l.slotSum) }
