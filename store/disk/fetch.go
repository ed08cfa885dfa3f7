package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// fetcher reads events from their places and verifies each. It is used by one goroutine, and closed
// after a bounded number of events.
type fetcher struct {
	s    *Store
	slab slab // of what was read

	seg   mappedSegment
	own   bool            // seg is given back by the fetcher, and not by who filled held
	held  []mappedSegment // in use by the batch that the fetcher belongs to
	plain bool            // mappings are not used: a page of one could not be read

	window []byte // of seg, behind what is mapped
	from   int64  // its offset

	frame frameFacts     // the one read last
	p     store.Position // of the event that is being read
}

// frameFacts are what the events of a frame have in common.
type frameFacts struct {
	segment.FrameHeader
	at         index.Place // 0 for none
	recordedAt time.Time
	tracking   *store.Tracking
}

const (
	windowBytes = 1024
	windowLead  = 256      // what a window has before what was asked for: the frame's header, mostly
	windowMax   = 64 << 10 // of reads that go on where the one before ended
)

// close gives the segment back and forgets what was read, but for the memory of the window and of the slab.
func (f *fetcher) close() {
	if f.own {
		f.s.segs.release(f.seg.segmentFile)
	}
	f.seg, f.own = mappedSegment{}, false
	f.window, f.frame = f.window[:0], frameFacts{}
}

// event reads the event at a place, which has position p. Without payload, data and metadata are left empty and whether
// they were erased is not looked at.
func (f *fetcher) event(at index.Place, p store.Position, payload bool) (store.Recorded, error) {
	var rec segment.Record
	if err := f.record(&rec, at, p, payload); err != nil {
		return store.Recorded{}, err
	}
	var erased store.Position
	if payload {
		var err error
		if erased, err = f.s.erased(&rec, p); err != nil {
			return store.Recorded{}, err
		}
	}
	return f.slab.recorded(&rec, &f.frame, erased, 0), nil
}

// guarded calls read, and calls it again without mappings when a page of one cannot be read: reading the file says what is wrong.
func (f *fetcher) guarded(read func() error) error {
	err := vfs.Guard(read)
	if err == nil || !errors.Is(err, vfs.ErrFault) {
		return err
	}
	f.plain = true
	f.close()
	defer func() { f.plain = false }()
	return read()
}

// record reads a record, into memory of its own, and the header of its frame.
func (f *fetcher) record(rec *segment.Record, at index.Place, p store.Position, payload bool) error {
	var b []byte
	err := f.guarded(func() (err error) {
		b, err = f.copied(at, p, payload, 0)
		return err
	})
	if err == nil {
		err = f.s.decode(rec, b, &f.frame, at, p, payload)
	}
	return err
}

// copied returns a copy of the record at a place, or of its envelope, and reads the header of its frame. It is to be called in guarded;
// the record is not verified yet. About as many are to follow as more says.
func (f *fetcher) copied(at index.Place, p store.Position, payload bool, more int) ([]byte, error) {
	f.p = p
	if err := f.open(at.Segment(), p); err != nil {
		return nil, err
	}
	b, err := f.whole(int64(at.Offset()), payload)
	if err != nil {
		return nil, f.s.placed(err, at, p)
	}
	own := f.slab.take(len(b), more)
	copy(own, b)
	back := uint64(0)
	if o, ok := segment.Peek(own); ok {
		back = o.Back
	}
	if err := f.readFrame(at, back); err != nil {
		var rec segment.Record
		if bad := rec.Decode(own); bad != nil { // then there may be nothing wrong with the frame
			err = bad
		}
		return nil, f.s.placed(err, at, p)
	}
	return own, nil
}

