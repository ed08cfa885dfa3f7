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

// spot is where a record begins in a mapping. It has no pointers: that would cost the garbage collector more than the rest costs.
type spot struct {
	held  int // which of the segments that are held has it; none below 0
	off   int
	frame int // where its frame begins
	size  int // of the record, all of which is in the mapping; 0 when these two are not known
}

const (
	line = 64 // bytes that memory brings at once

	// near bounds how many lines of a record are touched: what follows is read from front to back.
	near = 1024

	// slow is how long it takes at the least to read a page that is not in memory, and how long much else does not.
	slow = 20 * time.Microsecond

	// likely is how much of a record is asked for before its length is known, in bytes.
	likely = 384
)

// touch touches the records at some places of segments that are held, in the order of these, and returns how many bytes events of
// them take. The spots are those of the places, in their order, but for places of segments that are not held, and those behind them.
func (t *toucher) touch(segs *segments, held []mappedSegment, places []index.Place) int {
	if !t.find(held, places) {
		return 0
	}
	was := segs.cold.Load()
	cold := was
	fresh := t.ask(held, cold)
	began := segs.clock()
	sum := byte(0)
	for i := range t.spots {
		s := &t.spots[i]
		if s.held < 0 {
			continue
		}
		raw := held[s.held].raw
		first := raw[s.off:min(s.off+likely, len(raw))]
		for at := 0; at < len(first); at += line {
			sum += first[at]
		}
		if i == 0 && !cold && segs.clock()-began > slow {
			cold = true
			t.willNeed(held, t.spots[1:])
		}
	}
	if is := segs.clock()-began > slow; is != was && !fresh { // of what is fresh it is no news that it takes long
		segs.cold.Store(is)
	}
	t.sum += sum
	return t.rest(held, cold)
}

// find looks for the spots of places, and says whether there are any.
func (t *toucher) find(held []mappedSegment, places []index.Place) bool {
	t.spots = t.spots[:0]
	some := false
	i := 0
	for _, at := range places {
		for i < len(held) && held[i].number != at.Segment() {
			i++
		}
		if i == len(held) {
			break
		}
		s := spot{held: -1}
		if off := int(at.Offset()); off+line <= len(held[i].raw) {
			s, some = spot{held: i, off: off}, true
		}
		t.spots = append(t.spots, s)
	}
	return some
}

// ask has the disk begin to read the beginnings of the records whose pages were not asked for before, or of all if they are cold, before any of them is waited
// for. It says whether there were any of the first kind.
func (t *toucher) ask(held []mappedSegment, cold bool) bool {
	fresh := false
	for i := range t.spots {
		s := &t.spots[i]
		if s.held < 0 {
			continue
		}
		if seg := &held[s.held]; seg.asked.fetch(seg.mapping, s.off, likely) {
			fresh = true
		}
	}
	if cold && !fresh {
		t.willNeed(held, t.spots)
	}
	return fresh
}

// rest touches the headers of the frames and the rest of each record, in loops that do nothing else. What is not in memory is asked for first.
func (t *toucher) rest(held []mappedSegment, cold bool) int {
	size := t.outline(held)
	for i := range t.spots {
		s := &t.spots[i]
		if s.size == 0 {
			continue
		}
		seg := &held[s.held]
		if !seg.asked.fetch(seg.mapping, s.frame, segment.FrameHeaderSize) && cold && s.off-s.frame > likely {
			seg.mapping.Advise(s.frame, segment.FrameHeaderSize, vfs.WillNeed)
		}
	}
	sum := byte(0)
	for i := range t.spots {
		if s := &t.spots[i]; s.size > 0 {
			header := held[s.held].raw[s.frame:][:segment.FrameHeaderSize]
			sum += header[0] + header[segment.FrameHeaderSize-1]
		}
	}
	for i := range t.spots {
		s := &t.spots[i]
		for at := s.off + likely; at < s.off+min(s.size, near); at += line {
			sum += held[s.held].raw[at]
		}
	}
	t.sum += sum
	return size
}

// outline looks at the beginnings of the records for where their frames begin and how long they are, and returns how many bytes their events take.
func (t *toucher) outline(held []mappedSegment) int {
	size := 0
	for i := range t.spots {
		s := &t.spots[i]
		if s.held < 0 {
			continue
		}
		raw := held[s.held].raw
		o, ok := segment.Peek(raw[s.off:])
		if !ok || s.off+o.Size() > len(raw) || o.Back > uint64(s.off) || o.Back < segment.FrameHeaderSize {
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
func (t *toucher) willNeed(held []mappedSegment, spots []spot) {
	for i := range spots {
		if s := &spots[i]; s.held >= 0 {
			held[s.held].mapping.Advise(s.off, likely, vfs.WillNeed)
		}
	}
}

// now is the time since the program began. How long a touch takes is a matter of the machine, and no time that a store records.
func now() time.Duration { return time.Since(begun) } //nolint:forbidigo // see above

var begun = time.Now() //nolint:forbidigo // as in now
