package disk

import (
	"errors"
	"fmt"
	"io"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// segment checks one segment and says whether the log goes on in the next one.
func (k *checker) segment(number uint32) (more bool, err error) {
	if err := k.ctx.Err(); err != nil {
		return false, err
	}
	if k.until != 0 && number > k.until.Segment() {
		return false, nil
	}
	k.report.Files++
	seg, err := k.s.openSegment(number, k.rp.end.Position+1)
	if errors.Is(err, store.ErrDamaged) || errors.Is(err, store.ErrTruncated) || errors.Is(err, errDropped) {
		return k.missing(number, err)
	}
	if err != nil {
		return false, err
	}
	defer k.s.segs.release(seg)
	size := k.rp.sizes[number]
	if k.until.Segment() == number && k.until != 0 {
		size = min(size, int64(k.until.Offset()))
	}
	if k.rp.end.Next.Segment() != number || k.rp.end.Next.Offset() != segment.HeaderSize {
		k.rp.end.Next, k.gap = index.MakePlace(number, segment.HeaderSize), true
	}
	if size > 0 {
		more, err := k.segmentHeader(seg)
		if err != nil || !more {
			return more, err
		}
	}
	return k.frames(seg, size)
}

// missing judges a segment that is not there any more: it was truncated meanwhile, or that is damage. It says whether to go on with the
// next one.
func (k *checker) missing(number uint32, damage error) (more bool, err error) {
	if err := k.s.openHeads(); err != nil {
		return false, err
	}
	base := k.s.base()
	if number >= base.Next.Segment() {
		k.damaged(damage)
		return false, nil
	}
	k.rp.end, k.gap = base, true
	return true, nil
}

// segmentHeader checks the header of a segment and says whether the log goes on behind it.
func (k *checker) segmentHeader(seg *segmentFile) (more bool, err error) {
	ok, err := k.rp.header(seg)
	if ok {
		return true, nil
	}
	bad := err == nil
	if bad {
		next := k.rp.end.Next
		k.rp.end.Next = index.MakePlace(seg.number, 0)
		if err = k.rp.checkBehind(); err == nil {
			return false, nil
		}
		k.rp.end.Next = next
	}
	if !errors.Is(err, store.ErrDamaged) {
		return false, err
	}
	if bad || !k.gap { // behind a gap the header cannot fit what is before it
		k.damaged(err)
	}
	k.gap = true
	return true, nil
}

// frames checks the frames of a segment and says whether there is a seal, or damage, behind which the log goes on.
func (k *checker) frames(seg *segmentFile, size int64) (more bool, err error) {
	w := segment.NewWalker(seg, k.s.man.id, k.rp.end.Next, size, maxStep)
	for {
		f, err := w.Next()
		if err == nil {
			done, err := k.goodHeader(seg, &f, size)
			if err != nil || done {
				return false, err
			}
			if f.Flags&segment.FlagSeal != 0 {
				return true, k.behindSeal(seg, w.At(), size)
			}
			continue
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, segment.ErrBad) {
			return false, fmt.Errorf("read %s: %w", segmentName(seg.number), err)
		}
		k.rp.end.Next, k.rp.why = w.At(), err
		next, err := k.skip(seg, size)
		if err != nil || next == 0 {
			return k.gap && seg.number < k.rp.lastNumber(), err
		}
		w = segment.NewWalker(seg, k.s.man.id, next, size, maxStep)
	}
}

// goodHeader checks a frame whose header is good. It says whether the log ends there because the rest of the frame is not, and nothing shows
// that it ever was.
func (k *checker) goodHeader(seg *segmentFile, f *segment.Frame, size int64) (end bool, err error) {
	if verifyErr := f.Verify(); verifyErr != nil {
		k.rp.end.Next, k.rp.why = f.At, verifyErr
		if err := k.rp.checkBehind(); err == nil || !errors.Is(err, store.ErrDamaged) {
			return err == nil, err
		}
		again := segment.NewWalker(seg, k.s.man.id, f.At, size, maxStep)
		if now, err := again.Next(); err == nil { // a writer was at it, and has finished it since
			f = &now
		}
	}
	return false, k.frame(f)
}

// skip judges a frame that is not good: the end of the log, or damage, behind which the check goes on at the next frame
// of the segment, if there is one.
func (k *checker) skip(seg *segmentFile, size int64) (index.Place, error) {
	err := k.rp.checkBehind()
	if err == nil {
		return 0, nil
	}
	if !errors.Is(err, store.ErrDamaged) {
		return 0, err
	}
	x := k.rp.end.Next
	again := segment.NewWalker(seg, k.s.man.id, x, size, maxStep)
	if _, err := again.Next(); err == nil { // a writer has just finished it
		return x, nil
	}
	k.damaged(err)
	k.gap = true
	return k.s.nextFrame(seg, int64(x.Offset())+segment.Align, size)
}

// nextFrame returns the place of the next good frame header at or behind an offset, 0 for none.
func (s *Store) nextFrame(seg *segmentFile, from, size int64) (index.Place, error) {
	var found index.Place
	err := s.eachHeader(seg, from, size, func(at index.Place, _ *segment.FrameHeader) bool {
		found = at
		return false
	})
	return found, err
}

// frame checks a frame whose header is good.
func (k *checker) frame(f *segment.Frame) error {
	if err := k.ctx.Err(); err != nil {
		return err
	}
	at := store.Problem{File: segmentName(f.At.Segment()), Offset: int64(f.At.Offset()), Position: f.First}
	if problem := k.rp.follows(f); problem != "" && !k.gap {
		at.Code, at.Message = "order", problem
		k.problem(at)
	}
	key, tracking, _, err := f.Prefix()
	if err == nil {
		err = f.Records(func(r *segment.Record) error { return k.record(f, r, key) })
	}
	if err != nil && !errors.Is(err, segment.ErrBad) {
		return err
	}
	if err != nil {
		at.Code, at.Message = "checksum", err.Error()
		k.problem(at)
		k.gap = true
	}
	if tracking != nil {
		if last := k.sources[tracking.Source]; tracking.Position <= last {
			at.Code, at.Message = "tracking", fmt.Sprintf("tracking of %q goes from %d to %d", tracking.Source, last, tracking.Position)
			k.problem(at)
		}
		k.sources[tracking.Source] = tracking.Position
		k.auditTracking(f, tracking)
	}
	k.rp.end = index.End{
		Position: f.Last(), Next: after(f.At, &f.FrameHeader), Last: f.At, Checksum: f.Sum, RecordedAt: f.RecordedAt,
	}
	return nil
}

// record checks an event.
func (k *checker) record(f *segment.Frame, r *segment.Record, key string) error {
	e := entryOf(r, f)
	if r.Ordinal == 0 {
		e.Key = key
	}
	k.report.Events++
	at := store.Problem{File: segmentName(f.At.Segment()), Offset: int64(r.At.Offset()), Position: e.Position}
	switch r.CheckSlot() {
	case segment.SlotBad:
		at.Code, at.Message = "checksum", "the payload does not have its checksum"
		k.problem(at)
	case segment.SlotWhole:
	case segment.SlotZeroed:
		k.zeroed[e.Position] = slotAt{at.File, at.Offset, f.At}
	}
	if target, ok := store.ErasedPosition(&store.Event{Stream: e.Stream, Type: e.Type, Tags: e.Tags}); ok {
		k.erased[target] = e.Position
	}
	if e.Stream != "" {
		last, seen := k.versions[e.Stream]
		if seen && e.Version != last+1 && !k.gap && !k.beforeHeads(e.Version, last) {
			at.Code, at.Message = "version", fmt.Sprintf("stream %q goes from version %d to %d", e.Stream, last, e.Version)
			k.problem(at)
		}
		k.versions[e.Stream] = e.Version
	}
	return k.auditEntry(&e)
}

// beforeHeads says whether a version may be one that the heads file already counts.
func (k *checker) beforeHeads(version, last uint64) bool {
	return k.s.heads.Load() != nil && version <= last
}

// behindSeal makes sure that there is nothing behind a seal.
func (k *checker) behindSeal(seg *segmentFile, at index.Place, size int64) error {
	buf := make([]byte, 64<<10)
	for off := int64(at.Offset()); off < size; {
		n, err := seg.ReadAt(buf[:min(int64(len(buf)), size-off)], off)
		for i, b := range buf[:n] {
			if b != 0 {
				k.problem(store.Problem{
					Code: "trailing", File: segmentName(seg.number), Offset: off + int64(i),
					Position: k.rp.end.Position + 1, Message: "there is something behind the seal",
				})
				return nil
			}
		}
		if off += int64(n); errors.Is(err, io.EOF) { // a writer has cut off since what it had filled ahead
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", segmentName(seg.number), err)
		}
	}
	return nil
}
