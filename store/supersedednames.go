package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// supersededNames are the ids that are named as superseded, each within a stream. They lie in parts, by the first byte of their names, so that growing copies little at a time.
type supersededNames struct{ parts [256][]supersededName }

// supersededName is one of them.
type supersededName struct {
	name  [16]byte // of the stream and the id
	by    Position // the last that names it
	first Position // the first event whose id it is, as far as they were looked at; 0 is none
}

// nameWithin returns the first half of a hash of both, which no two names share but by breaking SHA-256.
func nameWithin(stream, id string) (name [16]byte) {
	var room [256]byte
	b := binary.LittleEndian.AppendUint32(room[:0], uint32(len(stream))) //nolint:gosec // names are short
	sum := sha256.Sum256(append(append(b, stream...), id...))
	copy(name[:], sum[:])
	return name
}

// add takes a name in. Positions rise from one call to the next.
func (s *supersededNames) add(stream, id string, by Position) {
	name := nameWithin(stream, id)
	part := &s.parts[name[0]]
	if n := len(*part); n == cap(*part) { // append would leave more of it empty
		*part = append(make([]supersededName, 0, n+n/8+4), *part...)
	}
	*part = append(*part, supersededName{name: name, by: by})
}

// sort makes find work, after the last name was added.
func (s *supersededNames) sort() {
	for i := range s.parts {
		slices.SortFunc(s.parts[i], func(a, b supersededName) int {
			return cmp.Or(bytes.Compare(a.name[:], b.name[:]), cmp.Compare(b.by, a.by))
		})
		s.parts[i] = slices.CompactFunc(s.parts[i], func(a, b supersededName) bool { return a.name == b.name })
	}
}

// find returns the name of an id within a stream, nil where it is not named. The id of an event that has none is never named.
func (s *supersededNames) find(stream, id string) *supersededName {
	if s == nil || id == "" {
		return nil
	}
	name := nameWithin(stream, id)
	part := s.parts[name[0]]
	i, found := slices.BinarySearchFunc(part, name, func(n supersededName, name [16]byte) int { return bytes.Compare(n.name[:], name[:]) })
	if !found {
		return nil
	}
	return &part[i]
}
