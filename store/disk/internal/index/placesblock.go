package index

import (
	"encoding/binary"
	"sort"

	"github.com/gestadb/gesta/store"
)

// placesBlock is a decoded block of places. It belongs to one goroutine.
type placesBlock struct {
	number int // in its file
	n      int // events
	buffer []byte

	header   int    // bytes before the offsets
	offsets  []byte // 4 for each event, in the buffer
	runs     []placesRun
	segments []placesSegment
}

// placesRun is a run of positions without holes; placesSegment is the segment of some events. Both begin at an event of the block.
type placesRun struct {
	begin int
	first store.Position
}

type placesSegment struct {
	begin   int
	segment uint32
}

// load reads and decodes block i of f, which is open.
func (b *placesBlock) load(f *placesFile, i int) error { return b.loadFrom(f, &f.blockFile, i) }

// look is load for look-ups: from the mapping if there is one. What it finds out of a block is noted for [placesFile.spot].
func (b *placesBlock) look(f *placesFile, i int) error {
	err := b.loadFrom(f, &f.look, i)
	if err == nil && f.mapping != nil && f.verified[i].Load() == 0 {
		f.verified[i].Store(uint64(b.plain(f.index[i].first)))
	}
	return err
}

func (b *placesBlock) loadFrom(f *placesFile, from *blockFile, i int) error {
	b.n, b.number = 0, i
	offset, length := f.index[i].at()
	if offset < placesHeaderLen || offset+int64(length)+sumLen > f.blocks {
		return f.damaged(offset, "a block of places lies outside its section")
	}
	raw, err := from.view(&b.buffer, offset, length)
	if err != nil {
		return err
	}
	return b.set(f, i, raw)
}

// plain returns what is to be noted of the block, which was verified; its index entry begins at first.
func (b *placesBlock) plain(first store.Position) plainBlock {
	if len(b.runs) > 1 || len(b.segments) > 1 || b.runs[0].first != first {
		return verifiedBlock
	}
	return plainBlock(b.segments[0].segment)<<32 | plainBlock(b.header)<<16 | plainBlock(b.n-1)<<1 | 1
}

// set decodes raw, which is block i of f.
func (b *placesBlock) set(f *placesFile, i int, raw []byte) error {
	last := f.end.Position
	if i+1 < len(f.index) {
		last = f.index[i+1].first - 1
	}
	count := int(min(f.events-uint64(i)*placesPerBlock, placesPerBlock))
	if !b.decode(raw, f.index[i].first, last, count) {
		offset, _ := f.index[i].at()
		return f.damaged(offset, "a block of places makes no sense")
	}
	b.n, b.header = count, len(raw)-4*count
	return nil
}

// decode returns false unless raw has count events with positions from first to last.
func (b *placesBlock) decode(raw []byte, first, last store.Position, count int) bool {
	next := func() uint64 {
		v, n := binary.Uvarint(raw)
		if n <= 0 {
			raw = nil
			return 0
		}
		raw = raw[n:]
		return v
	}
	runs, segments := next(), next()
	b.runs, b.segments = b.runs[:0], b.segments[:0]
	if runs > uint64(count) || segments > uint64(count) {
		return false
	}
	n, p := 0, first
	for range runs {
		length, hole := next(), next()
		if length > uint64(count-n) || length == 0 || hole > uint64(last-first) {
			return false
		}
		p += store.Position(hole)
		b.runs = append(b.runs, placesRun{n, p})
		n += int(length)
		if p += store.Position(length); p-1 > last {
			return false
		}
	}
	if n != count {
		return false
	}
	n = 0
	segment := uint32(0)
	for range segments {
		length, step := next(), next()
		if length > uint64(count-n) || length == 0 || step > 1<<32-1 {
			return false
		}
		segment += uint32(step)
		b.segments = append(b.segments, placesSegment{n, segment})
		n += int(length)
	}
	b.offsets = raw
	return n == count && len(raw) == 4*count
}

// upTo returns how many positions of the block are at p or before it.
func (b *placesBlock) upTo(p store.Position) int {
	i := len(b.runs) - 1
	if b.runs[i].first > p {
		i = sort.Search(len(b.runs), func(i int) bool { return b.runs[i].first > p }) - 1
	}
	if i < 0 {
		return 0
	}
	end := b.n
	if i+1 < len(b.runs) {
		end = b.runs[i+1].begin
	}
	return int(min(uint64(end), uint64(b.runs[i].begin)+uint64(p-b.runs[i].first)+1))
}

// position returns the position of event i of the block.
func (b *placesBlock) position(i int) store.Position {
	r := len(b.runs) - 1
	if b.runs[r].begin > i {
		r = sort.Search(len(b.runs), func(r int) bool { return b.runs[r].begin > i }) - 1
	}
	return b.runs[r].first + store.Position(i-b.runs[r].begin)
}

// place returns the place of event i of the block.
func (b *placesBlock) place(i int) Place {
	s := len(b.segments) - 1
	if b.segments[s].begin > i {
		s = sort.Search(len(b.segments), func(s int) bool { return b.segments[s].begin > i }) - 1
	}
	return MakePlace(b.segments[s].segment, le.Uint32(b.offsets[4*i:]))
}

// find returns the place of the event at position p.
func (b *placesBlock) find(p store.Position) (Place, bool) {
	i := b.upTo(p) - 1
	if i < 0 || b.position(i) != p {
		return 0, false
	}
	return b.place(i), true
}
