package segment

import (
	"encoding/binary"

	"github.com/gestadb/gesta/store"
)

// Header is the header of a segment.
type Header struct {
	StoreID    StoreID
	Number     uint32
	Position   store.Position // of the last event before the segment
	RecordedAt int64          // of the last commit before the segment, microseconds since the Unix epoch
	Previous   uint32         // header checksum of the last frame of the segment before
}

// Encode returns the header's bytes.
func (h *Header) Encode() []byte {
	b := make([]byte, HeaderSize)
	copy(b, segmentMagic)
	le := binary.LittleEndian
	le.PutUint16(b[8:], Version)
	le.PutUint32(b[12:], h.Number)
	copy(b[16:], h.StoreID[:])
	le.PutUint64(b[32:], uint64(h.Position))
	le.PutUint64(b[40:], uint64(h.RecordedAt))
	le.PutUint32(b[48:], h.Previous)
	le.PutUint32(b[60:], checksum(b[:60]))
	return b
}

// DecodeHeader reads a header. It returns an error that is [ErrBad], or a [*NewerError].
func DecodeHeader(b []byte) (Header, error) {
	var h Header
	if len(b) < HeaderSize || string(b[:8]) != segmentMagic {
		return h, badf("no segment header")
	}
	le := binary.LittleEndian
	if sum := le.Uint32(b[60:]); sum != checksum(b[:60]) {
		return h, badf("segment header has checksum %08x, not %08x", checksum(b[:60]), sum)
	}
	if v, f := le.Uint16(b[8:]), le.Uint16(b[10:]); v > Version || f != 0 {
		return h, &NewerError{Version: v, Flags: f}
	}
	h.Number = le.Uint32(b[12:])
	copy(h.StoreID[:], b[16:])
	h.Position = store.Position(le.Uint64(b[32:]))
	h.RecordedAt = int64(le.Uint64(b[40:]))
	h.Previous = le.Uint32(b[48:])
	return h, nil
}
