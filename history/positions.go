package history

import (
	"slices"

	"github.com/gestadb/gesta/store"
)

// positions are a set of positions. It takes two bytes for each, an eighth of a byte where they lie close together, and some 64 for each block of positions that has any.
type positions struct{ blocks map[store.Position]*block }

// block is those of 65536 positions.
type block struct {
	few  []uint16 // sorted
	many []uint64 // a bit for each, once there are more than maxFew
}

const (
	blockBits = 16
	maxFew    = 1 << blockBits / 16 // then the bits take as much
)

// add adds a position that is not there yet.
func (p *positions) add(at store.Position) {
	if p.blocks == nil {
		p.blocks = map[store.Position]*block{}
	}
	b := p.blocks[at>>blockBits]
	if b == nil {
		b = &block{}
		p.blocks[at>>blockBits] = b
	}
	b.add(uint16(at)) //nolint:gosec // its lower bits
}

// has says whether a position is there.
func (p *positions) has(at store.Position) bool {
	b := p.blocks[at>>blockBits]
	return b != nil && b.has(uint16(at)) //nolint:gosec // its lower bits
}

func (b *block) add(low uint16) {
	if b.many == nil {
		i, _ := slices.BinarySearch(b.few, low)
		b.few = slices.Insert(b.few, i, low)
		if len(b.few) <= maxFew {
			return
		}
		b.many = make([]uint64, 1<<blockBits/64)
		for _, low := range b.few {
			b.set(low)
		}
		b.few = nil
	}
	b.set(low)
}

func (b *block) set(low uint16) { b.many[low/64] |= 1 << (low % 64) }

func (b *block) has(low uint16) bool {
	if b.many != nil {
		return b.many[low/64]&(1<<(low%64)) != 0
	}
	_, found := slices.BinarySearch(b.few, low)
	return found
}
