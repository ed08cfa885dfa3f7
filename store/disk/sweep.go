package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// sweep is a place in the log where a read of all events goes on. It reads the log from front to back in chunks, which the events then share: what is
// read is not copied again.
type sweep struct {
	s    *Store
	next index.Place // of a frame; 0 when it has to be found

	after, until store.Position // what is wanted still
	end          index.Place    // of what may be read
	into         *swath         // that is being filled

	frame   frameFacts    // of which not all records have been read; none where at is 0
	record  int64         // offset of the next record in the segment
	ordinal uint32        // of that record
	total   segment.Total // of the records before it

	chunk  []byte // of the segment that next is in; it is not written again
	from   int64  // its offset
	number uint32 // of that segment
	asked  int64  // up to where in it the disk was asked for more than the chunk
	limit  int64  // offset in it that is not read beyond
	step   int    // how long the chunk was to be at the least, if there was that much
}

const (
	firstStep = 8 << 10
	maxStep   = 256 << 10 // of those who do not hand out what they read
)

// errFull says that a swath has all that it may have.
var errFull = errors.New("the swath is full")

// sweepAll yields all events in (after, until], oldest first.
func (r *reading) sweepAll(after, until store.Position) error {
	w := &r.sweep
	if w.next == 0 {
		at, err := r.firstFrame(after, until)
		if at == 0 || err != nil {
			return err
		}
		w.next = at
	}
	w.after, w.until, w.end = after, until, r.s.tip.get().end.Next
	for {
		h := &r.swath
		h.begin(r.left())
		r.fillSwath(h)
		if err := r.hand(h); err != nil {
			return err
		}
		if h.over {
			return h.err
		}
	}
}

// left returns how many events are still to be yielded at the most.
func (r *reading) left() int {
	if r.o.Limit > 0 {
		return r.o.Limit - r.yielded
	}
	return math.MaxInt
}

// firstFrame is frameOf for who is not a user of the store.
func (r *reading) firstFrame(after, until store.Position) (index.Place, error) {
	if err := r.s.users.enter(); err != nil {
		return 0, err
	}
	defer r.s.users.leave()
	return r.s.frameOf(after, until)
}

// hand yields the events of a swath.
func (r *reading) hand(h *swath) error {
	var e store.Recorded
	i := 0
	for n := range h.runs {
		run := &h.runs[n]
		if run.at < r.s.base().Next { // the segment was dropped since
			return &store.TruncatedError{First: r.s.first()}
		}
		e.Commit, e.RecordedAt, e.Tracking = run.first, fromMicros(run.recordedAt), run.tracking
		chunk := h.chunks[run.chunk]
		for ; i < run.end; i++ {
			if err := r.check(); err != nil {
				return err
			}
			it := &h.items[i]
			b := chunk[it.off:]
			e.Position = run.first + store.Position(it.Ordinal)
			erased, err := r.erasedSwept(it, b, run, e.Position)
			if err != nil {
				return err
			}
			r.found.f.slab.put(&e, &it.Layout, b, erased, len(h.items)-i-1)
			if r.yielded++; !r.yield(e, nil) || r.done() {
				return errStopped
			}
		}
	}
	return nil
}

// erasedSwept is Store.erased for an event of a swath, whose record begins with b, and for who is not a user of the store.
func (r *reading) erasedSwept(it *swathItem, b []byte, run *run, p store.Position) (store.Position, error) {
	if by := r.s.hiddenBy(p); by != 0 {
		return by, nil
	}
	state := it.CheckSlot(b)
	if state == segment.SlotWhole {
		return it.Erased(b), nil
	}
	if err := r.s.users.enter(); err != nil {
		return 0, err
	}
	defer r.s.users.leave()
	return r.s.notWhole(index.MakePlace(run.at.Segment(), uint32(run.from)+it.off), it.Envelope(), p, state)
}

// fillSwath fills a swath, which was begun, with what comes next. Only a swath that has nothing behind it may stay empty.
func (r *reading) fillSwath(h *swath) {
	w := &r.sweep
	w.into = h
	err := r.fillFrames()
	w.into = nil
	switch {
	case errors.Is(err, errFull):
	case err != nil:
		h.over, h.err = true, err
	default:
		h.over = true
	}
}

