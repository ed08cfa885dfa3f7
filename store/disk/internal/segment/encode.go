package segment

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"time"

	"github.com/gestadb/gesta/store"
)

// Commit is the body of a frame as the caller of Append makes it: complete but for versions and envelope checksums,
// which Finish fills in when the commit's place in the order of things is known.
type Commit struct {
	Body  []byte
	Flags uint32

	records []record
	prefix  int // length of key and tracking
}

type record struct {
	at       int // offset in Body
	envelope int // length
}

// Payload is what Encode needs of an event beside the event itself.
type Payload struct {
	Salt   []byte         // SaltBytes; nil or empty for an event that comes erased
	Erased store.Position // of the $erasure event, for an event that comes erased
}

// Encode makes the body for a commit: its key, tracking and events, with the payload facts of each event.
func Encode(key string, tracking *store.Tracking, events []store.Event, payloads []Payload) *Commit {
	c := &Commit{}
	c.Encode(key, tracking, events, payloads)
	return c
}

// Encode makes c the body for another commit, in the memory that it has.
func (c *Commit) Encode(key string, tracking *store.Tracking, events []store.Event, payloads []Payload) {
	size := 2*binary.MaxVarintLen32 + len(key) + 12
	if tracking != nil {
		size += len(tracking.Source)
	}
	for i := range events {
		size += store.EventBytes(&events[i]) + store.SaltBytes
	}
	*c = Commit{Body: slices.Grow(c.Body[:0], size), records: c.records[:0]}
	if key != "" {
		c.Flags |= FlagKey
		c.Body = appendName(c.Body, key)
	}
	if tracking != nil {
		c.Flags |= FlagTracking
		c.Body = appendName(c.Body, tracking.Source)
		c.Body = binary.LittleEndian.AppendUint64(c.Body, tracking.Position)
	}
	if len(c.Body) > 0 {
		c.Body = binary.LittleEndian.AppendUint32(c.Body, checksum(c.Body))
	}
	c.prefix = len(c.Body)
	for i := range events {
		c.appendRecord(i, &events[i], &payloads[i])
	}
}

func (c *Commit) appendRecord(ordinal int, e *store.Event, p *Payload) {
	at := len(c.Body)
	b := append(c.Body, make([]byte, fixedEnvelope)...)
	b = binary.AppendUvarint(b, recordFlags(e, p))
	b = binary.AppendUvarint(b, uint64(FrameHeaderSize+at))
	b = binary.AppendUvarint(b, uint64(ordinal))
	b = binary.AppendUvarint(b, uint64(store.SaltBytes+len(e.Data)+len(e.Metadata)))
	b = binary.AppendUvarint(b, uint64(len(e.Metadata)))
	if id, ok := ParseID(e.ID); ok {
		b = append(b, id[:]...)
	}
	if e.Stream != "" {
		b = appendName(b, e.Stream)
	}
	b = appendName(b, e.Type)
	if e.SchemaVersion != 0 {
		b = binary.AppendUvarint(b, uint64(e.SchemaVersion))
	}
	if e.ContentType != "" {
		b = appendName(b, e.ContentType)
	}
	if !e.EffectiveAt.IsZero() {
		b = binary.LittleEndian.AppendUint64(b, uint64(Micros(e.EffectiveAt)))
	}
	if p.Erased != 0 {
		b = binary.LittleEndian.AppendUint64(b, uint64(p.Erased))
	}
	b = binary.AppendUvarint(b, uint64(len(e.Tags)))
	for _, tag := range e.Tags {
		b = appendName(b, tag)
	}
	slot := len(b)
	var zero [store.SaltBytes]byte
	if len(p.Salt) == 0 {
		b = append(b, zero[:]...)
	} else {
		b = append(b, p.Salt...)
	}
	b = append(b, e.Data...)
	b = append(b, e.Metadata...)
	binary.LittleEndian.PutUint16(b[at+4:], uint16(slot-at))
	binary.LittleEndian.PutUint32(b[at+6:], checksum(b[slot:]))
	c.records = append(c.records, record{at: at, envelope: slot - at})
	c.Body = b
}

func recordFlags(e *store.Event, p *Payload) uint64 {
	var f uint64
	for _, part := range []struct {
		there bool
		flag  uint64
	}{
		{e.ID != "", recID},
		{e.Stream != "", recStream},
		{e.SchemaVersion != 0, recSchema},
		{e.ContentType != "", recContentType},
		{!e.EffectiveAt.IsZero(), recEffective},
		{p.Erased != 0, recErased},
	} {
		if part.there {
			f |= part.flag
		}
	}
	return f
}

// Events returns how many events the commit has.
func (c *Commit) Events() int { return len(c.records) }

// FrameSize returns the length of the commit's frame.
func (c *Commit) FrameSize() int { return Padded(FrameHeaderSize + len(c.Body)) }

// RecordOffset returns the distance of record i from the start of its frame.
func (c *Commit) RecordOffset(i int) int { return FrameHeaderSize + c.records[i].at }

// SetVersion gives event i its version in its stream.
func (c *Commit) SetVersion(i int, version uint64) {
	binary.LittleEndian.PutUint64(c.Body[c.records[i].at+10:], version)
}

// Finish makes the checksums of the envelopes, when all versions are set, and returns that of the body.
func (c *Commit) Finish() uint32 {
	sum := checksum(c.Body[:c.prefix])
	for _, r := range c.records {
		env := c.Body[r.at : r.at+r.envelope]
		binary.LittleEndian.PutUint32(env, checksum(env[4:]))
		sum = crc32.Update(sum, castagnoli, env[:4])
	}
	return sum
}

func appendName(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// Micros returns a time as the log keeps it: microseconds since the Unix epoch, finer cut towards the past.
func Micros(t time.Time) int64 { return t.Truncate(time.Microsecond).UnixMicro() }
