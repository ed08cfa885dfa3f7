package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// placesFile is a file of places. It is opened when it is first read, and closed with its last reference.
type placesFile struct {
	placesHeader
	blockFile // file is nil while it is not open
	fs        vfs.FS
	path      string

	mu    sync.Mutex   // guards opening
	ready atomic.Bool  // file and index are there
	index []placeBlock // of all blocks

	refs   atomic.Int64
	remove func() // called once it is closed, unless nil
}

// placeBlock is an entry of the index: 16 bytes in memory for placesPerBlock events.
type placeBlock struct {
	first  store.Position
	extent uint64 // length << 40 | offset
}

func (b placeBlock) at() (offset int64, length int) {
	return int64(b.extent & maxExtentAt), int(b.extent >> 40)
}

// readPlacesHeader looks into the file at path; name is what errors call it. The file does not stay open.
func readPlacesHeader(fs vfs.FS, path, name string, storeID [16]byte) (*placesFile, error) {
	f := &placesFile{blockFile: blockFile{name: name}, fs: fs, path: path}
	f.refs.Store(1)
	if err := f.openHeader(storeID); err != nil {
		return nil, err
	}
	err := f.file.Close()
	f.file = nil
	return f, err
}

// openHeader opens the file and reads its header.
func (f *placesFile) openHeader(storeID [16]byte) error {
	file, err := f.fs.Open(f.path)
	if err != nil {
		return fmt.Errorf("open %s: %w", f.name, err)
	}
	f.file = file
	raw, err := f.rawHeader(placesHeaderLen)
	if err == nil {
		err = f.decodeHeader(raw, storeID)
	}
	if err != nil {
		f.file = nil
		return errors.Join(err, file.Close())
	}
	return nil
}

func (f *placesFile) decodeHeader(raw []byte, storeID [16]byte) error {
	if err := f.checkHeader(raw, magicPlaces); err != nil {
		return err
	}
	r := reader{raw[prefixLen:]}
	h := placesHeader{}
	copy(h.storeID[:], r.b)
	r.b = r.b[16:]
	h.start, h.end = r.end(), r.end()
	h.events = r.uint64()
	h.blocks = int64(r.uint64())
	if h.storeID != storeID {
		return fmt.Errorf("%s: %w", f.name, errOtherStore)
	}
	index := f.size - h.blocks - sumLen
	if h.end.Position <= h.start.Position || h.end.Position > store.MaxPosition || h.events == 0 || h.events > uint64(h.end.Position-h.start.Position) ||
		h.blocks < placesHeaderLen || h.blocks > f.size || index < 0 || h.events > uint64(index)*placesPerBlock ||
		uint64(index) != 16*((h.events+placesPerBlock-1)/placesPerBlock) {
		return f.damaged(0, "the numbers in the header contradict each other")
	}
	f.placesHeader, f.id, f.first = h, h.identity(), h.start.Position+1
	return nil
}

// open makes the file ready for reads.
func (f *placesFile) open() error {
	if f.ready.Load() {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ready.Load() {
		return nil
	}
	fresh := &placesFile{blockFile: blockFile{name: f.name, first: f.first}, fs: f.fs, path: f.path}
	if err := fresh.openHeader(f.storeID); err != nil {
		return err
	}
	index, err := fresh.readIndex()
	if err == nil && (fresh.placesHeader != f.placesHeader || fresh.size != f.size) {
		err = f.damaged(0, "the file is not the one that was listed")
	}
	if err != nil {
		return errors.Join(err, fresh.file.Close())
	}
	f.file, f.index = fresh.file, index
	f.ready.Store(true)
	return nil
}

// readIndex reads the index of the blocks.
func (f *placesFile) readIndex() ([]placeBlock, error) {
	raw, err := f.read(nil, f.blocks, int(f.size-f.blocks-sumLen))
	if err != nil {
		return nil, err
	}
	index := make([]placeBlock, len(raw)/16)
	for i := range index {
		index[i] = placeBlock{store.Position(le.Uint64(raw[16*i:])), le.Uint64(raw[16*i+8:])}
		if p := index[i].first; p < f.first || p > f.end.Position || i > 0 && p <= index[i-1].first {
			return nil, f.damaged(f.blocks, "the blocks of places do not rise")
		}
	}
	return index, nil
}

// rawPlacesHeader reads the header again.
func (f *placesFile) rawPlacesHeader() ([]byte, error) {
	again := f.blockFile
	raw, err := again.rawHeader(placesHeaderLen)
	if err == nil && again.size != f.size {
		err = f.damaged(0, "the file has %d bytes, it had %d when it was opened", again.size, f.size)
	}
	return raw, err
}

func (f *placesFile) retain() { f.refs.Add(1) }

// release closes the file with the last reference.
func (f *placesFile) release() error {
	if f.refs.Add(-1) > 0 {
		return nil
	}
	var err error
	if f.file != nil {
		err = f.file.Close()
	}
	if f.remove != nil {
		f.remove()
	}
	return err
}

// placesBlock is a decoded block: it belongs to one goroutine.
type placesBlock struct {
	number    int // in its file
	positions [placesPerBlock]store.Position
	places    [placesPerBlock]Place
	n         int
	buffer    []byte
}

// load decodes block i of f, which is open.
func (b *placesBlock) load(f *placesFile, i int) error {
	b.n, b.number = 0, i
	offset, length := f.index[i].at()
	if offset < placesHeaderLen || offset+int64(length)+sumLen > f.blocks {
		return f.damaged(offset, "a block of places lies outside its section")
	}
	raw, err := f.read(b.buffer, offset, length)
	if err != nil {
		return err
	}
	b.buffer = raw
	last := f.end.Position
	if i+1 < len(f.index) {
		last = f.index[i+1].first - 1
	}
	count := int(min(f.events-uint64(i)*placesPerBlock, placesPerBlock))
	if !b.decode(raw, f.index[i].first, last, count) {
		return f.damaged(offset, "a block of places makes no sense")
	}
	b.n = count
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
	if runs > uint64(count) || segments > uint64(count) {
		return false
	}
	n, p := 0, first
	for range runs {
		length, hole := next(), next()
		if length > uint64(count-n) || length == 0 || hole > uint64(last-first) {
			return false
		}
		for p += store.Position(hole); length > 0; length-- {
			b.positions[n] = p
			n++
			p++
		}
		if p-1 > last {
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
		for segment += uint32(step); length > 0; length-- {
			b.places[n] = MakePlace(segment, 0)
			n++
		}
	}
	if n != count || len(raw) != 4*count {
		return false
	}
	for i := range count {
		b.places[i] |= Place(le.Uint32(raw[4*i:]))
	}
	return true
}

// upTo returns how many positions of the block are at p or before it.
func (b *placesBlock) upTo(p store.Position) int {
	if p >= b.positions[b.n-1] {
		return b.n
	}
	if p < b.positions[0] {
		return 0
	}
	if i := int(p - b.positions[0]); i < b.n && b.positions[i] == p {
		return i + 1
	}
	return sort.Search(b.n, func(i int) bool { return b.positions[i] > p })
}

// blockOf returns the block that has p if any does, and -1 for a position before the first.
func (f *placesFile) blockOf(p store.Position) int {
	return sort.Search(len(f.index), func(i int) bool { return f.index[i].first > p }) - 1
}
