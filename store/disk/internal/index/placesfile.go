package index

import (
	"errors"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// placesFile is a file of places. It is opened when it is read, and closed for good with its last reference.
type placesFile struct {
	placesHeader
	blockFile
	path string

	mu    sync.Mutex   // held while the index is read, by one
	tried bool         // to map it; guarded by mu
	ready atomic.Bool  // what follows is there
	index []placeBlock // of all blocks

	look     blockFile       // the same for look-ups: mapped, where that can be
	mapping  vfs.Mapping     // nil where it is not
	verified []atomic.Uint64 // for each block of the mapping: 0 until it was verified, then what is in it
	fetched  atomic.Uint32   // blocks that were asked for

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

// readPlacesHeader looks into the file at path; name is what errors call it.
func readPlacesHeader(fs vfs.FS, h *handles, path, name string, storeID [16]byte) (*placesFile, error) {
	f := &placesFile{blockFile: blockFile{file: &lazyFile{fs: fs, path: path, handles: h}, name: name}, path: path}
	f.refs.Store(1)
	raw, err := f.rawHeader(placesHeaderLen)
	if err == nil {
		err = f.decodeHeader(raw, storeID)
	}
	if err != nil {
		return nil, errors.Join(err, f.file.Close())
	}
	return f, nil
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
	if h.end.Position <= h.start.Position || h.end.Position > store.MaxPosition ||
		h.events == 0 || h.events > uint64(h.end.Position-h.start.Position) ||
		h.blocks < placesHeaderLen || h.blocks > f.size || index < 0 || h.events > uint64(index)*placesPerBlock ||
		uint64(index) != 16*((h.events+placesPerBlock-1)/placesPerBlock) {
		return f.damaged(0, "the numbers in the header contradict each other")
	}
	f.placesHeader, f.id, f.first = h, h.identity(), h.start.Position+1
	return nil
}

// open makes the index ready for reads.
func (f *placesFile) open() error {
	if f.ready.Load() {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ready.Load() {
		return nil
	}
	f.mapOnce()
	index, err := f.readIndex()
	if err != nil {
		return err
	}
	f.index, f.look = index, f.blockFile
	if f.mapping != nil {
		f.look.mapped = f.mapping.Bytes()
		f.verified = make([]atomic.Uint64, len(index))
	}
	f.ready.Store(true)
	return nil
}

// mapOnce maps the file, if that can be done and was not tried before, and says whether it was not. The caller holds mu.
func (f *placesFile) mapOnce() bool {
	if f.tried {
		return false
	}
	f.tried, f.mapping = true, mapFile(f.file, f.size)
	return true
}

// fetch has the disk begin to read what open will read, and where the block of the event at p most likely is: where all blocks have about the same
// length, as they do unless commits failed. It does nothing for a file that is open, or is being opened.
func (f *placesFile) fetch(p store.Position) {
	if f.ready.Load() || p < f.first || !f.mu.TryLock() {
		return
	}
	defer f.mu.Unlock()
	if f.ready.Load() {
		return
	}
	first := f.mapOnce()
	if f.mapping == nil {
		return
	}
	blocks := (f.events + placesPerBlock - 1) / placesPerBlock
	length := (f.blocks - placesHeaderLen) / int64(blocks)
	i := min(uint64(p-f.first)/placesPerBlock, blocks-1)
	if first {
		f.mapping.Advise(int(f.blocks), int(f.size-f.blocks), vfs.WillNeed)
	}
	f.mapping.Advise(int(placesHeaderLen+int64(i)*length), int(length), vfs.WillNeed)
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
	if f.mapping != nil {
		err = f.mapping.Close()
	}
	err = errors.Join(err, f.file.Close())
	if f.remove != nil {
		f.remove()
	}
	return err
}

// After placesWholeAfter blocks of a file of places, which is a hundredth of what its part of the log is, the disk begins to read all of it: then there are
// many look-ups, and what is cold waits for one thing less. Not of files above placesWhole bytes, which tables of an unusual size make.
const (
	placesWholeAfter = 8
	placesWhole      = 2 << 20
)

// fetchBlock has the disk begin to read block n of an open mapped file.
func (f *placesFile) fetchBlock(n int) {
	offset, length := f.index[n].at()
	f.mapping.Advise(int(offset), length+sumLen, vfs.WillNeed)
	if f.fetched.Add(1) == placesWholeAfter && f.size <= placesWhole {
		f.mapping.Advise(0, int(f.size), vfs.WillNeed)
	}
}

// plainBlock is what is noted of a verified block whose positions leave none out and whose events lie in one segment, 1 in the lowest bit: the segment
// << 32 | where the offsets begin in the block << 16 | events - 1 << 1. Of any other verified block it is 2.
type plainBlock uint64

const verifiedBlock plainBlock = 2

func (b plainBlock) plain() bool     { return b&1 != 0 }
func (b plainBlock) segment() uint32 { return uint32(b >> 32) }
func (b plainBlock) offsets() int    { return int(b >> 16 & 0xffff) }
func (b plainBlock) events() uint64  { return uint64(b>>1&0x7fff) + 1 }

// spot returns where the place of the event at p is, if its block is a plain one in a mapping, which was verified when it was read the first time. If it rots
// after that, the record of the log that is said to be at a place is found not to be: each record has its position and checksum.
func (f *placesFile) spot(p store.Position) spot {
	if !f.ready.Load() || f.mapping == nil || p < f.first {
		return spot{}
	}
	i := min(uint64(p-f.first)/placesPerBlock, uint64(len(f.index)-1))
	b := f.index[i]
	plain := plainBlock(f.verified[i].Load())
	n := uint64(p - b.first)
	if b.first > p || !plain.plain() || n >= plain.events() {
		return spot{}
	}
	at := int64(b.extent&maxExtentAt) + int64(plain.offsets()) + int64(4*n)
	return spot{f.look.mapped[at : at+4], plain.segment()}
}

// blockOf returns the block that has p if any does, and -1 for a position before the first. Where no positions were left out, the first guess is right,
// and it is never too low.
func (f *placesFile) blockOf(p store.Position) int {
	if p < f.first {
		return -1
	}
	i := int(min(uint64(p-f.first)/placesPerBlock, uint64(len(f.index)-1)))
	if f.index[i].first <= p {
		return i
	}
	return sort.Search(i, func(i int) bool { return f.index[i].first > p }) - 1
}