// decode verifies a record that copied has returned, and its place in the frame.
func (s *Store) decode(rec *segment.Record, b []byte, f *frameFacts, at index.Place, p store.Position, payload bool) error {
	err := rec.Decode(b)
	if err == nil && payload {
		err = setSlot(rec, b)
	}
	if err == nil && f.First+store.Position(rec.Ordinal) != p {
		err = fmt.Errorf("%w: the event here has position %d", segment.ErrBad, f.First+store.Position(rec.Ordinal))
	}
	if err == nil && uint64(at) != uint64(f.at)+rec.Back {
		err = fmt.Errorf("%w: the event is %d bytes from a frame, not %d", segment.ErrBad, at-f.at, rec.Back)
	}
	rec.At = at
	return s.placed(err, at, p)
}

// setSlot gives a decoded record its slot, which stands in b behind the envelope.
func setSlot(rec *segment.Record, b []byte) error {
	if rec.Size() > len(b) {
		return fmt.Errorf("%w: the event is cut off", segment.ErrBad)
	}
	rec.Slot = b[rec.EnvelopeLen:rec.Size()]
	return nil
}

// whole returns the bytes of the record at an offset, or those of its envelope, as the record itself says that it is long. They
// are valid until the next call of bytes. Where a record that says nothing of use ends is left to who decodes it.
func (f *fetcher) whole(off int64, payload bool) ([]byte, error) {
	const lengths = 6
	b, err := f.bytes(off, lengths)
	if err != nil {
		return nil, err
	}
	n := int(b[4]) | int(b[5])<<8
	if n < lengths {
		return b, nil
	}
	if b, err = f.bytes(off, n); err != nil || !payload {
		return b, err
	}
	if o, ok := segment.Peek(b); ok {
		if record, err := f.bytes(off, o.Size()); err == nil || !errors.Is(err, segment.ErrBad) {
			return record, err
		}
		return f.bytes(off, n) // its checksum decides whether the length is wrong, or the slot is cut off
	}
	return b, nil
}

// open makes a segment the current one.
func (f *fetcher) open(number uint32, p store.Position) error {
	if f.seg.segmentFile != nil && f.seg.number == number {
		return nil
	}
	f.close()
	for _, seg := range f.held {
		if seg.number == number {
			f.seg = seg
			f.maybePlain()
			return nil
		}
	}
	seg, err := f.s.openMapped(number, p)
	if err != nil {
		return err
	}
	f.seg, f.own = seg, true
	f.maybePlain()
	return nil
}

func (f *fetcher) maybePlain() {
	if f.plain {
		f.seg.raw = nil
	}
}

// errDropped says that a segment was truncated away although nothing in it is wanted any more.
var errDropped = errors.New("the segment was dropped")

// mappable returns the place before which the log may be mapped: none while the store is being recovered, or only checked.
func (s *Store) mappable() index.Place {
	if s.tip == nil || s.w == nil && s.f == nil {
		return 0
	}
	return s.tip.get().end.Next
}

// openMapped is openSegment, mapped where that can be.
func (s *Store) openMapped(number uint32, p store.Position) (mappedSegment, error) {
	seg, err := s.segs.acquireMapped(number, s.mappable())
	if err != nil {
		return seg, s.notOpened(err, number, p)
	}
	return seg, nil
}

// openSegment opens a segment for reading; p is a position in it that is wanted.
func (s *Store) openSegment(number uint32, p store.Position) (*segmentFile, error) {
	seg, err := s.segs.acquire(number)
	if err != nil {
		return nil, s.notOpened(err, number, p)
	}
	return seg, nil
}

// notOpened says what it means that a segment could not be opened.
func (s *Store) notOpened(err error, number uint32, p store.Position) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.rereadHeads(); err != nil {
		return err
	}
	if first := s.first(); p < first {
		return &store.TruncatedError{First: first}
	}
	if number < s.base().Next.Segment() {
		return errDropped
	}
	return &store.DamagedError{File: segmentName(number), Position: p, Problem: "the segment is missing"}
}

