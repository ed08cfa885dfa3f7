package disk

import (
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// activate makes the end that replay found the durable end of the log, and returns the segment open for appending.
func (s *Store) activate(rp *replay) (vfs.File, error) {
	x := rp.end.Next
	if err := s.removeAfter(rp, x.Segment()); err != nil {
		return nil, err
	}
	f, err := s.fs.OpenWrite(path.Join(s.dir, segmentName(x.Segment())))
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	switch {
	case x.Offset() == 0:
		if err = s.rewriteSegment(x.Segment() - 1); err == nil {
			err = s.renew(f, rp)
		}
	case rp.clean():
		err = rewrite(f, int64(rp.end.Last.Offset()), int64(x.Offset()))
	default:
		err = s.cut(f, rp)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("recover %s: %w", segmentName(x.Segment()), err), f.Close())
	}
	rp.table.SetEnd(rp.end)
	return f, nil
}

// clean says whether the log was closed: it ends in an empty frame with all before it durable, and nothing behind it.
func (rp *replay) clean() bool {
	return rp.end.Last != 0 && rp.last.Empty() && rp.last.Durable == rp.end.Last && rp.end.Last.Segment() == rp.end.Next.Segment() &&
		rp.size == int64(rp.end.Next.Offset()) && rp.end.Next.Segment() == rp.lastNumber()
}

// removeAfter removes the segments behind one, the highest first.
func (s *Store) removeAfter(rp *replay, number uint32) error {
	for n := rp.lastNumber(); n > number; n-- {
		s.segs.replaced(n)
		if err := s.removeSegment(n); err != nil {
			return err
		}
	}
	return nil
}

// cut ends the segment at x, writes what is before again, and then an empty frame.
func (s *Store) cut(f vfs.File, rp *replay) error {
	x := int64(rp.end.Next.Offset())
	if err := f.Truncate(x); err != nil {
		return err
	}
	if err := rewrite(f, 0, x); err != nil {
		return err
	}
	return s.cover(f, rp)
}

// renew makes the segment that follows a seal anew.
func (s *Store) renew(f vfs.File, rp *replay) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	number := rp.end.Next.Segment()
	h := segment.Header{
		StoreID: s.man.id, Number: number, Position: rp.end.Position,
		RecordedAt: rp.end.RecordedAt, Previous: rp.end.Checksum,
	}
	if _, err := f.WriteAt(h.Encode(), 0); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	rp.end.Next = index.MakePlace(number, segment.HeaderSize)
	return s.cover(f, rp)
}

// rewriteSegment writes a sealed segment again as it is read, and syncs it: the sync of its seal may never have come back.
func (s *Store) rewriteSegment(number uint32) error {
	f, err := s.fs.OpenWrite(path.Join(s.dir, segmentName(number)))
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err == nil {
		err = rewrite(f, 0, size)
	}
	return errors.Join(err, f.Close())
}

// cover writes an empty frame at the end, all before which is durable.
func (s *Store) cover(f vfs.File, rp *replay) error {
	h := segment.FrameHeader{First: rp.end.Position, RecordedAt: rp.end.RecordedAt, Durable: rp.end.Next}
	var b [segment.FrameHeaderSize]byte
	h.Put(b[:], &s.man.id, rp.end.Next)
	if _, err := f.WriteAt(b[:], int64(rp.end.Next.Offset())); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	rp.end.Last, rp.end.Checksum = rp.end.Next, h.Sum
	rp.end.Next += segment.FrameHeaderSize
	return nil
}

// rewrite writes bytes of a file again as they are read, and syncs: pages that look clean after a failed sync may not be on the disk.
func rewrite(f vfs.File, from, to int64) error {
	buf := make([]byte, min(to-from, 1<<20))
	for off := from; off < to; off += int64(len(buf)) {
		b := buf[:min(int64(len(buf)), to-off)]
		if n, err := f.ReadAt(b, off); n < len(b) {
			return errors.Join(io.ErrUnexpectedEOF, err)
		}
		if _, err := f.WriteAt(b, off); err != nil {
			return err
		}
	}
	return f.Sync()
}
