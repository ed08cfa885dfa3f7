package index

import (
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"
)

// The filter is a blocked Bloom filter over the hashes of the terms: it says of most terms that are not in the file that they are not. The block of
// a hash rises with the hash, so that a file is written, and merged, with one chunk of the filter in memory.
const (
	filterBits      = 12 // bits for each term
	filterProbes    = 6
	filterBlock     = 64               // bytes: one line of the processor's cache
	filterChunk     = 64 * filterBlock // bytes with one checksum
	filterInMemory  = 64 << 20         // bytes: larger filters are asked on disk, chunk by chunk
	filterBlockBits = filterBlock * 8
)

// filterBlocks returns the number of blocks for n terms.
func filterBlocks(n uint64) uint64 { return (n*filterBits + filterBlockBits - 1) / filterBlockBits }

// filterLen returns the length of the section, in bytes.
func filterLen(blocks uint64) int64 {
	chunks := (blocks*filterBlock + filterChunk - 1) / filterChunk
	return int64(blocks*filterBlock + chunks*sumLen)
}

// spread maps a hash to one of n numbers; they rise with the hash.
func spread(hash, n uint64) uint64 {
	hi, _ := bits.Mul64(hash<<(64-hashBits), n)
	return hi
}

// probes returns a word that has the bits to set in the block of hash, nine by nine.
func probes(hash uint64) uint64 {
	x := hash * 0x9e3779b97f4a7c15
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	return x ^ x>>29
}

func setProbes(block []byte, hash uint64) {
	x := probes(hash)
	for range filterProbes {
		block[x>>3&63] |= 1 << (x & 7)
		x >>= 9
	}
}

func hasProbes(block []byte, hash uint64) bool {
	x := probes(hash)
	for range filterProbes {
		if block[x>>3&63]&(1<<(x&7)) == 0 {
			return false
		}
		x >>= 9
	}
	return true
}

// filterWriter writes a filter. Hashes come rising.
type filterWriter struct {
	sink   *sink
	blocks uint64
	first  uint64 // block of the chunk
	chunk  []byte
}

func newFilterWriter(s *sink, blocks uint64) *filterWriter {
	w := &filterWriter{sink: s, blocks: blocks, chunk: make([]byte, 0, filterChunk)}
	w.begin(0)
	return w
}

func (w *filterWriter) begin(block uint64) {
	w.first = block
	w.chunk = w.chunk[:min((w.blocks-block)*filterBlock, filterChunk)]
	clear(w.chunk)
}

func (w *filterWriter) add(hash uint64) {
	b := spread(hash, w.blocks)
	for (b-w.first)*filterBlock >= uint64(len(w.chunk)) {
		w.next()
	}
	setProbes(w.chunk[(b-w.first)*filterBlock:], hash)
}

func (w *filterWriter) next() {
	w.sink.block(w.chunk)
	w.begin(w.first + uint64(len(w.chunk))/filterBlock)
}

// end writes the chunks that are left.
func (w *filterWriter) end() {
	for len(w.chunk) > 0 {
		w.next()
	}
}

// filter is the filter of a file: in memory from its first use on, unless it is large.
type filter struct {
	file   *blockFile
	offset int64
	blocks uint64

	loaded atomic.Pointer[[]byte]
	load   sync.Mutex // held while it is loaded, by one
}

// has returns false if no term with this hash is in the file.
func (f *filter) has(hash uint64) (bool, error) {
	b := spread(hash, f.blocks)
	if all := f.loaded.Load(); all != nil {
		return hasProbes((*all)[b*filterBlock:], hash), nil
	}
	if f.blocks*filterBlock > filterInMemory {
		var buffer [filterChunk + sumLen]byte
		chunk, err := f.chunk(buffer[:], b*filterBlock/filterChunk)
		if err != nil {
			return false, err
		}
		return hasProbes(chunk[b*filterBlock%filterChunk:], hash), nil
	}
	all, err := f.all()
	if err != nil {
		return false, err
	}
	return hasProbes(all[b*filterBlock:], hash), nil
}

// chunk reads one chunk.
func (f *filter) chunk(buffer []byte, i uint64) ([]byte, error) {
	n := min(f.blocks*filterBlock-i*filterChunk, filterChunk)
	chunk, err := f.file.read(buffer, f.offset+int64(i)*(filterChunk+sumLen), int(n))
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	return chunk, nil
}

// all returns the whole filter, and keeps it. A failed load is tried again by the next.
func (f *filter) all() ([]byte, error) {
	f.load.Lock()
	defer f.load.Unlock()
	if all := f.loaded.Load(); all != nil {
		return *all, nil
	}
	all := make([]byte, 0, f.blocks*filterBlock)
	buffer := make([]byte, filterChunk+sumLen)
	for i := uint64(0); uint64(len(all)) < f.blocks*filterBlock; i++ {
		chunk, err := f.chunk(buffer, i)
		if err != nil {
			return nil, err
		}
		all = append(all, chunk...)
	}
	f.loaded.Store(&all)
	return all, nil
}
