package index

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"unsafe"
)

// keyed is a name by its number, with eight of its bytes as a number that compares as they do.
type keyed struct {
	key uint64
	n   uint32
}

// nameSorter sorts numbers by the names that they stand for. Names begin alike more often than not, so it compares eight bytes at
// a time, from the first at which any two differ: that looks at each name's memory a few times, whatever their number.
type nameSorter struct {
	name    func(n uint32) []byte
	scratch []keyed
}

// sortNames sorts by name.
func sortNames(all []keyed, name func(n uint32) string) {
	var s nameSorter
	s.sortBytes(all, func(n uint32) []byte { return unsafe.Slice(unsafe.StringData(name(n)), len(name(n))) })
}

// sortBytes is sortNames, in the memory of the sort before.
func (s *nameSorter) sortBytes(all []keyed, name func(n uint32) []byte) {
	s.name = name
	s.sort(all, 0)
	s.name = nil
}

// fewNames are sorted by comparing.
const fewNames = 24

// sort sorts names that are equal up to byte from, and have that many.
func (s *nameSorter) sort(all []keyed, from int) {
	if len(all) < fewNames {
		slices.SortFunc(all, func(a, b keyed) int { return bytes.Compare(s.name(a.n)[from:], s.name(b.n)[from:]) })
		return
	}
	from = s.sharedPrefix(all, from)
	varying := uint64(0) // the bits in which any two keys differ
	for i := range all {
		all[i].key = keyAt(s.name(all[i].n), from)
		varying |= all[i].key ^ all[0].key
	}
	s.sortKeys(all, varying)
	for begin := 0; begin < len(all); {
		end := begin + 1
		for end < len(all) && all[end].key == all[begin].key {
			end++
		}
		if end > begin+1 {
			s.sortEqual(all[begin:end], from+8)
		}
		begin = end
	}
}

// sortKeys sorts by key, byte by byte from the last, leaving out those that are the same everywhere.
func (s *nameSorter) sortKeys(all []keyed, varying uint64) {
	if len(all) < 256 {
		slices.SortFunc(all, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
		return
	}
	s.scratch = slices.Grow(s.scratch[:0], len(all))[:len(all)]
	for shift := 0; shift < 64; shift += 8 {
		if varying>>shift&0xff == 0 {
			continue
		}
		var ends [257]uint32
		for i := range all {
			ends[all[i].key>>shift&0xff+1]++
		}
		for i := range 256 {
			ends[i+1] += ends[i]
		}
		for _, k := range all {
			b := k.key >> shift & 0xff
			s.scratch[ends[b]] = k
			ends[b]++
		}
		copy(all, s.scratch)
	}
}

// sortEqual sorts names with equal keys: those that end within the key have only zero bytes after it, or nothing, and come first, by length.
func (s *nameSorter) sortEqual(all []keyed, from int) {
	short := 0
	for i := range all {
		if len(s.name(all[i].n)) < from {
			all[i], all[short] = all[short], all[i]
			short++
		}
	}
	slices.SortFunc(all[:short], func(a, b keyed) int { return cmp.Compare(len(s.name(a.n)), len(s.name(b.n))) })
	if len(all)-short > 1 {
		s.sort(all[short:], from)
	}
}

// sharedPrefix returns how many bytes all names begin with alike; they do up to byte from.
func (s *nameSorter) sharedPrefix(all []keyed, from int) int {
	first := s.name(all[0].n)
	shared := len(first)
	for i := range all {
		name := s.name(all[i].n)
		n := from
		for n < shared && n < len(name) && name[n] == first[n] {
			n++
		}
		if shared = n; shared == from {
			break
		}
	}
	return shared
}

// keyAt returns up to eight bytes of name from byte from on, with zeros after its end.
func keyAt(name []byte, from int) uint64 {
	rest := name[min(from, len(name)):]
	if len(rest) >= 8 {
		return binary.BigEndian.Uint64(rest)
	}
	var key uint64
	for i := range rest {
		key |= uint64(rest[i]) << (56 - 8*i)
	}
	return key
}
