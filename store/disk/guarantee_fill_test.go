package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// sizeOf returns the length of a file on the rig's disk, and how much of it is zeros at the end.
func (r *rig) sizeOf(name string) (size, zeros int) {
	r.t.Helper()
	b, err := r.disk.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	return len(b), len(b) - len(bytes.TrimRight(b, "\x00"))
}

// TestGuaranteeFilledAheadIsOverwritten appends over zeros that were written ahead, with reads and crashes in between, until the segment
// is full several times.
func TestGuaranteeFilledAheadIsOverwritten(t *testing.T) {
	for _, segmentBytes := range []int64{4096, 5000, 1 << 16} {
		t.Run(fmt.Sprint(segmentBytes), func(t *testing.T) {
			r := newRig(t, disk.Options{SegmentBytes: segmentBytes})
			var want []string
			over := 0 // commits that were written over zeros
			for i := range 40 {
				want = append(want, fmt.Sprint(i))
				_, zeros := r.sizeOf(r.lastSegment())
				r.add(wideEvent("a-1", fmt.Sprint(i), 10+37*(i%9)))
				if zeros > 400 {
					over++
				}
				r.wantData(want...)
				if i%4 == 0 {
					r.powerLoss().wantData(want...)
					after := r.killed()
					after.open()
					after.wantData(want...)
				}
				if size, _ := r.sizeOf(r.lastSegment()); int64(size) > segmentBytes {
					t.Fatalf("a segment has %d bytes, SegmentBytes is %d", size, segmentBytes)
				}
			}
			if over < 10 {
				t.Errorf("only %d commits were written over zeros", over)
			}
			after := r.closed()
			for _, name := range rigSegments(after.disk) {
				b, err := after.disk.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				frames := rigFrames(t, b)
				if end := frames[len(frames)-1] + 48; len(b) != end {
					t.Errorf("%s has %d bytes after closing, its last frame ends at %d", name, len(b), end)
				}
			}
			after.open()
			after.wantData(want...)
		})
	}
}

// lastSegment returns the name of the active segment.
func (r *rig) lastSegment() string {
	names := rigSegments(r.disk)
	return names[len(names)-1]
}

// TestGuaranteeFillLosesNothing lets a machine stop at each operation while a file is filled ahead: what was acknowledged is there, and
// what is behind it is no damage.
func TestGuaranteeFillLosesNothing(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 8192})
	var want []string
	var mu sync.Mutex
	images := 0
	for i := range 30 {
		pending := fmt.Sprint(i)
		r.on(func(op vfs.Op) error {
			mu.Lock()
			defer mu.Unlock()
			if !op.Kind.Changes() || !isSegFile(op.Name) {
				return nil
			}
			for _, after := range []*rig{r.found(r.disk.CrashWorst()), r.killed()} {
				images++
				if err := after.tryOpen(); err != nil { // this is not the goroutine of the test
					t.Errorf("before %+v of commit %d: %v", op, i, err)
					continue
				}
				got, err := dataOf(after.s)
				if err != nil || !slices.Equal(got, want) && !slices.Equal(got, append(slices.Clone(want), pending)) {
					t.Errorf("before %+v of commit %d: found %q, %v", op, i, got, err)
				}
				_ = after.s.Close()
			}
			return nil
		})
		r.add(wideEvent("a-1", pending, 300))
		mu.Lock()
		want = append(want, pending)
		mu.Unlock()
	}
	r.on(nil)
	if images < 100 {
		t.Errorf("only %d images were looked at", images)
	}
}

// TestGuaranteeSealedSegmentEndsWithItsSeal rolls by an erasure while much of the active segment is filled ahead.
func TestGuaranteeSealedSegmentEndsWithItsSeal(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 1 << 16})
	for zeros, i := 0, 0; i < 5 || zeros < 1000; i++ {
		if i == 100 {
			t.Fatal("the segment never ended in many zeros")
		}
		r.add(wideEvent("a-1", fmt.Sprint(i), 500))
		_, zeros = r.sizeOf(firstSegment)
	}
	if _, err := r.s.Erase(t.Context(), store.Erasure{Positions: []store.Position{3}, Reason: "asked"}); err != nil {
		t.Fatal(err)
	}
	b, err := r.disk.ReadFile(firstSegment)
	if err != nil {
		t.Fatal(err)
	}
	frames := rigFrames(t, b)
	if end := frames[len(frames)-1] + 48; len(b) != end {
		t.Errorf("the sealed segment has %d bytes, its seal ends at %d", len(b), end)
	}
	report, err := r.s.Check(t.Context(), store.CheckOptions{})
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("check finds %+v, %v", report.Problems, err)
	}
}

