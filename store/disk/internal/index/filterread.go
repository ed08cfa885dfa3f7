package index

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// filter is the filter of a file for look-ups. A chunk of it is read and verified when it is asked the first time, and copied into memory. A large filter
// stays on the disk, and a chunk of it is verified whenever it says that a term is not there: that it may be there costs time at the most if it is wrong.
type filter struct {
	file   *blockFile // read with ReadAt
	look   *blockFile // perhaps mapped
	offset int64
	blocks uint64

	seen      *seenPages // of the mapping
	directory int64      // where the directory begins, behind which the filter lies
	buckets   uint64     // that the directory has

	kept atomic.Pointer[keptFilter]
	load sync.Mutex // held while a chunk is loaded, by one
}

// keptFilter is what is in memory of a filter.
type keptFilter struct {
	learnt int             // chunks; guarded by load
	known  []atomic.Uint64 // a bit for each chunk that was verified, set after it was copied; none for a large filter
	memory []byte          // the blocks without the checksums; nil for a large filter
}

// open makes f the filter of a file.
func (f *filter) open(file *indexFile, look *blockFile, seen *seenPages) {
	f.file, f.look, f.seen = &file.blockFile, look, seen
	f.directory, f.offset, f.blocks = file.sections[sectionDirectory].offset, file.sections[sectionFilter].offset, filterBlocks(file.terms)
	f.buckets = file.buckets()
}

const blocksPerChunk = filterChunk / filterBlock

// has returns false if no term with this hash is in the file. It is called inside [vfs.Guard] where the file of look-ups is mapped.
func (f *filter) has(hash uint64) (bool, error) {
	b := spread(hash, f.blocks)
	k := f.kept.Load()
	if k == nil || k.memory != nil && !k.knows(b/blocksPerChunk) {
		var err error
		if k, err = f.learn(b / blocksPerChunk); err != nil {
			return false, err
		}
	}
	switch {
	case k.memory != nil:
		return hasProbes(k.memory[b*filterBlock:][:filterBlock], hash), nil
	case f.look.mapped != nil:
		return f.askMapped(b, hash)
	default:
		return f.ask(b, hash)
	}
}

// touch reads a byte of the block of a hash, if it is in memory, which has the processor fetch the block. Of a chunk that was not asked yet it has the disk
// begin to read that, and the entry of the directory with it: that is needed next, and it costs less to read it in vain than to wait for one after the other.
func (f *filter) touch(hash uint64) byte {
	b := spread(hash, f.blocks)
	k := f.kept.Load()
	if k == nil || k.memory == nil || !k.knows(b/blocksPerChunk) {
		f.seen.fetch(f.chunkAt(b/blocksPerChunk), filterChunk)
		f.seen.fetch(extentAt(f.directory, spread(hash, f.buckets)), extentLen)
		return 0
	}
	return k.memory[b*filterBlock]
}

func (k *keptFilter) knows(chunk uint64) bool { return k.known[chunk/64].Load()&(1<<(chunk%64)) != 0 }

func (f *filter) chunkAt(i uint64) int64 { return f.offset + int64(i)*(filterChunk+sumLen) }

// askMapped asks a large filter in the mapping.
func (f *filter) askMapped(b, hash uint64) (bool, error) {
	at := f.chunkAt(b / blocksPerChunk)
	if hasProbes(f.look.mapped[at+int64(b%blocksPerChunk*filterBlock):][:filterBlock], hash) {
		return true, nil
	}
	raw, err := f.look.inMapping(at, f.chunkLen(b/blocksPerChunk))
	if err != nil {
		return false, fmt.Errorf("filter: %w", err)
	}
	chunk, err := f.look.check(raw, at)
	if err != nil {
		return false, fmt.Errorf("filter: %w", err)
	}
	return hasProbes(chunk[b%blocksPerChunk*filterBlock:], hash), nil
}

// ask reads a chunk of a large filter that is not mapped.
func (f *filter) ask(b, hash uint64) (bool, error) {
	var buffer [filterChunk + sumLen]byte
	chunk, err := f.chunk(buffer[:], b/blocksPerChunk)
	if err != nil {
		return false, err
	}
	return hasProbes(chunk[b%blocksPerChunk*filterBlock:], hash), nil
}

// chunkLen returns the length of a chunk, without its checksum.
func (f *filter) chunkLen(i uint64) int {
	return int(min(f.blocks*filterBlock-i*filterChunk, filterChunk))
}

// chunk reads one chunk.
func (f *filter) chunk(buffer []byte, i uint64) ([]byte, error) {
	chunk, err := f.file.read(buffer, f.chunkAt(i), f.chunkLen(i))
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	return chunk, nil
}

// learn reads a chunk and keeps it, unless the filter is large. A chunk that cannot be read is tried again by the next.
func (f *filter) learn(i uint64) (*keptFilter, error) {
	f.load.Lock()
	defer f.load.Unlock()
	k := f.kept.Load()
	if k == nil {
		k = &keptFilter{}
		if f.blocks*filterBlock <= filterInMemory {
			k.known, k.memory = make([]atomic.Uint64, f.blocks/blocksPerChunk/64+1), make([]byte, f.blocks*filterBlock)
		}
		f.kept.Store(k)
	}
	if k.memory == nil || k.knows(i) {
		return k, nil
	}
	var buffer [filterChunk + sumLen]byte
	chunk, err := f.chunk(buffer[:], i)
	if err != nil {
		return nil, err
	}
	copy(k.memory[i*filterChunk:], chunk)
	k.known[i/64].Or(1 << (i % 64))
	if k.learnt++; k.learnt == wholeAfter {
		f.fetchWhole()
	}
	return k, nil
}

// After wholeAfter chunks of a filter it is clear that there will be many look-ups: then the disk begins to read the whole filter and the directory before
// it, which are some hundredths of the file, so that what is cold waits for buckets alone. Not of filters that are large.
const wholeAfter = 4

func (f *filter) fetchWhole() {
	if n := f.chunkAt(f.blocks/blocksPerChunk+1) - f.directory; n <= filterInMemory {
		f.seen.fetch(f.directory, int(n))
	}
}