// fillFrames adds to the swath that is being filled until it is full, or there is nothing left in (after, until] and before the end of the sweep.
func (r *reading) fillFrames() error {
	w := &r.sweep
	for {
		if w.frame.at == 0 {
			if more, err := r.header(); !more {
				return err
			}
		}
		if err := w.records(); err != nil || w.after >= w.until {
			return err
		}
	}
}

// records adds the events in (after, until] of the current frame.
func (w *sweep) records() error {
	f := &w.frame
	after := w.after
	for w.ordinal < f.Events {
		p := f.First + store.Position(w.ordinal)
		if p > w.until {
			return nil
		}
		if w.into.full() {
			return errFull
		}
		it := w.into.item()
		if err := w.decode(it, p); err != nil {
			return w.s.placed(err, index.MakePlace(w.number, uint32(w.record)), p)
		}
		w.after = max(w.after, p)
		if p <= after {
			continue
		}
		if it.HasID() {
			it.WriteID(w.chunk[it.off:])
		}
		w.into.add(f, w.chunk, w.from)
	}
	if err := w.finish(); err != nil { // which reads nothing: all of the frame came with its last record
		return w.s.placed(err, f.at, f.First)
	}
	return nil
}

// header goes to the next frame that has something in (after, until]. It returns false where there is none before the end.
func (r *reading) header() (bool, error) {
	w := &r.sweep
	for w.next < w.end {
		if base := w.s.base().Next; w.next < base { // the segment was dropped
			if first := w.s.first(); w.after+1 < first {
				return false, &store.TruncatedError{First: first}
			}
			w.next = base
		}
		w.enter(w.next.Segment())
		if !w.has(int64(w.next.Offset()), segment.FrameHeaderSize) { // once a chunk, however many frames have nothing to yield
			if stop := r.check(); stop != nil {
				return false, stop
			}
		}
		h, err := w.readHeader()
		if errors.Is(err, errDropped) {
			continue
		}
		if err != nil {
			return false, w.s.placed(err, w.next, w.after+1)
		}
		if h.Events > 0 && h.First > w.until {
			return false, nil
		}
		if h.Events > 0 && h.Last() <= w.after {
			w.pass(&h, w.next)
			continue
		}
		err = w.begin(&h)
		if err == nil && h.Events > 0 {
			return true, nil
		}
		if err == nil {
			err = w.finish()
			w.frame.at = 0
		}
		if errors.Is(err, errDropped) {
			continue
		}
		if err != nil {
			return false, w.s.placed(err, w.next, h.First)
		}
	}
	return false, nil
}

// enter makes a segment the current one.
func (w *sweep) enter(number uint32) {
	if number != w.number {
		w.number, w.chunk, w.asked = number, nil, 0
	}
	w.limit = 1 << 32
	if number == w.end.Segment() {
		w.limit = int64(w.end.Offset())
	}
}

// readHeader reads the header of the next frame.
func (w *sweep) readHeader() (segment.FrameHeader, error) {
	b, err := w.need(int64(w.next.Offset()), segment.FrameHeaderSize)
	if err != nil {
		return segment.FrameHeader{}, err
	}
	return segment.DecodeFrameHeader(b, &w.s.man.id, w.next)
}

// begin makes the frame with a header the current one.
func (w *sweep) begin(h *segment.FrameHeader) error {
	off := int64(w.next.Offset())
	b, err := w.need(off, segment.FrameHeaderSize+min(segment.MaxPrefix, int(h.BodyLen)))
	if err != nil {
		return err
	}
	fr := segment.Frame{FrameHeader: *h, Body: b[segment.FrameHeaderSize:]}
	head, err := fr.Head()
	if err != nil {
		return err
	}
	w.total.Begin(fr.Body[:head.Len])
	w.frame = frameFacts{FrameHeader: *h, at: w.next, tracking: head.Tracking()}
	w.record, w.ordinal = off+segment.FrameHeaderSize+int64(head.Len), 0
	return nil
}

