package disk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

var errNoRoom = errors.New("no room left")

// noCopies fails the copy of a segment that erasing makes.
func noCopies(op vfs.Op) error {
	if op.Kind == vfs.OpCreate && strings.HasSuffix(op.Name, ".seg.tmp") {
		return errNoRoom
	}
	return nil
}

// erase erases payloads and returns the error.
func (r *rig) erase(positions ...store.Position) error {
	_, err := r.s.Erase(context.Background(), store.Erasure{Positions: positions, Reason: "asked"})
	return err
}

// wantErased reads one event, which must be erased.
func (r *rig) wantErased(p store.Position) {
	r.t.Helper()
	events, err := readAll(r.s, nil, store.ReadOptions{After: p - 1, Until: p})
	if err != nil || len(events) != 1 || events[0].Erased == 0 || len(events[0].Data) > 0 {
		r.t.Errorf("position %d is %+v, %v; want it erased", p, events, err)
	}
}

// wantGone looks for a text in all files.
func (r *rig) wantGone(text string) {
	r.t.Helper()
	for _, name := range r.disk.Files() {
		if b, err := r.disk.ReadFile(name); err != nil || bytes.Contains(b, []byte(text)) {
			r.t.Errorf("%s has %q, %v", name, text, err)
		}
	}
}

func TestGuaranteeVisibleErasureHides(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("a-1", "secret"))
	r.on(noCopies)
	if err := r.erase(1); !errors.Is(err, errNoRoom) {
		t.Fatalf("erasing without room returns %v", err)
	}
	r.wantErased(1)
	r.on(nil)
}

// TestGuaranteeInterruptedErasureIsFinished opens a store with an erasure whose copy was not made: where the log is
// replayed into memory, and where open writes an index file of it.
func TestGuaranteeInterruptedErasureIsFinished(t *testing.T) {
	for name, indexBytes := range map[string]int64{"in memory": 1 << 20, "in an index file": 4096} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, disk.Options{SegmentBytes: 4096, IndexBytes: indexBytes})
			r.add(oneEvent("a-1", "secret"))
			r.add(oneEvent("a-1", "kept"))
			r.on(noCopies)
			if err := r.erase(1); !errors.Is(err, errNoRoom) {
				t.Fatalf("erasing without room returns %v", err)
			}
			r.on(nil)
			after := r.powerLoss()
			after.wantGone("secret")
			after.wantData("", "kept", "")
		})
	}
}

func TestGuaranteeErasedSegmentSurvivesPowerLoss(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("a-1", "secret"))
	r.add(oneEvent("a-1", "kept"))
	if err := r.erase(1); err != nil {
		t.Fatal(err)
	}
	after := r.powerLoss()
	after.wantGone("secret")
	after.wantData("", "kept", "")
}

// TestGuaranteeErasureIsDurableBeforeItsCopy erases in a segment that is sealed, in a store that leaves syncing to the
// operating system: the record of the erasure is synced all the same.
func TestGuaranteeErasureIsDurableBeforeItsCopy(t *testing.T) {
	r := newRig(t, disk.Options{Sync: disk.SyncNever, SegmentBytes: 4096})
	r.add(oneEvent("a-1", "secret"))
	for i := range 6 {
		r.add(wideEvent("a-1", fmt.Sprint(i), 1000))
	}
	if err := r.erase(1); err != nil {
		t.Fatal(err)
	}
	after := r.powerLoss()
	after.wantErased(1)
	after.wantGone("secret")
}

// truncate drops all segments but the last one, and fails the test when there was none to drop.
func (r *rig) truncate() {
	r.t.Helper()
	before := len(rigSegments(r.disk))
	head, err := r.s.Head(context.Background())
	if err == nil {
		_, err = r.s.Truncate(context.Background(), head)
	}
	if n := len(rigSegments(r.disk)); err != nil || n != 1 || before == 1 {
		r.t.Fatalf("truncating %d segments leaves %d, %v; want 1", before, n, err)
	}
}

// fill appends so much that the segment is left.
func (r *rig) fill() {
	for i := range 6 {
		r.add(wideEvent("filler-1", fmt.Sprint(i), 1000))
	}
}

func TestGuaranteeTruncationKeepsVersions(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	r.add(oneEvent("old-1", "1"))
	r.add(oneEvent("old-1", "2"))
	r.fill()
	r.truncate()
	after := r.closed()
	after.open()
	if res := after.add(withGuards(oneEvent("old-1", "3"), store.StreamAt{Stream: "old-1", Version: 2})); res.Version("old-1") != 3 {
		t.Errorf("appending answers %+v; want version 3", res)
	}
}

func TestGuaranteeTruncationKeepsTracking(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	input := store.Commit{Tracking: &store.Tracking{Source: "left", Position: 5}}
	r.add(input)
	for range 2 {
		r.fill()
		r.truncate()
	}
	after := r.closed()
	after.open()
	if _, err := after.s.Append(t.Context(), input); !errors.Is(err, store.ErrTracking) {
		t.Errorf("tracking the same again returns %v; want a refusal", err)
	}
}

func TestGuaranteeTruncationSurvivesPowerLoss(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	r.fill()
	r.truncate()
	after := r.powerLoss()
	if res := after.add(oneEvent("filler-1", "next")); res.First != 7 || res.Version("filler-1") != 7 {
		t.Errorf("appending answers %+v; want position and version 7", res)
	}
}
