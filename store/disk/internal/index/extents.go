package index

import (
	"encoding/binary"
	"math"
)

// extent is where a block is. Its length is without the checksum.
type extent struct {
	offset int64
	length int
}

// encoded returns what a table has of an extent; none is 0.
func (e extent) encoded() uint64 { return uint64(e.length)<<40 | uint64(e.offset) }

// decodeExtent is the inverse of encoded.
func decodeExtent(v uint64) extent {
	return extent{offset: int64(v & maxExtentAt), length: int(v >> 40)}
}

// A table of extents is made of pages of extentsPerPage, 8 bytes each, the last page shorter: length << 40 | offset.
const (
	extentsPerPage = 64
	extentLen      = 8
	pageLen        = extentsPerPage*extentLen + sumLen
	maxExtentAt    = 1<<40 - 1
	maxExtentLen   = 1<<24 - 1
)

// extentsLen returns the length, in bytes, of a table of n extents.
func extentsLen(n uint64) int64 {
	if n > math.MaxInt64/pageLen {
		return math.MaxInt64
	}
	pages := (n + extentsPerPage - 1) / extentsPerPage
	return int64(n*extentLen + pages*sumLen)
}

// extentsWriter writes a table of extents.
type extentsWriter struct {
	sink *sink
	page []byte
}

// add appends an encoded extent.
func (w *extentsWriter) add(e uint64) {
	w.page = le.AppendUint64(w.page, e)
	if len(w.page) == extentsPerPage*extentLen {
		w.end()
	}
}

// end writes the last page.
func (w *extentsWriter) end() {
	if len(w.page) > 0 {
		w.sink.block(w.page)
		w.page = w.page[:0]
	}
}

// extents is a table of extents in a file. It keeps the page that was read last, and belongs to one goroutine.
type extents struct {
	file   *blockFile
	offset int64
	n      uint64

	page   uint64 // that raw holds, plus 1
	buffer []byte
	raw    []byte
}

// at returns extent i.
func (x *extents) at(i uint64) (extent, error) {
	page := i / extentsPerPage
	if x.page != page+1 {
		n := min(x.n-page*extentsPerPage, extentsPerPage)
		raw, err := x.file.view(&x.buffer, x.offset+int64(page)*pageLen, int(n)*extentLen)
		if err != nil {
			x.page = 0
			return extent{}, err
		}
		x.page, x.raw = page+1, raw
	}
	return extentIn(x.raw[i%extentsPerPage*extentLen:]), nil
}

// extentAt returns where extent i of a table that begins at an offset is.
func extentAt(offset int64, i uint64) int64 {
	return offset + int64(i/extentsPerPage)*pageLen + int64(i%extentsPerPage)*extentLen
}

// extentIn returns the extent that b begins with.
func extentIn(b []byte) extent {
	v := binary.LittleEndian.Uint64(b)
	return extent{offset: int64(v & maxExtentAt), length: int(v >> 40)}
}
