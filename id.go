package gesta

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync"
	"time"
)

// idSource makes the ids of events: UUIDs of version 7, as RFC 9562 has them. Ids that one source makes rise.
type idSource struct {
	mu     sync.Mutex
	millis int64  // of the last id
	count  uint16 // how many ids of these milliseconds there are, in 12 bits; it begins at random in the lower half
}

// next returns an id for an event of a time.
func (s *idSource) next(now time.Time) string {
	var id [16]byte
	_, _ = rand.Read(id[6:]) // it never fails
	millis, count := s.count12(now.UnixMilli(), binary.BigEndian.Uint16(id[6:])&0x7ff)
	binary.BigEndian.PutUint16(id[4:], uint16(millis))
	binary.BigEndian.PutUint32(id[:], uint32(millis>>16))
	binary.BigEndian.PutUint16(id[6:], 7<<12|count)
	id[8] = id[8]&0x3f | 0x80
	var text [36]byte
	at := 0
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		if i > 0 {
			text[at] = '-'
			at++
		}
		from := [...]int{0, 4, 6, 8, 10}[i]
		at += hex.Encode(text[at:], id[from:end])
	}
	return string(text[:])
}

// count12 returns the milliseconds and the count of the next id. A clock that went back, or too many ids in a millisecond, borrow from the future.
func (s *idSource) count12(millis int64, start uint16) (int64, uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case millis > s.millis:
		s.millis, s.count = millis, start
	case s.count == 0xfff:
		s.millis, s.count = s.millis+1, start
	default:
		s.count++
	}
	return s.millis, s.count
}
