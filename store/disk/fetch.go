package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// fetcher reads events one by one from their places, and verifies each. It is used by one goroutine, and closed
// after a bounded number of events.
type fetcher struct {
	s   *Store
	seg *segmentFile

	window []byte // of seg
	from   int64  // its offset

	frame    segment.FrameHeader // the one read last
	frameAt  index.Place         // 0 before the first
	key      string
	tracking *store.Tracking
}

const (
	windowBytes = 4096
	windowLead  = 256 // what a window has before what was asked for: the frame's header, mostly
)

func (f *fetcher) close() {
	if f.seg != nil {
		f.s.segs.release(f.seg)
		f.seg = nil
	}
}

// event reads the event at a place, which has position p. Without payload, data and metadata are left empty and whether
// they were erased is not looked at.
func (f *fetcher) event(at index.Place, p store.Position, payload bool) (store.Recorded, error) {
	var rec segment.Record
	if err := f.record(&rec, at, p, payload); err != nil {
		return store.Recorded{}, err
	}
	r := store.Recorded{
		Event: rec.Event(), Position: p, Commit: f.frame.First, Version: rec.Version,
		RecordedAt: fromMicros(f.frame.RecordedAt), Tracking: f.tracking,
	}
	if !payload {
		return r, nil
	}
	return r, f.s.fillPayload(&r, &rec)
}

// record reads a record and the header of its frame.
func (f *fetcher) record(rec *segment.Record, at index.Place, p store.Position, payload bool) error {
	if err := f.open(at.Segment(), p); err != nil {
		return err
	}
	off := int64(at.Offset())
	b, err := f.bytes(off, 6)
	if err == nil {
		b, err = f.bytes(off, int(b[4])|int(b[5])<<8)
	}
	if err == nil {
		err = rec.Decode(b)
	}
	if err == nil {
		rec.At = at
		err = f.readFrame(at - index.Place(rec.Back))
	}
	if err == nil && f.frame.First+store.Position(rec.Ordinal) != p {
		err = fmt.Errorf("%w: the event here has position %d", segment.ErrBad, f.frame.First+store.Position(rec.Ordinal))
	}
	if err == nil {
		err = f.again(rec, off, payload)
	}
	return f.s.placed(err, at, p)
}

// again gets the bytes of a decoded record once more, because reading the frame may have moved the window, and with payload
// those of the slot too, as a copy.
func (f *fetcher) again(rec *segment.Record, off int64, payload bool) error {
	n := rec.EnvelopeLen
	if payload {
		n = rec.Size()
	}
	b, err := f.bytes(off, n)
	if err != nil {
		return err
	}
	rec.Rebase(b)
	if payload {
		rec.Slot = append([]byte(nil), b[rec.EnvelopeLen:]...)
	}
	return nil
}

// open makes a segment the current one.
func (f *fetcher) open(number uint32, p store.Position) error {
	if f.seg != nil && f.seg.number == number {
		return nil
	}
	f.close()
	f.window, f.frameAt = nil, 0
	seg, err := f.s.openSegment(number, p)
	f.seg = seg
	return err
}

// errDropped says that a segment was truncated away although nothing in it is wanted any more.
var errDropped = errors.New("the segment was dropped")

// openSegment opens a segment for reading; p is a position in it that is wanted.
func (s *Store) openSegment(number uint32, p store.Position) (*segmentFile, error) {
	seg, err := s.segs.acquire(number)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.rereadHeads(); err != nil {
			return nil, err
		}
		if first := s.first(); p < first {
			return nil, &store.TruncatedError{First: first}
		}
		if number < s.base().Next.Segment() {
			return nil, errDropped
		}
		return nil, &store.DamagedError{File: segmentName(number), Position: p, Problem: "the segment is missing"}
	}
	return seg, err
}

// readFrame reads the header, key and tracking of the frame at a place of the current segment.
func (f *fetcher) readFrame(at index.Place) error {
	if f.frameAt == at {
		return nil
	}
	f.frameAt = 0
	off := int64(at.Offset())
	if at.Segment() != f.seg.number || off < segment.HeaderSize {
		return fmt.Errorf("%w: the event is before its frame", segment.ErrBad)
	}
	b, err := f.bytes(off, segment.FrameHeaderSize)
	if err != nil {
		return err
	}
	if f.frame, err = segment.DecodeFrameHeader(b, &f.s.man.id, at); err != nil {
		return err
	}
	f.key, f.tracking = "", nil
	if f.frame.Flags&(segment.FlagKey|segment.FlagTracking) != 0 {
		if b, err = f.bytes(off, segment.FrameHeaderSize+min(segment.MaxPrefix, int(f.frame.BodyLen))); err != nil {
			return err
		}
		fr := segment.Frame{FrameHeader: f.frame, Body: b[segment.FrameHeaderSize:]}
		if f.key, f.tracking, _, err = fr.Prefix(); err != nil {
			return err
		}
	}
	f.frameAt = at
	return nil
}