// decode verifies the next record of the frame, which has position p, and goes on behind it. With the last record the rest of the frame is read, if it is not
// there: once that record is handed out, the segment may be truncated away.
func (w *sweep) decode(it *swathItem, p store.Position) error {
	least := 6 // bytes, which say how long the record is
	if w.ordinal+1 == w.frame.Events {
		least = max(least, int(w.frameEnd()-w.record))
	}
	var b []byte
	for {
		b = w.chunk[w.record-w.from:]
		n := least
		if len(b) >= n {
			n = max(n, int(binary.LittleEndian.Uint16(b[4:])))
		}
		if n <= len(b) {
			if err := it.Decode(b); err != nil {
				return err
			}
			if n = it.Size(); n <= len(b) {
				break
			}
		}
		if err := w.read(w.record, n, p); err != nil {
			return err
		}
	}
	back := w.record - int64(w.frame.at.Offset())
	switch {
	case it.Ordinal != w.ordinal || int64(it.Back) != back:
		return fmt.Errorf("%w: record %d says that it is record %d at %d bytes from its frame", segment.ErrBad, w.ordinal, it.Ordinal, it.Back)
	case back+int64(it.Size()) > segment.FrameHeaderSize+int64(w.frame.BodyLen):
		return fmt.Errorf("%w: record %d is longer than its frame", segment.ErrBad, w.ordinal)
	}
	it.off = uint32(w.record - w.from)
	w.total.Add(b)
	w.record += int64(it.Size())
	w.ordinal++
	return nil
}

// frameEnd returns the offset behind the current frame.
func (w *sweep) frameEnd() int64 { return int64(w.frame.at.Offset()) + int64(w.frame.Size()) }

// finish verifies the end of the current frame and goes on behind it.
func (w *sweep) finish() error {
	f := &w.frame
	if left := int64(f.at.Offset()) + segment.FrameHeaderSize + int64(f.BodyLen) - w.record; left != 0 {
		return fmt.Errorf("%w: %d bytes after the last record", segment.ErrBad, left)
	}
	if err := w.total.Check(&f.FrameHeader); err != nil {
		return err
	}
	pad := int(w.frameEnd() - w.record)
	b, err := w.need(w.record, pad)
	if err != nil {
		return err
	}
	if !allZero(b[:pad]) {
		return fmt.Errorf("%w: padding of a frame is not zero", segment.ErrBad)
	}
	w.pass(&f.FrameHeader, f.at)
	return nil
}

// pass goes on behind a frame.
func (w *sweep) pass(h *segment.FrameHeader, at index.Place) {
	w.next, w.frame.at = after(at, h), 0
}

// has says whether n bytes of the segment are there from an offset on.
func (w *sweep) has(off int64, n int) bool {
	return off >= w.from && off+int64(n) <= w.from+int64(len(w.chunk))
}

// need returns the bytes of the segment that are there from an offset on, at least n.
func (w *sweep) need(off int64, n int) ([]byte, error) {
	if !w.has(off, n) {
		if err := w.read(off, n, w.after+1); err != nil {
			return nil, err
		}
	}
	return w.chunk[off-w.from:], nil
}

// read makes the chunk begin at an offset and have at least n bytes. P is a position that is wanted.
func (w *sweep) read(off int64, n int, p store.Position) error {
	if off+int64(n) > w.limit {
		return errCutOff
	}
	if w.into.read && len(w.into.items) > 0 {
		return errFull
	}
	if err := w.s.users.enter(); err != nil {
		return err
	}
	defer w.s.users.leave()
	seg, err := w.s.openMapped(w.number, p)
	if err != nil {
		return err
	}
	defer w.s.segs.release(seg.segmentFile)
	w.step = min(max(2*w.step, firstStep), slabBytes)
	w.into.read = true
	b := unzeroed(int(min(int64(max(n, w.step)), w.limit-off)))
	got, err := w.copy(b, &seg, off, n)
	w.chunk, w.from = b[:got:got], off
	if got >= n {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return errCutOff
	}
	return unread(err, index.MakePlace(w.number, uint32(off)), p)
}

// askAhead is how much of a mapping the disk is asked for at once, in bytes, ahead of what is copied.
const askAhead = 1 << 20

// copy fills b with the bytes of a segment from an offset on, at least n of them if they are there: out of its mapping where that has them, which takes no system
// call, else out of the file, which also says what is wrong with a mapped page.
func (w *sweep) copy(b []byte, seg *mappedSegment, off int64, n int) (got int, err error) {
	if off+int64(n) > int64(len(seg.raw)) {
		return seg.ReadAt(b, off)
	}
	if off+askAhead/2 > w.asked {
		ahead := min(askAhead, len(seg.raw)-int(off))
		seg.asked.fetch(seg.mapping, int(off), ahead)
		w.asked = off + int64(ahead)
	}
	err = vfs.Guard(func() error {
		got = copy(b, seg.raw[off:])
		return nil
	})
	if errors.Is(err, vfs.ErrFault) {
		return seg.ReadAt(b, off)
	}
	return got, err
}
