package segment

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/gestadb/gesta/store"
)

// FrameHeader is the header of a frame.
type FrameHeader struct {
	BodyLen    uint32
	First      store.Position // of the first event; without events, of the last event before the frame
	Events     uint32
	Flags      uint32
	RecordedAt int64 // microseconds since the Unix epoch
	Durable    Place // up to where the log was synced before the frame was written
	BodySum    uint32
	Sum        uint32 // checksum of the header; Put computes it
}

// Size returns the length of the frame with header and padding.
func (h *FrameHeader) Size() int { return Padded(FrameHeaderSize + int(h.BodyLen)) }

// Last returns the position of the last event at or before the end of the frame.
func (h *FrameHeader) Last() store.Position {
	if h.Events == 0 {
		return h.First
	}
	return h.First + store.Position(h.Events) - 1
}

// Empty says that the frame has neither events nor tracking.
func (h *FrameHeader) Empty() bool { return h.Events == 0 && h.Flags&FlagTracking == 0 }

// Put writes the header to b for a frame at a place of a store, and sets its checksum.
func (h *FrameHeader) Put(b []byte, id *StoreID, at Place) {
	le := binary.LittleEndian
	copy(b, frameMagic)
	le.PutUint32(b[4:], h.BodyLen)
	le.PutUint64(b[8:], uint64(h.First))
	le.PutUint32(b[16:], h.Events)
	le.PutUint32(b[20:], h.Flags)
	le.PutUint64(b[24:], uint64(h.RecordedAt))
	le.PutUint64(b[32:], uint64(h.Durable))
	le.PutUint32(b[40:], h.BodySum)
	h.Sum = headerSum(b, id, at)
	le.PutUint32(b[44:], h.Sum)
}

func headerSum(b []byte, id *StoreID, at Place) uint32 {
	sum := checksum(id[:])
	sum = sumUint32(sum, at.Segment())
	sum = sumUint32(sum, at.Offset())
	return crc32.Update(sum, castagnoli, b[:44])
}

// sumUint32 goes on with a checksum by the four bytes of n, the lowest first. It is for numbers that stand in no memory: what crc32.Update is given is
// allocated.
func sumUint32(sum, n uint32) uint32 {
	sum = ^sum
	for range 4 {
		sum = castagnoli[byte(sum)^byte(n)] ^ sum>>8
		n >>= 8
	}
	return ^sum
}

// MayBeFrame says whether b begins as a frame does, without looking further.
func MayBeFrame(b []byte) bool { return len(b) >= 4 && string(b[:4]) == frameMagic }

// DecodeFrameHeader reads the header of the frame at a place. It returns an error that is [ErrBad].
func DecodeFrameHeader(b []byte, id *StoreID, at Place) (FrameHeader, error) {
	var h FrameHeader
	if len(b) < FrameHeaderSize {
		return h, badf("frame header is cut off")
	}
	if string(b[:4]) != frameMagic {
		return h, badf("no frame header")
	}
	le := binary.LittleEndian
	h.Sum = le.Uint32(b[44:])
	if sum := headerSum(b, id, at); sum != h.Sum {
		return h, badf("frame header has checksum %08x, not %08x", sum, h.Sum)
	}
	h.BodyLen = le.Uint32(b[4:])
	h.First = store.Position(le.Uint64(b[8:]))
	h.Events = le.Uint32(b[16:])
	h.Flags = le.Uint32(b[20:])
	h.RecordedAt = int64(le.Uint64(b[24:]))
	h.Durable = Place(le.Uint64(b[32:]))
	h.BodySum = le.Uint32(b[40:])
	if h.Flags&^knownFlags != 0 || h.BodyLen > MaxBody || h.First > store.MaxPosition || h.Last() > store.MaxPosition {
		return h, badf("frame header has flags %#x, a body of %d bytes and last position %d", h.Flags, h.BodyLen, h.Last())
	}
	return h, nil
}

// Frame is a frame as it stands in a segment. Its body shares memory with the buffer that it was read into.
type Frame struct {
	FrameHeader
	At   Place
	Body []byte
}

// MaxPrefix is how many bytes of a body key, tracking and their checksum may take.
const MaxPrefix = 2*(store.MaxNameBytes+binary.MaxVarintLen16) + 8 + 4

// Prefix returns the key and the tracking of the commit and the body from its first record on; it needs no more of the
// body than MaxPrefix bytes. It returns an error that is [ErrBad].
func (f *Frame) Prefix() (key string, tracking *store.Tracking, records []byte, err error) {
	p, err := f.Head()
	if err != nil {
		return "", nil, nil, err
	}
	return string(p.Key), p.Tracking(), f.Body[p.Len:], nil
}

