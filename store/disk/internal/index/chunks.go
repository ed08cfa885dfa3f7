package index

import (
	"math/bits"
	"sort"
)

// The ordinals of a term but its newest lie in chunks of 2, 4, 8 ... 2048, 2048 ... numbers, each behind the reference of the chunk before it: a
// rare term wastes little, and a frequent one is searched in few steps. Number i of a list never moves.
const (
	largestChunk  = 2048
	doublingLists = 10        // the chunks 0 to this one double, the rest are as large as it
	doublingTotal = 2<<11 - 2 // numbers in the chunks 0 to doublingLists
)

// chunkOf returns the chunk that number i lies in, and the number of the first in that chunk.
func chunkOf(i uint32) (chunk, first uint32) {
	if i < doublingTotal {
		j := uint32(bits.Len32(i+2)) - 2
		return j, 2<<j - 2
	}
	j := (i - doublingTotal) / largestChunk
	return doublingLists + 1 + j, doublingTotal + j*largestChunk
}

func chunkCapacity(chunk uint32) uint32 { return 2 << min(chunk, doublingLists) }

// push makes ordinal the newest of t.
func push(lists *arena[uint32], t *term, ordinal uint32) {
	if t.count > 0 {
		i := t.count - 1
		chunk, first := chunkOf(i)
		if i == first {
			ref := lists.alloc(1 + chunkCapacity(chunk))
			*lists.at(ref) = t.chunk
			t.chunk = ref
		}
		*lists.at(t.chunk + 1 + i - first) = t.last
	}
	t.last = ordinal
	t.count++
}

// ordinals walks the ordinals of a term, by a snapshot of the lists: it needs no lock. It is a [cursor].
type ordinals struct {
	lists    arena[uint32]
	last     uint32
	count    uint32
	newest   uint32 // the newest chunk
	bound    uint32 // the walk ends before it passes this ordinal
	backward bool

	// Where the walk is: number first and those after it, in the chunk at ref; numbers is empty before the first seek.
	ref, first uint32
	numbers    []uint32
}

func newOrdinals(lists *arena[uint32], t *term, bound uint32, backward bool) ordinals {
	return ordinals{lists: *lists, last: t.last, count: t.count, newest: t.chunk, bound: bound, backward: backward}
}

func (o *ordinals) size() uint64 { return uint64(o.count) }

// seek implements [cursor].
func (o *ordinals) seek(target uint64) (uint64, status, error) {
	if o.backward {
		i := o.upTo(target)
		if i == 0 {
			return 0, ended, nil
		}
		n := o.number(i - 1)
		if n < o.bound {
			return 0, ended, nil
		}
		return uint64(n), found, nil
	}
	i := o.below(target)
	if i == o.count {
		return 0, ended, nil
	}
	n := o.number(i)
	if n > o.bound {
		return 0, ended, nil
	}
	return uint64(n), found, nil
}

// upTo returns how many ordinals are at most target.
func (o *ordinals) upTo(target uint64) uint32 {
	if target >= uint64(o.last) {
		return o.count
	}
	return o.below(target + 1)
}

// below returns how many ordinals are less than target.
func (o *ordinals) below(target uint64) uint32 {
	switch {
	case target > uint64(o.last):
		return o.count
	case o.count == 1:
		return 0
	}
	if len(o.numbers) == 0 || target > uint64(o.numbers[len(o.numbers)-1]) {
		o.load(o.newest, o.count-2)
	}
	for uint64(o.numbers[0]) >= target && o.first > 0 {
		o.load(*o.lists.at(o.ref), o.first-1)
	}
	n := uint32(sort.Search(len(o.numbers), func(i int) bool { return uint64(o.numbers[i]) >= target }))
	return o.first + n
}

// load makes the chunk at ref the current one; i is the number of its last ordinal that there is.
func (o *ordinals) load(ref, i uint32) {
	_, first := chunkOf(i)
	at := ref + 1
	o.ref, o.first = ref, first
	o.numbers = o.lists.blocks[at>>blockShift][at&blockMask:][:i-first+1]
}

// number returns ordinal i; its chunk, or the one before it, is the current one if i is not the last.
func (o *ordinals) number(i uint32) uint32 {
	if i == o.count-1 {
		return o.last
	}
	if len(o.numbers) == 0 || i >= o.first+uint32(len(o.numbers)) || i < o.first {
		ref := o.newest
		for last := o.count - 2; ; {
			_, first := chunkOf(last)
			if i >= first {
				o.load(ref, last)
				break
			}
			ref, last = *o.lists.at(ref), first-1
		}
	}
	return o.numbers[i-o.first]
}
