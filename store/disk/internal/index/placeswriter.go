package index

import (
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// placesPerBlock is the number of events in a block of places, the last one may have fewer.
const placesPerBlock = 256

const placesHeaderLen = prefixLen + 16 + 2*endLen + 8 + 8 + sumLen

// placesHeader is the header of a file of places.
type placesHeader struct {
	storeID    [16]byte
	start, end End
	events     uint64
	blocks     int64 // where the blocks end and their index begins
}

func (h *placesHeader) identity() identity {
	return newIdentity(magicPlaces, h.storeID, h.start.Position, h.end.Position)
}

func (h *placesHeader) encode() []byte {
	b := make([]byte, prefixLen, placesHeaderLen)
	b = append(b, h.storeID[:]...)
	b = appendEnd(appendEnd(b, h.start), h.end)
	b = le.AppendUint64(b, h.events)
	b = le.AppendUint64(b, uint64(h.blocks))
	return sealHeader(b, magicPlaces)
}

// writePlaces writes the places of a table, with at least one event, into an empty file.
func writePlaces(file vfs.File, t *Table, storeID [16]byte) error {
	f := t.freeze()
	h := placesHeader{storeID: storeID, start: f.start, end: f.end, events: uint64(f.events)}
	out := newSink(file, h.identity(), placesHeaderLen, sinkLen)
	var index, block []byte
	for n := uint32(0); n < f.events; n += placesPerBlock {
		block = f.appendPlaces(block[:0], n, min(f.events-n, placesPerBlock))
		index = le.AppendUint64(index, uint64(f.position(n)))
		at := out.block(block)
		index = le.AppendUint64(index, uint64(len(block))<<40|uint64(at))
	}
	h.blocks = out.offset()
	out.block(index)
	if err := out.finish(); err != nil {
		return err
	}
	_, err := file.WriteAt(h.encode(), 0)
	return err
}

// appendPlaces encodes a block of places: the number of runs of positions without holes, and of segments; for each run its length
// and the hole before it, for each segment the events in it and how far its number lies above the one before; and the offset of
// each event, 4 bytes each.
func (f *frozen) appendPlaces(b []byte, first, count uint32) []byte {
	var runs, segments []uint64
	var position store.Position
	segment := uint32(0)
	for n := first; n < first+count; n++ {
		p, s := f.position(n), f.place(n).Segment()
		switch {
		case n == first:
			runs = append(runs, 1, 0)
		case p == position+1:
			runs[len(runs)-2]++
		default:
			runs = append(runs, 1, uint64(p-position-1))
		}
		if n == first || s != segment {
			segments = append(segments, 0, uint64(s-segment))
		}
		segments[len(segments)-2]++
		position, segment = p, s
	}
	b = appendUvarint(b, uint64(len(runs)/2))
	b = appendUvarint(b, uint64(len(segments)/2))
	for _, v := range append(runs, segments...) {
		b = appendUvarint(b, v)
	}
	for n := first; n < first+count; n++ {
		b = le.AppendUint32(b, *f.offsets.at(n))
	}
	return b
}