// TestGuaranteeNothingIsFilledInVain has no zeros where they would not pay: with big groups, and where nothing is synced.
func TestGuaranteeNothingIsFilledInVain(t *testing.T) {
	t.Run("big groups", func(t *testing.T) {
		r := newRig(t, disk.Options{})
		for i := range 30 {
			c := store.Commit{}
			for range 3 {
				c.Events = append(c.Events, store.Event{Type: "T", Data: []byte(strings.Repeat("x", 500<<10))})
			}
			r.add(c)
			if _, zeros := r.sizeOf(r.lastSegment()); i > 0 && zeros > 8 {
				t.Fatalf("commit %d of 1.5 MB is followed by %d zeros", i, zeros)
			}
		}
	})
	t.Run("SyncNever", func(t *testing.T) {
		r := newRig(t, disk.Options{Sync: disk.SyncNever})
		for i := range 30 {
			r.add(wideEvent("a-1", fmt.Sprint(i), 500))
			if _, zeros := r.sizeOf(firstSegment); zeros > 8 {
				t.Fatalf("commit %d is followed by %d zeros", i, zeros)
			}
		}
	})
}

// TestGuaranteeFailedFillIsUnknown fails the write of the zeros: that is a failed write of the log, and what was acknowledged before is there.
func TestGuaranteeFailedFillIsUnknown(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("a-1", "first"))
	writes := 0 // since the last sync; of the syncer alone
	r.on(func(op vfs.Op) error {
		switch {
		case !isSegFile(op.Name):
		case op.Kind == vfs.OpSync:
			writes = 0
		case op.Kind == vfs.OpWrite:
			if writes++; writes == 2 {
				return syscall.EIO
			}
		}
		return nil
	})
	var err error
	for n := 0; err == nil; n++ {
		if n > 1000 {
			t.Fatal("nothing was filled")
		}
		_, err = r.s.Append(t.Context(), wideEvent("a-1", "more", 500))
	}
	if !errors.Is(err, store.ErrUnknown) {
		t.Errorf("the commit whose fill failed gets %v, want an unknown outcome", err)
	}
	after := r.killed()
	after.open()
	got, err := dataOf(after.s)
	if err != nil || len(got) < 2 || got[0] != "first" {
		t.Errorf("found %q, %v", got, err)
	}
}

// TestGuaranteeFullDiskStopsFilling has room for half a megabyte more than is written: commits take all of it, none is lost, and the next segment is
// filled again once there is room.
func TestGuaranteeFullDiskStopsFilling(t *testing.T) {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		t.Run(full.Error(), func(t *testing.T) {
			r := newRig(t, disk.Options{SegmentBytes: 8 << 20})
			const written, left = 1500, 500 << 10
			for range written { // so much that the next zeros are more than there is room for
				r.add(wideEvent("a-1", "x", 1000))
			}
			size, zeros := r.sizeOf(firstSegment)
			room := int64(size-zeros) + left
			r.on(func(op vfs.Op) error {
				if op.Name == firstSegment && op.Kind == vfs.OpWrite && op.Offset+op.Length > room {
					return &vfs.ShortWrite{N: int(max(0, room-op.Offset)), Err: full}
				}
				return nil
			})
			n, err := written, error(nil)
			for ; err == nil && n < written+1000; n++ {
				_, err = r.s.Append(t.Context(), wideEvent("a-1", "x", 1000))
			}
			size, zeros = r.sizeOf(firstSegment)
			if free := room - int64(size-zeros); !errors.Is(err, store.ErrUnknown) || !errors.Is(err, full) || free > 1200 {
				t.Errorf("commit %d gets %v with %d bytes free", n, err, free)
			}
			after := r.powerLoss()
			got, err := dataOf(after.s)
			if err != nil || len(got) < n-1 {
				t.Errorf("%d events are found, %v; %d were acknowledged", len(got), err, n-1)
			}
		})
	}
}

// TestGuaranteeFillGoesOnInNextSegment has no room for zeros once: the rest of that segment has none, the next one has.
func TestGuaranteeFillGoesOnInNextSegment(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 1 << 16})
	failed := false
	writes := 0 // since the last sync; of the syncer alone
	r.on(func(op vfs.Op) error {
		switch {
		case !isSegFile(op.Name):
		case op.Kind == vfs.OpSync:
			writes = 0
		case op.Kind == vfs.OpWrite:
			if writes++; writes == 2 && !failed {
				failed = true
				return &vfs.ShortWrite{N: int(op.Length) / 2, Err: syscall.ENOSPC}
			}
		}
		return nil
	})
	var want []string
	most := 0 // zeros behind the last frame of the second segment
	for i := range 200 {
		want = append(want, fmt.Sprint(i))
		r.add(wideEvent("a-1", fmt.Sprint(i), 500))
		name := r.lastSegment()
		if _, zeros := r.sizeOf(name); name == firstSegment && zeros > 8 {
			t.Fatalf("commit %d is followed by %d zeros", i, zeros)
		} else if name != firstSegment {
			most = max(most, zeros)
		}
	}
	if !failed || most < 1000 {
		t.Errorf("no room for zeros: %v; then there are %d zeros at the most", failed, most)
	}
	r.powerLoss().wantData(want...)
	after := r.closed()
	after.open()
	after.wantData(want...)
}
