package index

import (
	"unsafe"

	"github.com/gestadb/gesta/store"
)

// namesPerBlock is the number of names in a block of a section of names, the last one may have fewer.
const namesPerBlock = 16

func nameBlocks(names uint64) uint64 { return (names + namesPerBlock - 1) / namesPerBlock }

// streamState is what a section of streams keeps of a stream.
type streamState struct {
	version    uint64 // the last one
	events     uint64 // of the stream in the range
	last       store.Position
	recordedAt int64 // of the last event
}

// origin is what the numbers of a section of streams are relative to.
type origin struct {
	position   store.Position
	recordedAt int64
}

func (o origin) values(s *streamState) [4]uint64 {
	return [4]uint64{s.version, s.events, uint64(s.last - o.position), uint64(s.recordedAt - o.recordedAt)}
}

func (o origin) state(v []uint64) streamState {
	return streamState{version: v[0], events: v[1], last: o.position + store.Position(v[2]), recordedAt: o.recordedAt + int64(v[3])}
}

// nameWriter writes a section of names, in byte order, each with the same number of values; after the blocks come their extents. In memory it has eight
// bytes for each block.
type nameWriter struct {
	sink    *sink
	section section // the blocks, once they are ended
	extents section
	names   uint64

	block   []byte
	inBlock int
	before  []byte   // the name before
	blocks  []uint64 // their extents, encoded
}

func newNameWriter(s *sink) *nameWriter {
	return &nameWriter{sink: s, section: section{offset: s.offset()}}
}

// add appends a name, which is above the one before it.
func (w *nameWriter) add(name string, values ...uint64) {
	w.addBytes(unsafe.Slice(unsafe.StringData(name), len(name)), values...)
}

// addBytes is add. The bytes are the caller's again when it returns.
func (w *nameWriter) addBytes(name []byte, values ...uint64) {
	if w.inBlock == namesPerBlock {
		w.endBlock()
	}
	shared := 0
	if w.inBlock > 0 {
		shared = sharedBytes(name, w.before, 0)
	}
	w.block = appendUvarint(w.block, uint64(shared))
	w.block = appendUvarint(w.block, uint64(len(name)-shared))
	w.block = append(w.block, name[shared:]...)
	for _, v := range values {
		w.block = appendUvarint(w.block, v)
	}
	w.before = append(w.before[:0], name...)
	w.inBlock++
	w.names++
}

func (w *nameWriter) endBlock() {
	if w.inBlock > 0 {
		w.blocks = append(w.blocks, extent{w.sink.block(w.block), len(w.block)}.encoded())
		w.block, w.inBlock = w.block[:0], 0
	}
}

// end writes the last block and the extents.
func (w *nameWriter) end() {
	w.endBlock()
	w.section.length = w.sink.offset() - w.section.offset
	w.extents.offset = w.sink.offset()
	x := extentsWriter{sink: w.sink}
	for _, e := range w.blocks {
		x.add(e)
	}
	x.end()
	w.extents.length = w.sink.offset() - w.extents.offset
}
