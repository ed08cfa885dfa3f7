package disk

import (
	"time"

	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// toucher brings mapped records near before they are decoded: all of them are asked for first, so that the waits for memory, or for the disk, overlap.
// It is a matter of time alone: what it leaves out is read all the same.
type toucher struct {
	spots []spot
	sum   byte // of what was touched, so that it is
}

// spot is where a record begins in a mapping.
type spot struct {
	raw   []byte
	off   int
	frame int // where its frame begins
	size  int // of the record; 0 when these two are not known
	seg   *mappedSegment
}

const (
	line = 64 // bytes that memory brings at once

	// near bounds how many lines of a record are touched: what follows is read from front to back.
	near = 1024

	// slow is how long it takes at the least to read a page that is not in memory, and how long much else does not.
	slow = 20 * time.Microsecond

	// likely is how much of a record is asked for before its length is known, in bytes.
	likely = 512
)

// touch touches the records at some places of segments that are held, in the order of these, and returns how many bytes events of
// them take.
func (t *toucher) touch(segs *segments, held []mappedSegment, places []index.Place) int {
	t.find(held, places)
	if len(t.spots) == 0 {
		return 0
	}
	was := segs.cold.Load()
	cold := was
	if cold {
		t.willNeed(t.spots)
	}
	began := segs.clock()
	for i := range t.spots {
		t.sum += t.spots[i].raw[t.spots[i].off]
		if i == 0 && !cold && segs.clock()-began > slow {
			cold = true
			t.willNeed(t.spots[1:])
		}
	}
	if is := segs.clock()-began > slow; is != was {
		segs.cold.Store(is)
	}
	return t.rest(cold)
}

// find looks for the spots of places. Those without a mapping have none.
func (t *toucher) find(held []mappedSegment, places []index.Place) {
	t.spots = t.spots[:0]
	i := 0
	for _, at := range places {
		for i < len(held) && held[i].number != at.Segment() {
			i++
		}
		if i == len(held) {
			return
		}
		if raw, off := held[i].raw, int(at.Offset()); off+line <= len(raw) {
			t.spots = append(t.spots, spot{raw: raw, off: off, seg: &held[i]})
		}
	}
}

// rest touches the headers of the frames and the rest of each record, in loops that do nothing else. With cold the frames are asked for first.
func (t *toucher) rest(cold bool) int {
	size := t.outline()
	for i := range t.spots {
		if s := &t.spots[i]; cold && s.size > 0 && s.off-s.frame > likely {
			s.seg.mapping.Advise(s.frame, segment.FrameHeaderSize, vfs.WillNeed)
		}
	}
	for i := range t.spots {
		s := &t.spots[i]
		t.sum += s.raw[s.frame] + s.raw[s.frame+segment.FrameHeaderSize-1]
	}
	for i := range t.spots {
		s := &t.spots[i]
		for at := s.off + line; at < s.off+min(s.size, near); at += line {
			t.sum += s.raw[at]
		}
	}
	return size
}

// outline looks at the beginnings of the records for where their frames begin and how long they are, and returns how many bytes their events take.
func (t *toucher) outline() int {
	size := 0
	for i := range t.spots {
		s := &t.spots[i]
		s.frame = s.off
		o, ok := segment.Peek(s.raw[s.off:])
		if !ok || s.off+o.Size() > len(s.raw) || o.Back > uint64(s.off) {
			continue
		}
		s.frame, s.size = s.off-int(o.Back), o.Size()
		if size += o.Size(); o.HasID {
			size += segment.IDBytes
		}
	}
	return size
}

// willNeed asks for the beginnings of records.
func (t *toucher) willNeed(spots []spot) {
	for _, s := range spots {
		s.seg.mapping.Advise(s.off, likely, vfs.WillNeed)
	}
}

// now is the time since the program began. How long a touch takes is a matter of the machine, and no time that a store records.
func now() time.Duration { return time.Since(begun) } //nolint:forbidigo // see above

var begun = time.Now() //nolint:forbidigo // as in now