// readFrame reads the header and tracking of the frame that begins back bytes before an event of the current segment, and verifies its key.
func (f *fetcher) readFrame(event index.Place, back uint64) error {
	if back < segment.FrameHeaderSize || back+segment.HeaderSize > uint64(event.Offset()) {
		return fmt.Errorf("%w: the event is before its frame", segment.ErrBad)
	}
	at := event - index.Place(back)
	if f.frame.at == at {
		return nil
	}
	f.frame.at = 0
	off := int64(at.Offset())
	b, err := f.bytes(off, segment.FrameHeaderSize)
	if err != nil {
		return err
	}
	h, err := segment.DecodeFrameHeader(b, &f.s.man.id, at)
	if err != nil {
		return err
	}
	f.frame = frameFacts{FrameHeader: h, recordedAt: fromMicros(h.RecordedAt)}
	if h.Flags&(segment.FlagKey|segment.FlagTracking) != 0 {
		head, err := f.head(off)
		if err != nil {
			return err
		}
		f.frame.tracking = head.Tracking()
	}
	f.frame.at = at
	return nil
}

// head returns what stands before the records of the current frame, which is at an offset. It is valid until the next call of bytes.
func (f *fetcher) head(off int64) (segment.Head, error) {
	b, err := f.bytes(off, segment.FrameHeaderSize+min(segment.MaxPrefix, int(f.frame.BodyLen)))
	if err != nil {
		return segment.Head{}, err
	}
	fr := segment.Frame{FrameHeader: f.frame.FrameHeader, Body: b[segment.FrameHeaderSize:]}
	return fr.Head()
}

// bytes returns n bytes of the current segment from an offset on; they are valid until the next call.
func (f *fetcher) bytes(off int64, n int) ([]byte, error) {
	if off+int64(n) <= int64(len(f.seg.raw)) {
		return f.seg.raw[off:][:n], nil
	}
	if off >= f.from && off+int64(n) <= f.from+int64(len(f.window)) {
		return f.window[off-f.from:][:n], nil
	}
	return f.read(off, n)
}

var errCutOff = fmt.Errorf("%w: cut off", segment.ErrBad)

// read is bytes with a new window. One that follows the window before is longer.
func (f *fetcher) read(off int64, n int) ([]byte, error) {
	from, size := max(0, off-windowLead), windowBytes
	if end := f.from + int64(len(f.window)); len(f.window) > 0 && off >= f.from && off <= end {
		from, size = off, min(2*len(f.window), windowMax)
	}
	size = max(size, int(off-from)+n)
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
		return nil, errCutOff
	}
	return nil, unread(err, index.MakePlace(f.seg.number, uint32(off)), f.p)
}

// unread names the place of an error of the file system.
func unread(err error, at index.Place, p store.Position) error {
	return fmt.Errorf("read %s at %d, for position %d: %w", segmentName(at.Segment()), at.Offset(), p, err)
}

// placed turns an error about bytes in the log into one that names them.
func (s *Store) placed(err error, at index.Place, p store.Position) error {
	if errors.Is(err, segment.ErrBad) {
		return &store.DamagedError{File: segmentName(at.Segment()), Offset: int64(at.Offset()), Position: p, Problem: err.Error()}
	}
	return err
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
func (s *Store) keyAt(src index.Source, p store.Position) (key string, err error) {
	f := fetcher{s: s}
	defer f.close()
	at, err := placeOf(src, p)
	if err != nil {
		return "", err
	}
	var b []byte
	var frame frameFacts
	err = f.guarded(func() (err error) {
		if b, err = f.copied(at, p, false, 0); err != nil {
			return err
		}
		frame = f.frame
		head, err := f.head(int64(frame.at.Offset()))
		key = string(head.Key)
		return f.s.placed(err, frame.at, p)
	})
	if err != nil {
		return "", err
	}
	var rec segment.Record
	if err := f.s.decode(&rec, b, &frame, at, p, false); err != nil {
		return "", err
	}
	return key, nil
}

func placeOf(src index.Source, p store.Position) (index.Place, error) {
	var one [1]index.Place
	places, err := src.Places(one[:0], []store.Position{p})
	if err != nil {
		return 0, err
	}
	return places[0], nil
}
