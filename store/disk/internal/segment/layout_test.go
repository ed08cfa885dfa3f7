package segment_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// TestLayoutSaysWhatTheRecordSays decodes records of all kinds, writes their ids into them, and compares with what was encoded.
func TestLayoutSaysWhatTheRecordSays(t *testing.T) {
	withID := 0
	for seed := range uint64(300) {
		rnd := newRand(seed)
		e := randomEvent(rnd)
		salt := randomBytes(rnd, store.SaltBytes)
		c := segment.Encode("", nil, []store.Event{e}, []segment.Payload{{Salt: salt}})
		c.Finish()
		b := bytes.Clone(c.Body)
		var l segment.Layout
		must(t, l.Decode(b))
		if l.HasID() {
			withID++
			l.WriteID(b)
		}
		tags := make([]string, l.Tags())
		l.TagsInto(tags, b)
		stream, typ, content := l.Names(b)
		if l.ID(b) != e.ID || stream != e.Stream || typ != e.Type || content != e.ContentType || !slices.Equal(tags, e.Tags) ||
			l.Schema() != e.SchemaVersion || !l.Effective(b).Equal(store.Time(e.EffectiveAt)) || l.Erased(b) != 0 {
			t.Fatalf("seed %d: %+v is read as %q, %q, %q, %q, %q", seed, e, l.ID(b), stream, typ, content, tags)
		}
		if !bytes.Equal(l.Slot(b), slices.Concat(salt, e.Data, e.Metadata)) || !bytes.Equal(l.Data(b), e.Data) || !bytes.Equal(l.Metadata(b), e.Metadata) ||
			l.CheckSlot(b) != segment.SlotWhole || l.Size() != len(b) || l.Envelope() != len(b)-len(l.Slot(b)) {
			t.Fatalf("seed %d: the slot of %d bytes is %x", seed, len(b)-l.Envelope(), l.Slot(b))
		}
		b[len(b)-1] ^= 1
		if got := l.CheckSlot(b); got != segment.SlotBad {
			t.Fatalf("seed %d: a slot with a bit flipped is in state %d", seed, got)
		}
		clear(l.Slot(b))
		if got := l.CheckSlot(b); got != segment.SlotZeroed {
			t.Fatalf("seed %d: a slot of zeros is in state %d", seed, got)
		}
	}
	if withID == 0 {
		t.Error("no event has an id")
	}
}
