package simfs

import "bytes"

const (
	sectorSize   = 512
	chunkSectors = 128 // Of a chunk, which is the unit of copying on write.
)

// sector holds the bytes of one sector and is never changed once it is in a
// file, so that all images share it. A nil sector reads as zeros.
type sector [sectorSize]byte

var zeros sector

// newSector returns a sector with the bytes of p, which has sectorSize of them.
func newSector(p []byte) *sector {
	if bytes.Equal(p, zeros[:]) {
		return nil
	}
	s := sector(p)
	return &s
}

// bytes returns what the sector reads as. It must not be written to.
func (s *sector) bytes() []byte {
	if s == nil {
		return zeros[:]
	}
	return s[:]
}

// head returns a sector with the first n bytes of s and zeros after them.
func (s *sector) head(n int) *sector {
	if s == nil || n == 0 {
		return nil
	}
	return s.splice(nil, n)
}

// splice returns a sector with the first n bytes of s and the rest of tail.
func (s *sector) splice(tail *sector, n int) *sector {
	var t sector
	copy(t[:n], s.bytes())
	copy(t[n:], tail.bytes()[n:])
	return newSector(t[:])
}

// flip returns a sector with one bit inverted.
func (s *sector) flip(bit int) *sector {
	t := *(*sector)(s.bytes())
	t[bit/8] ^= 1 << (bit % 8)
	return newSector(t[:])
}

// chunk is a run of sectors. Once shared is set, before a second sequence can
// reach the chunk, nothing in it is written again, not even shared.
type chunk struct {
	shared bool
	sector [chunkSectors]*sector
}

// sectors is a sequence of sectors without an end: those never set are nil.
// The zero value is ready to use. It is guarded by the lock of its disk.
type sectors struct {
	chunks []*chunk // A nil chunk has nil sectors.
}

func (s *sectors) get(i int) *sector {
	if c := i / chunkSectors; c < len(s.chunks) && s.chunks[c] != nil {
		return s.chunks[c].sector[i%chunkSectors]
	}
	return nil
}

func (s *sectors) set(i int, v *sector) {
	if s.get(i) == v {
		return
	}
	c := i / chunkSectors
	for c >= len(s.chunks) {
		s.chunks = append(s.chunks, nil)
	}
	switch old := s.chunks[c]; {
	case old == nil:
		s.chunks[c] = new(chunk)
	case old.shared:
		s.chunks[c] = &chunk{sector: old.sector}
	}
	s.chunks[c].sector[i%chunkSectors] = v
}

// clone returns a copy that shares all chunks until one of the two is written.
func (s *sectors) clone() sectors {
	t := sectors{chunks: make([]*chunk, len(s.chunks))}
	for i, c := range s.chunks {
		if c != nil && !c.shared {
			c.shared = true
		}
		t.chunks[i] = c
	}
	return t
}

// cut sets everything from byte size on to zeros.
func (s *sectors) cut(size int64) {
	first := int(size / sectorSize)
	if keep := int(size % sectorSize); keep > 0 {
		s.set(first, s.get(first).head(keep))
		first++
	}
	for i := first; i < len(s.chunks)*chunkSectors; i++ {
		if i%chunkSectors == 0 {
			s.chunks = s.chunks[:i/chunkSectors]
			return
		}
		s.set(i, nil)
	}
}

// readAt fills p with the bytes from off on.
func (s *sectors) readAt(p []byte, off int64) {
	for len(p) > 0 {
		n := copy(p, s.get(int(off / sectorSize)).bytes()[off%sectorSize:])
		p, off = p[n:], off+int64(n)
	}
}
