package rivaltest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/gestadb/gesta/bench/rival"
)

// testWhole: every read gives each event as it was appended, whatever its size, and nothing of another one.
func testWhole(t *testing.T, maker rival.Maker, durable bool) {
	store, _ := open(t, maker, t.TempDir(), durable)
	var all []rival.Event
	for i := range 40 {
		e := rival.Event{
			Stream: name(i % 3), Version: uint64(i/3) + 1, Type: fmt.Sprintf("type-%0*d", 1+i*5, i), Tag: fmt.Sprintf("tag-%0*d", 200-i*4, i),
			Data: fmt.Appendf(nil, `"%0*d"`, i*i*6, i),
		}
		for k := range e.ID {
			e.ID[k] = byte(i*7 + k*31)
		}
		all = append(all, e)
		mustAppend(t, store, all[i:])
	}
	var read []rival.Recorded
	visit := func(e *rival.Recorded) error {
		read = append(read, *e)
		return nil
	}
	if err := store.ReadAll(t.Context(), visit); err != nil {
		t.Errorf("read all: %v", err)
	}
	wantEvents(t, "all", read, all...)
	positions := map[uint64]uint64{} // of versions of the first stream
	var first []rival.Event
	for i := 0; i < len(all); i += 3 {
		first = append(first, all[i])
		positions[all[i].Version] = read[i].Position
	}
	read = nil
	if err := store.ReadStream(t.Context(), name(0), visit); err != nil {
		t.Errorf("read stream: %v", err)
	}
	wantEvents(t, "stream", read, first...)
	for i := range read {
		if e := &read[i]; e.Position != positions[e.Version] {
			t.Errorf("version %d is at position %d of the stream's read, %d of that of all", e.Version, e.Position, positions[e.Version])
		}
	}
	for i := range all {
		read = nil
		if err := store.ReadTag(t.Context(), all[i].Tag, 2, visit); err != nil {
			t.Errorf("read tag: %v", err)
		}
		wantEvents(t, "tag", read, all[i])
	}
}

// testKept: what a read has handed out belongs to its visitor: nothing that comes after it changes it, and what the
// visitor does to the data changes nothing that is read.
func testKept(t *testing.T, maker rival.Maker, durable bool) {
	store, closeNow := open(t, maker, t.TempDir(), durable)
	var want []rival.Event
	for i := range 30 {
		want = append(want, events(name(i), 1, 4, "x")...)
		mustAppend(t, store, want[4*i:])
	}
	if err := store.Settle(t.Context()); err != nil {
		t.Errorf("settle: %v", err)
	}
	readings := func() [][]rival.Recorded {
		all, tag := readAll(t, store), readTag(t, store, "x", len(want))
		var streams []rival.Recorded
		for i := range 30 {
			streams = append(streams, readStream(t, store, name(i))...)
		}
		return [][]rival.Recorded{all, tag, streams}
	}
	kept, spoilt := readings(), readings()
	for _, reading := range spoilt {
		for i := range reading {
			for k := range reading[i].Data {
				reading[i].Data[k] = 'z'
			}
			_ = append(reading[i].Data, bytes.Repeat([]byte{'z'}, 64)...) // what lies behind the data is nobody else's either
		}
	}
	for _, reading := range spoilt {
		for i := range reading {
			e, w := &reading[i], &want[i]
			if id, err := e.UUID(); err != nil || id != w.ID || e.Stream != w.Stream || e.Version != w.Version || e.Type != w.Type || e.Tag != w.Tag {
				t.Errorf("with other data, event %d is %+v", i+1, e)
			}
		}
	}
	for i := range 30 {
		mustAppend(t, store, events(name(i), 5, 8, "y"))
	}
	if err := store.Settle(t.Context()); err != nil {
		t.Errorf("settle: %v", err)
	}
	for i, reading := range readings() {
		if i == 1 {
			wantEvents(t, "tag, read again", reading, want...)
		}
	}
	closeNow()
	for i, reading := range kept {
		wantEvents(t, fmt.Sprintf("what reading %d kept", i+1), reading, want...)
	}
}
