package index

import "iter"

// arena is a growing array without pointers in its elements, in blocks that never move once they are full, so that growing costs no large copy.
// Elements are written once, before their arena is shared: a copy of the struct is then a snapshot that needs no lock.
type arena[T any] struct {
	blocks [][]T
	n      uint32 // elements in use
}

const (
	blockShift = 14
	blockLen   = 1 << blockShift
	blockMask  = blockLen - 1
	firstLen   = 64 // the first block begins small and doubles: a small table is small
)

func (a *arena[T]) at(i uint32) *T { return &a.blocks[i>>blockShift][i&blockMask] }

// all yields the elements of an arena into which each was added alone.
func (a *arena[T]) all() iter.Seq2[uint32, *T] {
	return func(yield func(uint32, *T) bool) {
		for n := uint32(0); n < a.n; {
			block := a.blocks[n>>blockShift][:min(a.n-n, blockLen)]
			for i := range block {
				if !yield(n+uint32(i), &block[i]) {
					return
				}
			}
			n += uint32(len(block))
		}
	}
}

func (a *arena[T]) add(v T) uint32 {
	i := a.n
	if b := int(i >> blockShift); b < len(a.blocks) && int(i&blockMask) < len(a.blocks[b]) {
		a.blocks[b][i&blockMask] = v
		a.n++
		return i
	}
	i = a.alloc(1)
	*a.at(i) = v
	return i
}

// alloc makes room for n elements side by side, n at most blockLen, and returns the index of the first.
func (a *arena[T]) alloc(n uint32) uint32 {
	if rest := blockLen - a.n&blockMask; n > rest {
		a.n += rest
	}
	i := a.n
	a.n += n
	b, end := int(i>>blockShift), int(i&blockMask+n)
	if b == len(a.blocks) {
		size := blockLen
		if b == 0 {
			size = max(firstLen, end)
		}
		a.blocks = append(a.blocks, make([]T, size))
		return i
	}
	if end > len(a.blocks[b]) {
		grown := make([]T, min(blockLen, max(2*len(a.blocks[b]), end)))
		copy(grown, a.blocks[b])
		blocks := append([][]T(nil), a.blocks...) // snapshots keep the old block
		blocks[b] = grown
		a.blocks = blocks
	}
	return i
}

// capacity returns how many elements there is memory for.
func (a *arena[T]) capacity() int {
	if len(a.blocks) == 0 {
		return 0
	}
	return len(a.blocks[0]) + (len(a.blocks)-1)*blockLen
}
