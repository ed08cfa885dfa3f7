package segment_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

var storeID = segment.StoreID{0xa1, 2, 3, 4, 5, 6, 0x47, 8, 0x89, 10, 11, 12, 13, 14, 15, 0xff}

// written is a commit as a test put it into a segment.
type written struct {
	key      string
	tracking *store.Tracking
	events   []store.Event
	payloads []segment.Payload
	versions []uint64
	header   segment.FrameHeader
	at       segment.Place
}

// randomCommit makes up a commit in which everything optional is there or is not.
func randomCommit(rnd *rand.Rand) *written {
	w := &written{}
	if rnd.IntN(2) == 0 {
		w.key = name(rnd)
	}
	if rnd.IntN(2) == 0 {
		w.tracking = &store.Tracking{Source: name(rnd), Position: rnd.Uint64N(1 << 53)}
	}
	n := rnd.IntN(5)
	if w.tracking == nil {
		n++
	}
	if n == 0 {
		w.key = ""
	}
	for range n {
		e := randomEvent(rnd)
		p := segment.Payload{Salt: randomBytes(rnd, store.SaltBytes)}
		if rnd.IntN(6) == 0 {
			e.Data, e.Metadata = nil, nil
			p = segment.Payload{Erased: store.Position(1 + rnd.Uint64N(1<<53-1))}
		}
		w.events, w.payloads = append(w.events, e), append(w.payloads, p)
		w.versions = append(w.versions, rnd.Uint64N(1<<uint(rnd.IntN(54))))
	}
	return w
}

func randomEvent(rnd *rand.Rand) store.Event {
	e := store.Event{Type: name(rnd)}
	if rnd.IntN(3) > 0 {
		e.Stream = name(rnd)
	}
	if rnd.IntN(2) == 0 {
		e.ID = segment.FormatID([16]byte(randomBytes(rnd, 16)))
	}
	if rnd.IntN(3) == 0 {
		e.SchemaVersion = rnd.Uint32()
	}
	if rnd.IntN(3) == 0 {
		e.ContentType = name(rnd)
	}
	if rnd.IntN(3) == 0 {
		e.EffectiveAt = time.UnixMicro(rnd.Int64N(1<<58) - 1<<55).UTC()
	}
	for range rnd.IntN(4) {
		e.Tags = append(e.Tags, name(rnd))
	}
	for _, payload := range []*[]byte{&e.Data, &e.Metadata} {
		if rnd.IntN(3) > 0 {
			*payload = randomBytes(rnd, rnd.IntN(1<<uint(rnd.IntN(13))))
		}
	}
	return e
}

// name makes up a name; some are as long as names can be.
func name(rnd *rand.Rand) string {
	switch rnd.IntN(12) {
	case 0:
		return strings.Repeat("n", store.MaxNameBytes)
	case 1:
		return "gfr1"
	}
	return fmt.Sprintf("é%d-%x", rnd.IntN(10), rnd.Uint32()>>uint(rnd.IntN(32)))
}

func randomBytes(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32() >> 5)
	}
	if n > 0 && b[0] == 0 {
		b[0] = 1
	}
	return b
}

// frame returns the bytes of the commit's frame at a place, and notes its header.
func (w *written) frame(at segment.Place, h segment.FrameHeader) []byte {
	c := segment.Encode(w.key, w.tracking, w.events, w.payloads)
	for i, v := range w.versions {
		c.SetVersion(i, v)
	}
	h.BodyLen, h.Events, h.Flags, h.BodySum = uint32(len(c.Body)), uint32(len(w.events)), c.Flags, c.Finish()
	b := make([]byte, c.FrameSize())
	copy(b[segment.FrameHeaderSize:], c.Body)
	h.Put(b, &storeID, at)
	w.at, w.header = at, h
	return b
}

// segmentOf writes commits behind each other into a segment, closed by a seal, and returns its bytes.
func segmentOf(rnd *rand.Rand, number uint32, commits []*written) []byte {
	head := segment.Header{StoreID: storeID, Number: number, Position: 100, RecordedAt: -5, Previous: 77}
	b := head.Encode()
	p, at := head.Position, head.RecordedAt
	for _, w := range commits {
		h := segment.FrameHeader{First: p, RecordedAt: at + rnd.Int64N(3), Durable: segment.Place(rnd.Uint64())}
		if len(w.events) > 0 {
			h.First += 1 + store.Position(rnd.IntN(2)*rnd.IntN(100)) // a hole, sometimes
		}
		b = append(b, w.frame(index.MakePlace(number, uint32(len(b))), h)...)
		p, at = w.header.Last(), h.RecordedAt
	}
	return append(b, seal(number, uint32(len(b)), p, at)...)
}

func seal(number, offset uint32, p store.Position, recordedAt int64) []byte {
	at := index.MakePlace(number, offset)
	h := segment.FrameHeader{First: p, Flags: segment.FlagSeal, RecordedAt: recordedAt, Durable: at}
	b := make([]byte, segment.FrameHeaderSize)
	h.Put(b, &storeID, at)
	return b
}

// walk returns a walker over the frames of a whole segment.
func walk(b []byte, number uint32, step int) *segment.Walker {
	return segment.NewWalker(bytes.NewReader(b), storeID, index.MakePlace(number, segment.HeaderSize), int64(len(b)), step)
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 3)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
