package index

import "github.com/gestadb/gesta/store"

// Place is where an event's record starts in the log: segment number << 32 | offset in the segment, in bytes. Places rise as positions do.
type Place uint64

// MakePlace returns the place at an offset, in bytes, of a segment.
func MakePlace(segment, offset uint32) Place { return Place(segment)<<32 | Place(offset) }

// Segment returns the number of the segment.
func (p Place) Segment() uint32 { return uint32(p >> 32) }

// Offset returns the offset in the segment, in bytes.
func (p Place) Offset() uint32 { return uint32(p) }

// End says how far into the log something reaches: up to and with the frame at Last.
type End struct {
	Position   store.Position // the last position at or before this end; 0 for none
	Next       Place          // where the next frame starts
	Last       Place          // where the last frame covered starts; 0 for none
	Checksum   uint32         // the header checksum of that frame
	RecordedAt int64          // of the last commit covered, in microseconds since the Unix epoch
}

// Entry is what the index needs to know of one event. Entries come in position order; positions may have holes. Its strings are only valid during
// the call that they are passed to.
type Entry struct {
	Position   store.Position
	Place      Place
	Version    uint64 // in its stream, one above that of the stream's event before; 0 without a stream
	RecordedAt int64  // in microseconds since the Unix epoch; never falls
	Stream     string // empty for an event without a stream
	Type       string
	Tags       []string // may have duplicates
	ID         [16]byte
	HasID      bool
	Key        string // the commit's key, on its first event only, else empty
}