// Head is what stands in a body before its records. It shares memory with the body.
type Head struct {
	Key      []byte
	Source   []byte // what the commit tracks; nil without tracking
	Position uint64 // of the source
	Len      int    // bytes that all this takes, with its checksum
}

// Tracking returns the tracking in memory of its own, nil for none.
func (h *Head) Tracking() *store.Tracking {
	if h.Source == nil {
		return nil
	}
	return &store.Tracking{Source: string(h.Source), Position: h.Position}
}

// Head is Prefix without a copy.
func (f *Frame) Head() (Head, error) {
	var h Head
	if f.Flags&(FlagKey|FlagTracking) == 0 {
		return h, nil
	}
	b := f.Body
	if f.Flags&FlagKey != 0 {
		name, rest, ok := cutName(b)
		if !ok {
			return h, badf("key is cut off")
		}
		h.Key, b = name, rest
	}
	if f.Flags&FlagTracking != 0 {
		name, rest, ok := cutName(b)
		if !ok || len(rest) < 8 {
			return h, badf("tracking is cut off")
		}
		h.Source, h.Position = name, binary.LittleEndian.Uint64(rest)
		b = rest[8:]
	}
	n := len(f.Body) - len(b)
	if len(b) < 4 || binary.LittleEndian.Uint32(b) != checksum(f.Body[:n]) {
		return h, badf("checksum of key and tracking does not fit")
	}
	h.Len = n + 4
	return h, nil
}

// Total makes the body checksum of a frame, which covers its head and the checksum of each envelope, from record to record.
type Total struct {
	sum uint32
	n   int
	buf [256]byte // checksums that are not in sum yet
}

// Begin starts with the head of the frame, its first bytes.
func (t *Total) Begin(head []byte) { t.sum, t.n = checksum(head), 0 }

// Add goes on with the next record, which begins with the bytes of its envelope.
func (t *Total) Add(envelope []byte) {
	if t.n == len(t.buf) {
		t.sum, t.n = crc32.Update(t.sum, castagnoli, t.buf[:]), 0
	}
	binary.LittleEndian.PutUint32(t.buf[t.n:], binary.LittleEndian.Uint32(envelope))
	t.n += 4
}

// Check compares the sum with that of the frame. It returns an error that is [ErrBad].
func (t *Total) Check(h *FrameHeader) error {
	sum := crc32.Update(t.sum, castagnoli, t.buf[:t.n])
	if sum != h.BodySum {
		return badf("frame body has checksum %08x, not %08x", sum, h.BodySum)
	}
	return nil
}

// Records calls visit for each event record of the frame, with its place, and verifies their envelopes and the body checksum;
// the payload slots are left to visit. The record is only valid during the call. It returns an error that is [ErrBad], or
// that of visit.
func (f *Frame) Records(visit func(r *Record) error) error {
	h, err := f.Head()
	if err != nil {
		return err
	}
	var total Total
	total.Begin(f.Body[:h.Len])
	err = f.RecordsFrom(h.Len, 0, func(r *Record) error {
		total.Add(r.envelope)
		return visit(r)
	})
	if err != nil {
		return err
	}
	return total.Check(&f.FrameHeader)
}

// RecordsFrom is Records from a record on, which stands at an offset of the body; it verifies envelopes alone.
func (f *Frame) RecordsFrom(offset int, ordinal uint32, visit func(r *Record) error) error {
	b := f.Body[offset:]
	var r Record
	for i := ordinal; i < f.Events; i++ {
		back := FrameHeaderSize + len(f.Body) - len(b)
		if err := r.Decode(b); err != nil {
			return badf("record %d: %v", i, err)
		}
		if r.Ordinal != i || r.Back != uint64(back) || r.Size() > len(b) {
			return badf("record %d says that it is record %d at %d bytes from its frame", i, r.Ordinal, r.Back)
		}
		r.At = f.At + Place(back)
		r.Slot = b[r.EnvelopeLen:r.Size()]
		if err := visit(&r); err != nil {
			return err
		}
		b = b[r.Size():]
	}
	if len(b) != 0 {
		return badf("%d bytes after the last record", len(b))
	}
	return nil
}

// Verify checks all of the frame's body but what stands in payload slots that are zeros. It returns an error that is [ErrBad].
func (f *Frame) Verify() error {
	return f.Records(func(r *Record) error {
		if r.CheckSlot() == SlotBad {
			return badf("the payload of event %d does not have its checksum", r.Ordinal)
		}
		return nil
	})
}

func cutName(b []byte) (name, rest []byte, ok bool) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return nil, nil, false
	}
	return b[k : k+int(n)], b[k+int(n):], true
}
