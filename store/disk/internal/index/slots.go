package index

import "math/bits"

// slots is an open-addressing hash table from 48-bit hashes to 32-bit numbers; what a number stands for, and so whether it is the one looked for, is
// known to the owner. Eight bits of the hash beside each number keep most look-ups from asking. Eight of these marks are looked at together, so
// that few look-ups go on to more.
type slots struct {
	marks   []uint8 // 0: free; behind the last come the first ones again, so that there are eight from each on
	numbers []uint32
	n       int
}

const (
	groupLen  = 8
	groupLows = 0x0101010101010101 // the lowest bit of each byte
)

func mark(hash uint64) uint8 { return uint8(hash>>40) | 1 }

// zeros returns a number in which of the bytes of g that are 0 the first has its upper bit set, and no byte before it. Bytes after that may have it
// by mistake.
func zeros(g uint64) uint64 { return (g - groupLows) &^ g & (groupLows << 7) }

// search returns the slot of the number with this hash that is says yes to, or the free one where it would be. There is a free slot.
func (s *slots) search(hash uint64, is func(number uint32) bool) (slot int, ok bool) {
	marks := groupLows * uint64(mark(hash))
	end := len(s.numbers) - 1
	for i := int(hash) & end; ; i = (i + groupLen) & end {
		group := le.Uint64(s.marks[i:])
		free, alike := zeros(group), zeros(group^marks)
		alike &= free&-free - 1 // all of them if none is free
		for ; alike != 0; alike &= alike - 1 {
			slot := (i + bits.TrailingZeros64(alike)/8) & end
			if is(s.numbers[slot]) {
				return slot, true
			}
		}
		if free != 0 {
			return (i + bits.TrailingZeros64(free)/8) & end, false
		}
	}
}

// touch reads the first memory that a search for hash will.
func (s *slots) touch(hash uint64) uint32 {
	if len(s.numbers) == 0 {
		return 0
	}
	i := int(hash) & (len(s.numbers) - 1)
	return uint32(s.marks[i]) + s.numbers[i]
}

// put gives a free slot, as search returned it, a number.
func (s *slots) put(slot int, hash uint64, number uint32) {
	s.marks[slot], s.numbers[slot] = mark(hash), number
	if slot < groupLen {
		s.marks[len(s.numbers)+slot] = mark(hash)
	}
	s.n++
}

// full says that there is no room for one more: grow first.
func (s *slots) full() bool { return s.n*4 >= len(s.numbers)*3 }

// grow makes the table twice as large, and empty: the owner puts all numbers again, in their order, which reads memory in its order too.
func (s *slots) grow() { s.reset(2 * len(s.numbers)) }

// reset makes the table empty, with a size that is a power of two.
func (s *slots) reset(size int) {
	size = max(64, size)
	*s = slots{marks: make([]uint8, size+groupLen), numbers: make([]uint32, size)}
}

// free returns the first free slot for hash.
func (s *slots) free(hash uint64) int {
	slot, _ := s.search(hash, func(uint32) bool { return false })
	return slot
}

func (s *slots) bytes() int { return 5 * len(s.numbers) }
