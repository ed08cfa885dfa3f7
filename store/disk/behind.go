package disk

import (
	"errors"
	"fmt"
	"io"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// checkBehind tells a torn end from damage: it looks for a frame behind the end that was written when the end had
// been synced.
func (rp *replay) checkBehind() error {
	x := rp.end.Next
	first := rp.numbers[0]
	if x.Offset() == 0 && x.Segment() == first {
		return rp.damage("the header of the first segment is not valid")
	}
	for n := x.Segment(); n <= rp.lastNumber(); n++ {
		from := int64(segment.HeaderSize)
		if n == x.Segment() {
			from = max(from, int64(x.Offset())+segment.Align)
		}
		found, err := rp.s.provesDurable(n, from, x, rp.sizes)
		if err != nil {
			return err
		}
		if found != 0 {
			return rp.damage(fmt.Sprintf("%v; a later frame, in %s at offset %d, was written when this was durable", rp.why, segmentName(found.Segment()), found.Offset()))
		}
	}
	return nil
}

func (rp *replay) damage(problem string) error {
	return &store.DamagedError{
		File: segmentName(rp.end.Next.Segment()), Offset: int64(rp.end.Next.Offset()),
		Position: rp.end.Position + 1, Problem: problem,
	}
}

// provesDurable returns the place of the first frame at or behind an offset of a segment that says durable beyond x, 0
// for none. Sizes, unless nil, say how far to look.
func (s *Store) provesDurable(number uint32, from int64, x index.Place, sizes map[uint32]int64) (index.Place, error) {
	seg, err := s.openSegment(number, store.Position(0))
	if err != nil {
		return 0, err
	}
	defer s.segs.release(seg)
	size, err := seg.Size()
	if err != nil {
		return 0, err
	}
	if known, ok := sizes[number]; ok {
		size = min(size, known)
	}
	var found index.Place
	err = s.eachHeader(seg, from, size, func(at index.Place, h *segment.FrameHeader) bool {
		if h.Durable > x {
			found = at
		}
		return found == 0
	})
	return found, err
}

// eachHeader calls visit for each good frame header at a multiple of 8 in [from, size), until it returns false.
func (s *Store) eachHeader(seg *segmentFile, from, size int64, visit func(at index.Place, h *segment.FrameHeader) bool) error {
	const step = 1 << 20
	buf := make([]byte, min(step, max(size-from, 0))+segment.FrameHeaderSize)
	for off := from; off < size; off += step {
		n, err := seg.ReadAt(buf[:min(int64(len(buf)), size-off)], off)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read %s: %w", segmentName(seg.number), err)
		}
		for i := 0; i < step && i+segment.FrameHeaderSize <= n; i += segment.Align {
			if !segment.MayBeFrame(buf[i:]) {
				continue
			}
			at := index.MakePlace(seg.number, uint32(off)+uint32(i))
			h, err := segment.DecodeFrameHeader(buf[i:n], &s.man.id, at)
			if err == nil && !visit(at, &h) {
				return nil
			}
		}
	}
	return nil
}
