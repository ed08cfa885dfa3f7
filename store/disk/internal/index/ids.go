package index

import "sort"

// ids finds events by the hash of their id. Almost all ids are unique, so an id is no term: its slot has the newest ordinal, and the few ordinals
// with an equal hash before that are linked.
type ids struct {
	slots  slots
	hashes arena[uint64] // by ordinal: hash | present; shorter than the table while no later event has an id
	again  arena[again]
}

// again is an ordinal whose hash an ordinal before it has too.
type again struct{ ordinal, before uint32 }

const present = 1 << hashBits

func (x *ids) add(n uint32, hash uint64) {
	if x.slots.full() {
		x.slots.grow()
		for n := range x.hashes.n {
			if h := *x.hashes.at(n); h != 0 {
				x.put(n, h&^present)
			}
		}
	}
	for x.hashes.n < n {
		x.hashes.add(0)
	}
	x.hashes.add(hash | present)
	if older, ok := x.put(n, hash); ok {
		x.again.add(again{n, older})
	}
}

// put makes n the newest ordinal with this hash, and returns the one that was.
func (x *ids) put(n uint32, hash uint64) (older uint32, ok bool) {
	slot, ok := x.slots.search(hash, func(number uint32) bool { return *x.hashes.at(number) == hash|present })
	if ok {
		older, x.slots.numbers[slot] = x.slots.numbers[slot], n
		return older, true
	}
	x.slots.put(slot, hash, n)
	return 0, false
}

// newest returns the newest ordinal with this hash.
func (x *ids) newest(hash uint64) (uint32, bool) {
	if x.slots.n == 0 {
		return 0, false
	}
	slot, ok := x.slots.search(hash, func(number uint32) bool { return *x.hashes.at(number) == hash|present })
	return x.slots.numbers[slot], ok
}

// before returns the ordinal before n with the same hash.
func before(list *arena[again], n uint32) (uint32, bool) {
	i := uint32(sort.Search(int(list.n), func(i int) bool { return list.at(uint32(i)).ordinal >= n }))
	if i == list.n || list.at(i).ordinal != n {
		return 0, false
	}
	return list.at(i).before, true
}

func (x *ids) bytes() int { return x.slots.bytes() + 8*x.hashes.capacity() + 8*x.again.capacity() }
