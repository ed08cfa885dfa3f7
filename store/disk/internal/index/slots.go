package index

// slots is an open-addressing hash table from 48-bit hashes to 32-bit numbers; what a number stands for, and so whether it is the one looked for, is
// known to the owner. Eight bits of the hash beside each number keep most look-ups from asking.
type slots struct {
	marks   []uint8 // 0: free
	numbers []uint32
	n       int
}

func mark(hash uint64) uint8 { return uint8(hash>>40) | 1 }

// first returns the slot where the search for hash begins; it goes on at the one after, in a circle, until a free one.
func (s *slots) first(hash uint64) int { return int(hash) & (len(s.marks) - 1) }

func (s *slots) after(i int) int { return (i + 1) & (len(s.marks) - 1) }

func (s *slots) put(i int, hash uint64, number uint32) {
	s.marks[i], s.numbers[i] = mark(hash), number
	s.n++
}

// full says that there is no room for one more: grow first.
func (s *slots) full() bool { return s.n*4 >= len(s.marks)*3 }

// grow makes the table twice as large, and empty: the owner puts all numbers again, in their order, which reads memory in its order too.
func (s *slots) grow() {
	size := max(64, 2*len(s.marks))
	*s = slots{marks: make([]uint8, size), numbers: make([]uint32, size)}
}

// free returns the first free slot for hash.
func (s *slots) free(hash uint64) int {
	i := s.first(hash)
	for s.marks[i] != 0 {
		i = s.after(i)
	}
	return i
}

func (s *slots) bytes() int { return 5 * len(s.marks) }
