package index

import "math/bits"

// The filter is a blocked Bloom filter over the hashes of the terms: it says of most terms that are not in the file that they are not. The block of
// a hash rises with the hash, so that a file is written, and merged, with one chunk of the filter in memory.
const (
	filterBits      = 12 // bits for each term
	filterProbes    = 6
	filterBlock     = 64               // bytes: one line of the processor's cache
	filterChunk     = 64 * filterBlock // bytes with one checksum
	filterInMemory  = 64 << 20         // bytes: larger filters stay on disk
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

// hasProbes looks at all bits whatever the first ones are: which of them is missing cannot be predicted, and costs more than it saves.
func hasProbes(block []byte, hash uint64) bool {
	b := (*[filterBlock]byte)(block)
	x := probes(hash)
	has := byte(1)
	for range filterProbes {
		has &= b[x>>3&63] >> (x & 7)
		x >>= 9
	}
	return has != 0
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
