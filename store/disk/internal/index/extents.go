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
	n    uint64
}

func (w *extentsWriter) add(e extent) {
	w.page = binary.LittleEndian.AppendUint64(w.page, uint64(e.length)<<40|uint64(e.offset))
	w.n++
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
		raw, err := x.file.read(x.buffer, x.offset+int64(page)*pageLen, int(n)*extentLen)
		if err != nil {
			x.page = 0
			return extent{}, err
		}
		x.page, x.raw, x.buffer = page+1, raw, raw
	}
	v := binary.LittleEndian.Uint64(x.raw[i%extentsPerPage*extentLen:])
	return extent{offset: int64(v & maxExtentAt), length: int(v >> 40)}, nil
}
