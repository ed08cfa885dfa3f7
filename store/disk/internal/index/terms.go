package index

import "unsafe"

// term is a name of one kind and the events that have it, by ordinal: the number of the event in its table.
type term struct {
	key   uint64 // hash << 16 | kind << 12 | length of the name
	name  uint32 // where the name begins in the names
	last  uint32 // the newest ordinal; for a source its newest tracking
	chunk uint32 // the newest chunk of the ordinals before last
	count uint32 // of ordinals, last included
}

func (t *term) hash() uint64 { return t.key >> 16 }
func (t *term) kind() kind   { return kind(t.key >> 12 & 15) }
func (t *term) length() int  { return int(t.key & 0xfff) }

func termKey(hash uint64, k kind, name string) uint64 {
	return hash<<16 | uint64(k)<<12 | uint64(len(name))
}

// terms interns names: each (kind, name) has one number.
type terms struct {
	slots slots
	all   arena[term]
}

func (ts *terms) find(names *arena[byte], hash uint64, k kind, name string) (uint32, bool) {
	if ts.slots.n == 0 {
		return 0, false
	}
	i, ok := ts.slot(names, hash, k, name)
	return ts.slots.numbers[i], ok
}

// slot returns the slot of a name, or the free one where it would be. The table has a free slot.
func (ts *terms) slot(names *arena[byte], hash uint64, k kind, name string) (slot int, known bool) {
	key := termKey(hash, k, name)
	return ts.slots.search(hash, func(number uint32) bool {
		t := ts.all.at(number)
		return t.key == key && nameAt(names, t.name, t.length()) == name
	})
}

// intern returns the number of a name, which is given one if it has none.
func (ts *terms) intern(names *arena[byte], hash uint64, k kind, name string) (n uint32, known bool) {
	if ts.slots.full() {
		ts.slots.grow()
		for n := range ts.all.n {
			hash := ts.all.at(n).hash()
			ts.slots.put(ts.slots.free(hash), hash, n)
		}
	}
	slot, known := ts.slot(names, hash, k, name)
	if known {
		return ts.slots.numbers[slot], true
	}
	at := names.alloc(uint32(len(name)))
	copy(names.blocks[at>>blockShift][at&blockMask:], name)
	n = ts.all.add(term{key: termKey(hash, k, name), name: at})
	ts.slots.put(slot, hash, n)
	return n, false
}

// name returns the name with a number, in place.
func (ts *terms) name(names *arena[byte], n uint32) string {
	t := ts.all.at(n)
	return nameAt(names, t.name, t.length())
}

func (ts *terms) bytes() int {
	return ts.slots.bytes() + ts.all.capacity()*int(unsafe.Sizeof(term{}))
}

// nameAt returns a name in place: it is valid as long as the arena's memory, which is never written twice.
func nameAt(names *arena[byte], at uint32, length int) string {
	if length == 0 {
		return ""
	}
	return unsafe.String(&names.blocks[at>>blockShift][at&blockMask], length)
}

// bytesAt is nameAt for bytes, which nobody changes.
func bytesAt(names *arena[byte], at uint32, length int) []byte {
	if length == 0 {
		return nil
	}
	return names.blocks[at>>blockShift][at&blockMask:][:length]
}
