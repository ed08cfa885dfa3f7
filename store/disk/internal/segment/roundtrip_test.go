package segment_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

func TestRoundTrip(t *testing.T) {
	for seed := range uint64(200) {
		rnd := newRand(seed)
		var commits []*written
		for range 1 + rnd.IntN(8) {
			commits = append(commits, randomCommit(rnd))
		}
		number := 1 + rnd.Uint32N(1<<31)
		b := segmentOf(rnd, number, commits)
		w := walk(b, number, 1<<uint(rnd.IntN(16)))
		if rnd.IntN(2) == 0 {
			w.KeepBodies()
		}
		for i, c := range commits {
			f, err := w.Next()
			must(t, err)
			if d := cmp.Diff(c.header, f.FrameHeader); d != "" || f.At != c.at {
				t.Fatalf("seed %d: frame %d at %d, want %d; header (-want +got):\n%s", seed, i, f.At, c.at, d)
			}
			checkFrame(t, c, &f)
		}
		f, err := w.Next()
		must(t, err)
		if f.Flags != segment.FlagSeal || !f.Empty() || f.Durable != f.At || f.Last() != commits[len(commits)-1].header.Last() {
			t.Fatalf("seed %d: the seal is %+v", seed, f)
		}
		if _, err := w.Next(); !errors.Is(err, io.EOF) || w.At().Offset() != uint32(len(b)) {
			t.Fatalf("seed %d: got %v at %d behind the seal, want EOF at %d", seed, err, w.At().Offset(), len(b))
		}
	}
}

// checkFrame compares every field of a frame's body with the commit that it was made of.
func checkFrame(t *testing.T, want *written, f *segment.Frame) {
	t.Helper()
	key, tracking, _, err := f.Prefix()
	must(t, err)
	if key != want.key || !cmp.Equal(tracking, want.tracking) {
		t.Fatalf("key %q and tracking %v, want %q and %v", key, tracking, want.key, want.tracking)
	}
	short := *f // the prefix alone is enough for key and tracking
	short.Body = f.Body[:min(len(f.Body), segment.MaxPrefix)]
	if key, _, _, err := short.Prefix(); key != want.key || err != nil {
		t.Fatalf("key %q, %v from the first bytes of the body, want %q", key, err, want.key)
	}
	if empty := len(want.events) == 0 && want.tracking == nil; f.Empty() != empty {
		t.Fatalf("the frame says that it is empty: %v", f.Empty())
	}
	n := 0
	must(t, f.Records(func(r *segment.Record) error {
		checkRecord(t, want, n, f, r)
		n++
		return nil
	}))
	if n != len(want.events) {
		t.Fatalf("%d records, want %d", n, len(want.events))
	}
}

func checkRecord(t *testing.T, want *written, i int, f *segment.Frame, r *segment.Record) {
	t.Helper()
	e := &want.events[i]
	got := r.Event()
	got.Data, got.Metadata = r.Data(), r.Metadata()
	if d := cmp.Diff(*e, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("event %d (-want +got):\n%s", i, d)
	}
	id, hasID := r.ID()
	if wantID, ok := segment.ParseID(e.ID); hasID != ok || id != wantID {
		t.Fatalf("event %d has id %x, want %x", i, id, wantID)
	}
	if string(r.Stream()) != e.Stream || string(r.Type()) != e.Type {
		t.Fatalf("event %d is of type %q in %q", i, r.Type(), r.Stream())
	}
	salt := want.payloads[i].Salt
	if salt == nil {
		salt = make([]byte, store.SaltBytes)
	}
	if !bytes.Equal(r.Salt(), salt) || r.Erased != want.payloads[i].Erased || r.CheckSlot() != segment.SlotWhole {
		t.Fatalf("event %d has salt %x, erased %d and a slot in state %d", i, r.Salt(), r.Erased, r.CheckSlot())
	}
	if r.Version != want.versions[i] || r.Ordinal != uint32(i) || r.At != f.At+segment.Place(r.Back) {
		t.Fatalf("event %d has version %d, ordinal %d and is at %d", i, r.Version, r.Ordinal, r.At)
	}
	var alone segment.Record // decoded on its own, from the bytes at its place
	must(t, alone.Decode(f.Body[r.Back-segment.FrameHeaderSize:]))
	if alone.Version != r.Version || alone.Back != r.Back || alone.Size() != r.Size() || alone.CheckSlot() != segment.SlotBad {
		t.Fatalf("event %d decoded on its own is %+v", i, alone)
	}
}

func TestHeaderRoundTrip(t *testing.T) {
	for _, want := range []segment.Header{
		{StoreID: storeID, Number: 1, RecordedAt: math.MinInt64},
		{StoreID: storeID, Number: math.MaxUint32, Position: store.MaxPosition, RecordedAt: math.MaxInt64, Previous: math.MaxUint32},
	} {
		b := want.Encode()
		if got, err := segment.DecodeHeader(b); got != want || err != nil || len(b) != segment.HeaderSize {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		for n := range b {
			if _, err := segment.DecodeHeader(b[:n]); !errors.Is(err, segment.ErrBad) {
				t.Errorf("%d bytes of a header: got %v", n, err)
			}
		}
		eachFlip(b, func(bit int) {
			if _, err := segment.DecodeHeader(b); !errors.Is(err, segment.ErrBad) {
				t.Errorf("bit %d of a header flipped: got %v", bit, err)
			}
		})
	}
}

func TestHeaderOfANewerFormat(t *testing.T) {
	for at, name := range map[int]string{8: "version", 10: "flags"} {
		b := (&segment.Header{StoreID: storeID, Number: 1}).Encode()
		b[at]++
		sumInto(b[60:], b[:60])
		var newer *segment.NewerError
		if _, err := segment.DecodeHeader(b); !errors.As(err, &newer) {
			t.Errorf("%s: got %v, want a NewerError", name, err)
		}
	}
}

func TestIDRoundTrip(t *testing.T) {
	rnd := newRand(1)
	for range 1000 {
		want := [16]byte(randomBytes(rnd, 16))
		text := segment.FormatID(want)
		if got, ok := segment.ParseID(text); got != want || !ok || !store.IsID(text) {
			t.Fatalf("%x is %q, which is %x, %v", want, text, got, ok)
		}
	}
	for _, text := range []string{
		"", "a",
		"00000000-0000-0000-0000-00000000000A", "00000000-0000-0000-0000-0000000000000", "0000000000000000-0000-0000-0000-0000",
	} {
		if _, ok := segment.ParseID(text); ok {
			t.Errorf("%q is taken for an id", text)
		}
	}
}
