package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// sweep is a place in the log where a read of all events goes on. It reads the log from front to back in chunks, which the events then share: what is
// read is not copied again.
type sweep struct {
	s    *Store
	next index.Place // of a frame; 0 when it has to be found

	frame   frameFacts    // of which not all records have been read; none where at is 0
	record  int64         // offset of the next record in the segment
	ordinal uint32        // of that record
	total   segment.Total // of the records before it

	chunk  []byte // of the segment that next is in; it is not written again
	from   int64  // its offset
	number uint32 // of that segment
	limit  int64  // offset in it that is not read beyond
	step   int    // how long the chunk was to be at the least, if there was that much
}

const (
	firstStep = 8 << 10
	maxStep   = 256 << 10 // of those who do not hand out what they read
)

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
	end := r.s.tip.get().end.Next
	for {
		if w.frame.at == 0 {
			if more, err := r.header(after, until, end); !more {
				return err
			}
		}
		var err error
		if after, err = r.records(after, until); err != nil || after >= until {
			return err
		}
	}
}

// firstFrame is frameOf for who is not a user of the store.
func (r *reading) firstFrame(after, until store.Position) (index.Place, error) {
	if err := r.s.users.enter(); err != nil {
		return 0, err
	}
	defer r.s.users.leave()
	return r.s.frameOf(after, until)
}

// records yields the events in (after, until] of the current frame, and returns the last position of that.
func (r *reading) records(after, until store.Position) (store.Position, error) {
	w := &r.sweep
	f := &w.frame
	for w.ordinal < f.Events {
		p := f.First + store.Position(w.ordinal)
		if p > until {
			return until, nil
		}
		if stop := r.check(); stop != nil {
			return 0, stop
		}
		if err := w.decode(&r.rec, p); err != nil {
			return 0, w.s.placed(err, index.MakePlace(w.number, uint32(w.record)), p)
		}
		if p <= after {
			continue
		}
		erased, err := r.erased(p)
		if err != nil {
			return 0, err
		}
		more := min(int(f.Events-w.ordinal), maxBatch)
		if r.yielded++; !r.yield(r.found.f.slab.recorded(&r.rec, f, erased, more), nil) || r.done() {
			return 0, errStopped
		}
	}
	after = max(after, f.Last())
	if err := w.finish(after + 1); err != nil { // which reads nothing: all of the frame came with its last record
		return 0, w.s.placed(err, f.at, f.First)
	}
	return after, nil
}

