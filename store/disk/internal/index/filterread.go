package index

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// filter is the filter of a file for look-ups. A chunk of it is read and verified when it is asked the first time, and copied into memory; of a large
// filter, where the file is mapped, it is only noted that it was verified.
type filter struct {
	file   *blockFile // read with ReadAt
	look   *blockFile // perhaps mapped
	offset int64
	blocks uint64

	seen      *seenPages // of the mapping
	directory int64      // where the directory begins, behind which the filter lies

	kept atomic.Pointer[keptFilter]
	load sync.Mutex // held while a chunk is loaded, by one
}

// keptFilter is what is in memory of a filter.
type keptFilter struct {
	learnt int             // chunks; guarded by load
	known  []atomic.Uint64 // a bit for each chunk that was verified, set after it was copied
	memory []byte          // the blocks without the checksums; nil for a large filter
}

// open makes f the filter of a file.
func (f *filter) open(file *indexFile, look *blockFile, seen *seenPages) {
	f.file, f.look, f.seen = &file.blockFile, look, seen
	f.directory, f.offset, f.blocks = file.sections[sectionDirectory].offset, file.sections[sectionFilter].offset, filterBlocks(file.terms)
}

const blocksPerChunk = filterChunk / filterBlock

// has returns false if no term with this hash is in the file. It is called inside [vfs.Guard] where the file of look-ups is mapped.
func (f *filter) has(hash uint64) (bool, error) {
	b := spread(hash, f.blocks)
	k := f.kept.Load()
	if k != nil && k.memory == nil && f.look.mapped == nil {
		return f.ask(b, hash)
	}
	if k == nil || !k.knows(b/blocksPerChunk) {
		var err error
		if k, err = f.learn(b / blocksPerChunk); err != nil {
			return false, err
		}
	}
	if k.memory != nil {
		return hasProbes(k.memory[b*filterBlock:][:filterBlock], hash), nil
	}
	if f.look.mapped == nil {
		return f.ask(b, hash) // the first time
	}
	at := f.chunkAt(b/blocksPerChunk) + int64(b%blocksPerChunk*filterBlock)
	return hasProbes(f.look.mapped[at:][:filterBlock], hash), nil
}

// touch reads a byte of the block of a hash, if it is in memory, which has the processor fetch the block. Of a chunk that was not asked yet it has the disk
// begin to read that.
func (f *filter) touch(hash uint64) byte {
	b := spread(hash, f.blocks)
	k := f.kept.Load()
	if k == nil || !k.knows(b/blocksPerChunk) {
		f.seen.fetch(f.chunkAt(b/blocksPerChunk), filterChunk)
		return 0
	}
	if k.memory == nil {
		return 0
	}
	return k.memory[b*filterBlock]
}

func (k *keptFilter) knows(chunk uint64) bool { return k.known[chunk/64].Load()&(1<<(chunk%64)) != 0 }

func (f *filter) chunkAt(i uint64) int64 { return f.offset + int64(i)*(filterChunk+sumLen) }

// ask reads a chunk of a large filter that is not mapped.
func (f *filter) ask(b, hash uint64) (bool, error) {
	var buffer [filterChunk + sumLen]byte
	chunk, err := f.chunk(buffer[:], b/blocksPerChunk)
	if err != nil {
		return false, err
	}
	return hasProbes(chunk[b%blocksPerChunk*filterBlock:], hash), nil
}

// chunk reads one chunk.
func (f *filter) chunk(buffer []byte, i uint64) ([]byte, error) {
	n := min(f.blocks*filterBlock-i*filterChunk, filterChunk)
	chunk, err := f.file.read(buffer, f.chunkAt(i), int(n))
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	return chunk, nil
}

// learn reads a chunk and keeps what is to be known of it. A chunk that cannot be read is tried again by the next.
func (f *filter) learn(i uint64) (*keptFilter, error) {
	f.load.Lock()
	defer f.load.Unlock()
	k := f.kept.Load()
	if k == nil {
		k = &keptFilter{known: make([]atomic.Uint64, f.blocks/blocksPerChunk/64+1)}
		if f.blocks*filterBlock <= filterInMemory {
			k.memory = make([]byte, f.blocks*filterBlock)
		}
		f.kept.Store(k)
	}
	if k.knows(i) {
		return k, nil
	}
	if k.memory == nil && f.look.mapped == nil {
		return k, nil // each is verified whenever it is asked
	}
	var buffer [filterChunk + sumLen]byte
	chunk, err := f.chunk(buffer[:], i)
	if err != nil {
		return nil, err
	}
	if k.memory != nil {
		copy(k.memory[i*filterChunk:], chunk)
	}
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
