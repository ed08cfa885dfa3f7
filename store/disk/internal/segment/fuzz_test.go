package segment_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// FuzzWalker walks arbitrary bytes, and the same bytes with header checksums that fit.
func FuzzWalker(f *testing.F) {
	for seed := range uint64(8) {
		rnd := newRand(seed)
		f.Add(segmentOf(rnd, 1, []*written{randomCommit(rnd), randomCommit(rnd)})[segment.HeaderSize:], uint16(rnd.Uint32()))
	}
	f.Add([]byte("gfr1"), uint16(0))
	f.Fuzz(func(t *testing.T, frames []byte, step uint16) {
		b := append(make([]byte, segment.HeaderSize), frames...)
		walkAll(t, b, int(step))
		fit(b)
		walkAll(t, b, int(step))
	})
}

// fit gives each frame the header checksum that it needs, and each envelope where a frame says that there is one.
func fit(b []byte) {
	for off := segment.HeaderSize; off+segment.FrameHeaderSize <= len(b); {
		copy(b[off:], "gfr1")
		b[off+7], b[off+6] = 0, b[off+6]&1
		h := segment.FrameHeader{BodyLen: binary.LittleEndian.Uint32(b[off+4:])}
		end := min(off+h.Size(), len(b))
		sumInto(b[off+44:], storeID[:], []byte{1, 0, 0, 0}, binary.LittleEndian.AppendUint32(nil, uint32(off)), b[off:off+44])
		for body := b[off+segment.FrameHeaderSize : end]; len(body) >= 18; {
			n := int(binary.LittleEndian.Uint16(body[4:]))
			if n < 18 || n > len(body) {
				break
			}
			sumInto(body, body[4:n])
			var r segment.Record
			if r.Decode(body) != nil || r.Size() > len(body) {
				break
			}
			body = body[r.Size():]
		}
		off = end
	}
}

// walkAll reads all frames as readers do: nothing panics, and what is read lies within the bytes.
func walkAll(t *testing.T, b []byte, step int) {
	t.Helper()
	w := walk(b, 1, step)
	for {
		at := w.At()
		f, err := w.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, segment.ErrBad) {
				t.Fatalf("got %v", err)
			}
			return
		}
		if f.At != at || w.At() != at+segment.Place(f.Size()) || int(w.At().Offset()) > len(b) || len(f.Body) != int(f.BodyLen) {
			t.Fatalf("frame at %d with %d bytes of body, then %d", f.At, len(f.Body), w.At())
		}
		if err := readAll(&f); err != nil && !errors.Is(err, segment.ErrBad) {
			t.Fatalf("got %v", err)
		}
	}
}

func readAll(f *segment.Frame) error {
	return f.Records(func(r *segment.Record) error {
		e := r.Event()
		if n := len(e.Stream) + len(e.Type) + len(e.ContentType); n > 3*r.EnvelopeLen || len(e.Tags) > r.EnvelopeLen {
			return errors.New("more text than the envelope has")
		}
		r.CheckSlot()
		if len(r.Salt())+len(r.Data())+len(r.Metadata()) != r.SlotLen {
			return errors.New("the parts of the slot are not the slot")
		}
		return nil
	})
}

// FuzzDecodeFrameHeader takes header bytes with whatever checksum, and with the right one: what is decoded is encoded to the same bytes.
func FuzzDecodeFrameHeader(f *testing.F) {
	f.Add(segmentOf(newRand(1), 1, []*written{randomCommit(newRand(1))})[segment.HeaderSize:][:segment.FrameHeaderSize], uint64(1)<<32|64)
	f.Add([]byte("gfr1"), uint64(0))
	wraps := make([]byte, segment.FrameHeaderSize)
	(&segment.FrameHeader{First: math.MaxUint64, Events: 2}).Put(wraps, &storeID, 64)
	f.Add(wraps, uint64(64))
	f.Fuzz(func(t *testing.T, b []byte, at uint64) {
		place := segment.Place(at)
		if _, err := segment.DecodeFrameHeader(b, &storeID, place); err != nil && !errors.Is(err, segment.ErrBad) {
			t.Fatalf("got %v", err)
		}
		if len(b) < segment.FrameHeaderSize {
			return
		}
		b = append([]byte("gfr1"), b[4:segment.FrameHeaderSize]...)
		bound := binary.LittleEndian.AppendUint32(nil, place.Segment())
		sumInto(b[44:], storeID[:], binary.LittleEndian.AppendUint32(bound, place.Offset()), b[:44])
		h, err := segment.DecodeFrameHeader(b, &storeID, place)
		if err != nil {
			return
		}
		if h.First > store.MaxPosition || h.Last() > store.MaxPosition || h.Last() < h.First || h.BodyLen > segment.MaxBody {
			t.Fatalf("decoded %+v", h)
		}
		again := make([]byte, segment.FrameHeaderSize)
		h.Put(again, &storeID, place)
		if !bytes.Equal(again, b) {
			t.Fatalf("encoded again:\n%x\nwant\n%x", again, b)
		}
	})
}

// FuzzRecord decodes an envelope with whatever checksum, and with the right one.
func FuzzRecord(f *testing.F) {
	for seed := range uint64(8) {
		rnd := newRand(seed)
		e := randomEvent(rnd)
		c := segment.Encode("", nil, []store.Event{e}, []segment.Payload{{Salt: randomBytes(rnd, 16)}})
		c.Finish()
		f.Add(c.Body)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r segment.Record
		if err := r.Decode(b); err != nil && !errors.Is(err, segment.ErrBad) {
			t.Fatalf("got %v", err)
		}
		if len(b) < 18 {
			return
		}
		n := int(binary.LittleEndian.Uint16(b[4:]))
		if n < 18 || n > len(b) {
			return
		}
		b = bytes.Clone(b)
		sumInto(b, b[4:n])
		if err := r.Decode(b); err != nil {
			return
		}
		if o, ok := segment.Peek(b); !ok || o.Envelope != n || o.Slot != r.SlotLen || o.Size() != r.Size() || o.Back != r.Back {
			t.Fatalf("the outline of a good record is %+v, %v; it is %+v", o, ok, r)
		}
		if _, has := r.ID(); has != strings.Contains(r.Event().ID, "-") {
			t.Fatalf("an event with the id %q: %v", r.Event().ID, has)
		}
		if r.EnvelopeLen != n || r.SlotLen < store.SaltBytes || r.MetadataLen > r.SlotLen-store.SaltBytes {
			t.Fatalf("decoded %+v", r)
		}
		fr := segment.Frame{FrameHeader: segment.FrameHeader{Events: 1}, At: index.MakePlace(1, 64), Body: b}
		if err := readAll(&fr); err != nil && !errors.Is(err, segment.ErrBad) {
			t.Fatalf("got %v", err)
		}
	})
}

// FuzzDecodeHeader takes the header of a segment with whatever checksum, and with the right one.
func FuzzDecodeHeader(f *testing.F) {
	f.Add((&segment.Header{StoreID: storeID, Number: 7, Position: 9}).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = segment.DecodeHeader(b)
		if len(b) < segment.HeaderSize {
			return
		}
		b = append([]byte("gestalog\x01\x00\x00\x00"), b[12:segment.HeaderSize]...)
		sumInto(b[60:], b[:60])
		h, err := segment.DecodeHeader(b)
		if err != nil {
			return
		}
		again, err := segment.DecodeHeader(h.Encode())
		if err != nil || again != h {
			t.Fatalf("decoded %+v, and again %+v, %v", h, again, err)
		}
	})
}
