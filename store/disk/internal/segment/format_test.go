package segment_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"slices"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// sumInto writes the CRC-32C of some parts, taken one after the other, to dst.
func sumInto(dst []byte, parts ...[]byte) {
	binary.LittleEndian.PutUint32(dst, crc32.Checksum(bytes.Join(parts, nil), crc32.MakeTable(crc32.Castagnoli)))
}

// TestWorkedExample builds the example of the format's page byte by byte, from what the page says alone.
func TestWorkedExample(t *testing.T) {
	salt := bytes.Repeat([]byte{0x5a}, 16)
	slot := append(slices.Clone(salt), `{"n":1}`...)
	envelope := make([]byte, 18, 35)
	binary.LittleEndian.PutUint16(envelope[4:], 35)
	sumInto(envelope[6:], slot)
	binary.LittleEndian.PutUint64(envelope[10:], 1) // version
	envelope = append(envelope, 2, 48, 0, 23, 0)    // flags, back, ordinal, slot, metadata
	envelope = append(envelope, "\x03a-1\x06Opened\x00"...)
	if len(envelope) != 35 {
		t.Fatalf("the envelope has %d bytes, the page says 35", len(envelope))
	}
	sumInto(envelope, envelope[4:])
	want := make([]byte, 48, 112)
	copy(want, "gfr1\x3a\x00\x00\x00")
	binary.LittleEndian.PutUint64(want[8:], 1)
	binary.LittleEndian.PutUint32(want[16:], 1)
	binary.LittleEndian.PutUint64(want[24:], 1_700_000_000_000_000)
	sumInto(want[40:], envelope[:4])
	sumInto(want[44:], storeID[:], []byte{1, 0, 0, 0}, []byte{64, 0, 0, 0}, want[:44])
	want = append(append(append(want, envelope...), slot...), 0, 0, 0, 0, 0, 0)

	w := &written{
		events:   []store.Event{{Stream: "a-1", Type: "Opened", Data: []byte(`{"n":1}`)}},
		payloads: []segment.Payload{{Salt: salt}}, versions: []uint64{1},
	}
	got := w.frame(index.MakePlace(1, 64), segment.FrameHeader{First: 1, RecordedAt: 1_700_000_000_000_000})
	if !bytes.Equal(got, want) {
		t.Errorf("the frame is\n%x\nwant\n%x", got, want)
	}
	if end := 64 + len(got); end != 176 {
		t.Errorf("the next frame starts at %d, the page says 176", end)
	}
}

// eachFlip calls check with each bit of b inverted in turn.
func eachFlip(b []byte, check func(bit int)) {
	for bit := range len(b) * 8 {
		b[bit/8] ^= 1 << (bit % 8)
		check(bit)
		b[bit/8] ^= 1 << (bit % 8)
	}
}

// verify reads a segment of one frame and its seal as recovery does, and says what is wrong.
func verify(b []byte, number uint32) error {
	w := walk(b, number, 0)
	for {
		f, err := w.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = f.Records(func(r *segment.Record) error {
				if r.CheckSlot() != segment.SlotWhole {
					return segment.ErrBad
				}
				return nil
			})
		}
		if err != nil {
			return err
		}
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	for seed := range uint64(12) {
		rnd := newRand(seed)
		w := randomCommit(rnd)
		for len(w.frame(0, segment.FrameHeader{})) > 3000 {
			w = randomCommit(rnd)
		}
		b := segmentOf(rnd, 3, []*written{w})
		must(t, verify(b, 3))
		eachFlip(b[segment.HeaderSize:], func(bit int) {
			if err := verify(b, 3); !errors.Is(err, segment.ErrBad) {
				t.Fatalf("seed %d, bit %d of %d bytes: got %v", seed, bit, len(b)-segment.HeaderSize, err)
			}
		})
	}
}

// TestFrameElsewhereIsNone moves a frame to where it was not written to.
func TestFrameElsewhereIsNone(t *testing.T) {
	w := randomCommit(newRand(5))
	at := index.MakePlace(2, 640)
	b := w.frame(at, segment.FrameHeader{First: 9, RecordedAt: 5})
	if _, err := segment.DecodeFrameHeader(b, &storeID, at); err != nil {
		t.Fatal(err)
	}
	other := storeID
	other[15]++
	for name, got := range map[string]struct {
		id segment.StoreID
		at segment.Place
	}{
		"offset": {storeID, index.MakePlace(2, 648)}, "segment": {storeID, index.MakePlace(3, 640)}, "store": {other, at},
	} {
		if _, err := segment.DecodeFrameHeader(b, &got.id, got.at); !errors.Is(err, segment.ErrBad) {
			t.Errorf("in another %s: got %v", name, err)
		}
	}
}

func TestZeroedSlot(t *testing.T) {
	w := &written{
		events:   []store.Event{{Type: "T", Data: []byte("secret")}, {Type: "T"}},
		payloads: []segment.Payload{{Salt: bytes.Repeat([]byte{1}, 16)}, {Salt: bytes.Repeat([]byte{2}, 16)}}, versions: []uint64{0, 0},
	}
	b := segmentOf(newRand(1), 1, []*written{w})
	f, err := walk(b, 1, 0).Next()
	must(t, err)
	var states []segment.SlotState
	must(t, f.Records(func(r *segment.Record) error {
		clear(r.Slot[1:])
		states = append(states, r.CheckSlot())
		clear(r.Slot)
		states = append(states, r.CheckSlot())
		return nil
	}))
	if want := []segment.SlotState{segment.SlotBad, segment.SlotZeroed, segment.SlotBad, segment.SlotZeroed}; !slices.Equal(states, want) {
		t.Errorf("half and all of the slots zeroed: states %v, want %v", states, want)
	}
	must(t, f.Records(func(*segment.Record) error { return nil })) // the body checksum does not cover the slots
}

// TestWalkerReadsNoMoreThanThereIs has a frame that claims a long body in a short file.
func TestWalkerReadsNoMoreThanThereIs(t *testing.T) {
	h := segment.FrameHeader{BodyLen: segment.MaxBody, First: 1, Events: 1}
	b := make([]byte, segment.HeaderSize+segment.FrameHeaderSize)
	h.Put(b[segment.HeaderSize:], &storeID, index.MakePlace(1, segment.HeaderSize))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := walk(b, 1, 0).Next()
	runtime.ReadMemStats(&after)
	if !errors.Is(err, segment.ErrBad) || after.TotalAlloc-before.TotalAlloc > 1<<20 {
		t.Errorf("got %v and %d bytes allocated", err, after.TotalAlloc-before.TotalAlloc)
	}
}

// failing is a file whose reads fail.
type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func TestWalkerTellsErrorsOfTheFile(t *testing.T) {
	broken := errors.New("broken")
	w := segment.NewWalker(failing{broken}, storeID, index.MakePlace(1, segment.HeaderSize), 1<<20, 0)
	if _, err := w.Next(); !errors.Is(err, broken) || errors.Is(err, segment.ErrBad) {
		t.Errorf("got %v, want the error of the file", err)
	}
}