// bytes returns n bytes of the current segment from an offset on; they are valid until the next call.
func (f *fetcher) bytes(off int64, n int) ([]byte, error) {
	if off >= f.from && off+int64(n) <= f.from+int64(len(f.window)) {
		return f.window[off-f.from:][:n], nil
	}
	from := max(0, off-windowLead)
	size := max(windowBytes, int(off-from)+n)
	if cap(f.window) < size {
		f.window = make([]byte, size)
	}
	f.window, f.from = f.window[:size], from
	got, err := f.seg.ReadAt(f.window, from)
	f.window = f.window[:got]
	if off+int64(n) <= from+int64(got) {
		return f.window[off-from:][:n], nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: cut off", segment.ErrBad)
	}
	return nil, fmt.Errorf("read segment: %w", err)
}

// placed turns an error about bytes in the log into one that names them.
func (s *Store) placed(err error, at index.Place, p store.Position) error {
	if errors.Is(err, segment.ErrBad) {
		return &store.DamagedError{File: segmentName(at.Segment()), Offset: int64(at.Offset()), Position: p, Problem: err.Error()}
	}
	return err
}

// fillPayload gives r its data and metadata, which share memory with the record's slot, or says what erased them.
func (s *Store) fillPayload(r *store.Recorded, rec *segment.Record) error {
	if by := s.erasures.by(r.Position); by != 0 && by <= s.tip.position() {
		r.Erased = by
		return nil
	}
	switch state := rec.CheckSlot(); {
	case state == segment.SlotWhole && rec.Erased != 0:
		r.Erased = rec.Erased
	case state == segment.SlotWhole:
		r.Data, r.Metadata = clipped(rec.Data()), clipped(rec.Metadata())
	case state == segment.SlotZeroed:
		by, err := s.erasedBy(r.Position)
		if err != nil {
			return err
		}
		if by == 0 {
			return s.damagedPayload(rec, r.Position, "the payload is zeros and no $erasure covers it")
		}
		r.Erased = by
	default:
		return s.damagedPayload(rec, r.Position, "the payload does not have its checksum")
	}
	return nil
}

func (s *Store) damagedPayload(rec *segment.Record, p store.Position, problem string) error {
	return &store.DamagedError{
		File: segmentName(rec.At.Segment()), Offset: int64(rec.At.Offset()) + int64(rec.EnvelopeLen),
		Position: p, Problem: problem,
	}
}

// clipped returns nil for nothing, and else b without room to append.
func clipped(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return slices.Clip(b)
}

// erasedBy looks for the $erasure of a position up to the visible head of this moment, 0 for none. A read-only store that does not
// find it looks at what the writer has done meanwhile.
func (s *Store) erasedBy(p store.Position) (store.Position, error) {
	by, err := s.findErasure(p)
	if err != nil || by != 0 || s.f == nil {
		return by, err
	}
	if err := s.f.refresh(s.f.awaitHead); err != nil {
		return 0, err
	}
	return s.findErasure(p)
}

func (s *Store) findErasure(p store.Position) (store.Position, error) {
	q := store.Query{{Stream: store.ErasureStream, Tags: []string{store.ErasesTag(p)}}}
	v := s.views.acquire()
	defer s.views.release(v)
	head := s.tip.position()
	for _, src := range slices.Backward(v.sources()) {
		r, err := s.lastIn(src, q, func(r *store.Recorded) bool {
			target, ok := store.ErasedPosition(&r.Event)
			return ok && target == p && r.Position <= head
		})
		if err != nil {
			return 0, err
		}
		if r != nil {
			s.erasures.found(p, r.Position)
			return r.Position, nil
		}
	}
	return 0, nil
}

// envelopeAt reads an event of a source without its payload.
func (s *Store) envelopeAt(src index.Source, p store.Position) (*store.Recorded, error) {
	f := fetcher{s: s}
	defer f.close()
	at, err := placeOf(src, p)
	if err != nil {
		return nil, err
	}
	r, err := f.event(at, p, false)
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// keyAt returns the key of the commit that the event at a position of a source belongs to.
func (s *Store) keyAt(src index.Source, p store.Position) (string, error) {
	f := fetcher{s: s}
	defer f.close()
	at, err := placeOf(src, p)
	if err != nil {
		return "", err
	}
	var rec segment.Record
	if err := f.record(&rec, at, p, false); err != nil {
		return "", err
	}
	return f.key, nil
}

func placeOf(src index.Source, p store.Position) (index.Place, error) {
	var one [1]index.Place
	places, err := src.Places(one[:0], []store.Position{p})
	if err != nil {
		return 0, err
	}
	return places[0], nil
}
