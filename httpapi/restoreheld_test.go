package httpapi

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// TestAssemblyIsHeld restores the lines of a commit: its events count as held until the commit was handed on, and one for which there is no room is refused.
func TestAssemblyIsHeld(t *testing.T) {
	room := held{most: 10_000}
	a := &assembly{held: hold{of: &room}}
	add := func(position, commit store.Position, bytes int) (int, error) {
		r := store.Recorded{Event: store.Event{Type: "T", Data: []byte(`"` + strings.Repeat("x", bytes) + `"`)}, Position: position, Commit: commit, RecordedAt: time.Unix(1, 0)}
		whole, err := a.add(eventjson.AppendExported(nil, &r, "", nil))
		return len(whole), err
	}
	if _, err := a.add(eventjson.AppendExportHeader(nil, &eventjson.ExportHeader{Format: eventjson.ExportFormat})); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		position, commit store.Position
		whole            int
		least            int64 // held afterwards
	}{{1, 1, 0, 3000}, {2, 1, 0, 6000}, {3, 3, 1, 9000}, {4, 3, 0, 6000}} {
		if whole, err := add(step.position, step.commit, 3000); err != nil || whole != step.whole {
			t.Fatalf("line %d: %d commits, %v", step.position, whole, err)
		}
		if got := room.used.Load(); got < step.least || got > step.least+1000 {
			t.Errorf("after line %d %d bytes are held; want about %d", step.position, got, step.least)
		}
	}
	room.used.Add(3000) // of others
	if _, err := add(5, 3, 2000); !passedOver(err) {
		t.Errorf("without room: %v; want rateLimited", err)
	}
	room.used.Add(-3000)
	if _, err := add(5, 3, 9000); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("what never has room: %v; want too large", err)
	}
	if a.close(); room.used.Load() != 0 {
		t.Errorf("%d bytes are held for ever", room.used.Load())
	}
}