// header goes to the next frame that has something in (after, until]. It returns false where there is none before end.
func (r *reading) header(after, until store.Position, end index.Place) (bool, error) {
	w := &r.sweep
	for w.next < end {
		if base := w.s.base().Next; w.next < base { // the segment was dropped
			if first := w.s.first(); after+1 < first {
				return false, &store.TruncatedError{First: first}
			}
			w.next = base
		}
		w.enter(w.next.Segment(), end)
		if !w.has(int64(w.next.Offset()), segment.FrameHeaderSize) { // once a chunk, however many frames have nothing to yield
			if stop := r.check(); stop != nil {
				return false, stop
			}
		}
		h, err := w.readHeader(after + 1)
		if errors.Is(err, errDropped) {
			continue
		}
		if err != nil {
			return false, w.s.placed(err, w.next, after+1)
		}
		if h.Events > 0 && h.First > until {
			return false, nil
		}
		if h.Events > 0 && h.Last() <= after {
			w.pass(&h, w.next)
			continue
		}
		err = w.begin(&h, after+1)
		if err == nil && h.Events > 0 {
			return true, nil
		}
		if err == nil {
			err = w.finish(after + 1)
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

// enter makes a segment the current one, of which what is before end may be read.
func (w *sweep) enter(number uint32, end index.Place) {
	if number != w.number {
		w.number, w.chunk = number, nil
	}
	w.limit = 1 << 32
	if number == end.Segment() {
		w.limit = int64(end.Offset())
	}
}

// readHeader reads the header of the next frame. P is a position that is wanted, as in what follows.
func (w *sweep) readHeader(p store.Position) (segment.FrameHeader, error) {
	b, err := w.need(int64(w.next.Offset()), segment.FrameHeaderSize, p)
	if err != nil {
		return segment.FrameHeader{}, err
	}
	return segment.DecodeFrameHeader(b, &w.s.man.id, w.next)
}

// begin makes the frame with a header the current one.
func (w *sweep) begin(h *segment.FrameHeader, p store.Position) error {
	off := int64(w.next.Offset())
	f := frameFacts{FrameHeader: *h, at: w.next, recordedAt: fromMicros(h.RecordedAt)}
	b, err := w.need(off, segment.FrameHeaderSize+min(segment.MaxPrefix, int(h.BodyLen)), p)
	if err != nil {
		return err
	}
	fr := segment.Frame{FrameHeader: *h, Body: b[segment.FrameHeaderSize:]}
	head, err := fr.Head()
	if err != nil {
		return err
	}
	f.tracking = head.Tracking()
	w.total.Begin(fr.Body[:head.Len])
	w.frame, w.record, w.ordinal = f, off+segment.FrameHeaderSize+int64(head.Len), 0
	return nil
}

// decode verifies the next record of the frame, which has position p, and goes on behind it. With the last record the rest of the frame is read, if it is not
// there: once that record is handed out, the segment may be truncated away.
func (w *sweep) decode(rec *segment.Record, p store.Position) error {
	least := 6 // bytes, which say how long the record is
	if w.ordinal+1 == w.frame.Events {
		least = max(least, int(w.end()-w.record))
	}
	for {
		b := w.chunk[w.record-w.from:]
		n := least
		if len(b) >= n {
			n = max(n, int(binary.LittleEndian.Uint16(b[4:])))
		}
		if n <= len(b) {
			if err := rec.Decode(b); err != nil {
				return err
			}
			if n = rec.Size(); n <= len(b) {
				rec.Slot = b[rec.EnvelopeLen:n]
				break
			}
		}
		if err := w.read(w.record, n, p); err != nil {
			return err
		}
	}
	back := w.record - int64(w.frame.at.Offset())
	switch {
	case rec.Ordinal != w.ordinal || rec.Back != uint64(back):
		return fmt.Errorf("%w: record %d says that it is record %d at %d bytes from its frame", segment.ErrBad, w.ordinal, rec.Ordinal, rec.Back)
	case back+int64(rec.Size()) > segment.FrameHeaderSize+int64(w.frame.BodyLen):
		return fmt.Errorf("%w: record %d is longer than its frame", segment.ErrBad, w.ordinal)
	}
	rec.At = index.MakePlace(w.number, uint32(w.record))
	w.record += int64(rec.Size())
	w.ordinal++
	w.total.Add(rec)
	return nil
}

// end returns the offset behind the current frame.
func (w *sweep) end() int64 { return int64(w.frame.at.Offset()) + int64(w.frame.Size()) }

// finish verifies the end of the current frame and goes on behind it.
func (w *sweep) finish(p store.Position) error {
	f := &w.frame
	if left := int64(f.at.Offset()) + segment.FrameHeaderSize + int64(f.BodyLen) - w.record; left != 0 {
		return fmt.Errorf("%w: %d bytes after the last record", segment.ErrBad, left)
	}
	if err := w.total.Check(&f.FrameHeader); err != nil {
		return err
	}
	pad := int(w.end() - w.record)
	b, err := w.need(w.record, pad, p)
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

// need returns the bytes of the segment that are there from an offset on, at least n. P is a position that is wanted.
func (w *sweep) need(off int64, n int, p store.Position) ([]byte, error) {
	if !w.has(off, n) {
		if err := w.read(off, n, p); err != nil {
			return nil, err
		}
	}
	return w.chunk[off-w.from:], nil
}

// read makes the chunk begin at an offset and have at least n bytes.
func (w *sweep) read(off int64, n int, p store.Position) error {
	if off+int64(n) > w.limit {
		return errCutOff
	}
	if err := w.s.users.enter(); err != nil {
		return err
	}
	defer w.s.users.leave()
	file, err := w.s.openSegment(w.number, p)
	if err != nil {
		return err
	}
	defer w.s.segs.release(file)
	w.step = min(max(2*w.step, firstStep), slabBytes)
	b := unzeroed(int(min(int64(max(n, w.step)), w.limit-off)))
	got, err := file.ReadAt(b, off)
	w.chunk, w.from = b[:got:got], off
	if got >= n {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return errCutOff
	}
	return unread(err, index.MakePlace(w.number, uint32(off)), p)
}
