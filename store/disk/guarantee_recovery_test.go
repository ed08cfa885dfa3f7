package disk_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

func TestGuaranteeTornWriteTakesNothingWithIt(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("a-1", "first"))
	after := r.inFlight(oneEvent("a-1", "torn"))
	after.edit(firstSegment, func(b []byte) []byte {
		frames := rigFrames(t, b)
		return b[:frames[len(frames)-1]+48+16]
	})
	after.open()
	after.wantData("first", "before")
	after.add(oneEvent("a-1", "later"))
	after.powerLoss().wantData("first", "before", "later")
}

// TestGuaranteeLostCommitStaysLost loses the first of two commits that were written at once, and the bytes of the second are still
// there. A new commit ends where they begin.
func TestGuaranteeLostCommitStaysLost(t *testing.T) {
	const emptyFrame = 48
	r := newRig(t, disk.Options{})
	after := r.inFlight(wideEvent("a-1", "lost", 200+emptyFrame), oneEvent("a-1", "lost too"))
	after.edit(firstSegment, func(b []byte) []byte {
		frames := rigFrames(t, b)
		lost, next := frames[len(frames)-2], frames[len(frames)-1]
		if durable := binary.LittleEndian.Uint64(b[next+32:]) & (1<<32 - 1); durable > uint64(lost) {
			t.Fatalf("the two commits were not written at once")
		}
		clear(b[lost:next])
		return b
	})
	after.opts.Sync = disk.SyncNever // else zeros that are written ahead take away what recovery may have left
	after.open()
	after.wantData("before")
	after.add(wideEvent("a-1", "new", 200))
	again := after.killed()
	again.open()
	again.wantData("before", "new")
}

// TestGuaranteeAcceptedIsWrittenAgain opens a store whose last sync failed: reads show what was written, the disk does not have it.
func TestGuaranteeAcceptedIsWrittenAgain(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.disk.FailSync(1, isSegFile)
	if _, err := r.s.Append(t.Context(), wideEvent("a-1", "first", 5000)); err == nil {
		t.Fatal("a commit whose sync failed was accepted")
	}
	after := r.killed()
	after.open()
	after.wantData("first")
	after.powerLoss().wantData("first")
}

// TestGuaranteeRotIsDamage flips a bit of what was acknowledged: that must not look like the end of the log.
func TestGuaranteeRotIsDamage(t *testing.T) {
	t.Run("after a crash", func(t *testing.T) {
		r := newRig(t, disk.Options{})
		for _, data := range []string{"first", "second", "third"} {
			r.add(oneEvent("a-1", data))
		}
		after := r.found(r.disk.CrashWorst())
		after.spoil(firstSegment, "first")
		after.wantDamaged()
	})
	t.Run("after closing", func(t *testing.T) {
		r := newRig(t, disk.Options{})
		r.add(oneEvent("a-1", "first"))
		after := r.closed()
		after.spoil(firstSegment, "first")
		after.wantDamaged()
	})
	t.Run("after recovery", func(t *testing.T) {
		r := newRig(t, disk.Options{})
		r.add(oneEvent("a-1", "first"))
		recovered := r.killed()
		recovered.open()
		after := recovered.found(recovered.disk.CrashWorst())
		after.spoil(firstSegment, "first")
		after.wantDamaged()
	})
}

// TestGuaranteeFrameIsWhole puts the events of another store into a frame: each is good by itself.
func TestGuaranteeFrameIsWhole(t *testing.T) {
	var body [2][]byte
	var stores [2]*rig
	for i, data := range []string{"mine", "hers"} {
		r := newRig(t, disk.Options{})
		r.add(oneEvent("a-1", data))
		stores[i] = r.closed()
		b, err := stores[i].disk.ReadFile(firstSegment)
		if err != nil {
			t.Fatal(err)
		}
		frames := rigFrames(t, b)
		body[i] = b[frames[1]+48 : frames[2]] // the frames before and behind are empty
	}
	if len(body[0]) != len(body[1]) {
		t.Fatalf("the bodies have %d and %d bytes, want equal ones", len(body[0]), len(body[1]))
	}
	stores[0].edit(firstSegment, func(b []byte) []byte { return bytes.Replace(b, body[0], body[1], 1) })
	stores[0].wantDamaged()
}

func TestGuaranteeZerosAreNoErasure(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("a-1", "first"))
	r.add(oneEvent("a-1", "second"))
	after := r.closed()
	after.edit(firstSegment, func(b []byte) []byte {
		at := bytes.Index(b, []byte("first"))
		clear(b[at-store.SaltBytes : at+len("first")])
		return b
	})
	after.wantDamaged()
}

// TestGuaranteeRestartForgetsNothing opens a store anew and asks what only the past can answer: from the log, and from index files.
func TestGuaranteeRestartForgetsNothing(t *testing.T) {
	tests := map[string]disk.Options{
		"in the log":     {},
		"in index files": {SegmentBytes: 4096, IndexBytes: 4096, NoMerge: true},
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, o)
			var sent []store.Commit
			for i := range 16 {
				c := withKey(wideEvent(fmt.Sprintf("a-%d", i), fmt.Sprint(i), 1000), fmt.Sprintf("key-%d", i))
				c.Tracking = &store.Tracking{Source: fmt.Sprintf("source-%d", i), Position: 7}
				sent = append(sent, c)
				r.add(c)
			}
			r.closed().open() // writes the index of sealed segments if the store before has not come to it
			after := r.found(r.disk.CrashBest())
			after.open()
			if o.NoMerge && !hasIndex(after) {
				t.Fatal("there are no index files")
			}
			for i, c := range sent {
				if res := after.add(c); !res.Duplicate || res.First != store.Position(i+1) {
					t.Errorf("key-%d again answers %+v; want what was written first", i, res)
				}
			}
			for i := range sent {
				after.add(withGuards(oneEvent(fmt.Sprintf("a-%d", i), "next"), store.StreamAt{Stream: fmt.Sprintf("a-%d", i), Version: 1}))
				late := store.Commit{Tracking: &store.Tracking{Source: fmt.Sprintf("source-%d", i), Position: 7}}
				if _, err := after.s.Append(t.Context(), late); err == nil {
					t.Errorf("source-%d was tracked at 7 twice", i)
				}
			}
		})
	}
}

func hasIndex(r *rig) bool {
	for _, name := range r.disk.Files() {
		if strings.HasPrefix(name, dir+"/index/") {
			return true
		}
	}
	return false
}

// TestGuaranteeIndexIsOfThisLog brings back a shorter log and keeps the index files of the longer one.
func TestGuaranteeIndexIsOfThisLog(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 1 << 20, IndexBytes: 4096, NoMerge: true})
	written := r.indexWritten()
	for i := range 3 {
		r.add(wideEvent("a-1", fmt.Sprint(i), 5000))
	}
	<-written
	after := r.killed()
	after.edit(firstSegment, func(b []byte) []byte { return b[:rigFrames(t, b)[1]] })
	after.open()
	after.wantData()
	if res := after.add(oneEvent("a-1", "new")); res.First != 1 || res.Version("a-1") != 1 {
		t.Errorf("the first commit answers %+v", res)
	}
	after.wantData("new")
}

// TestGuaranteeIndexNeverLeadsTheLog looks at what is durable of a log that is not synced when an index file of it is.
func TestGuaranteeIndexNeverLeadsTheLog(t *testing.T) {
	r := newRig(t, disk.Options{Sync: disk.SyncNever, SegmentBytes: 1 << 20, IndexBytes: 4096, NoMerge: true})
	written := r.indexWritten()
	r.add(wideEvent("a-1", "covered", 5000))
	r.add(oneEvent("a-1", "next"))
	<-written
	after := r.found(r.disk.CrashWorst())
	if !hasIndex(after) {
		t.Fatal("there is no index file")
	}
	after.open()
	after.wantData("covered", "next")
}

// indexWritten returns a channel that is closed when an index file is durable.
func (r *rig) indexWritten() <-chan struct{} {
	written := make(chan struct{})
	synced := false // of the one goroutine that writes index files
	var once sync.Once
	r.on(func(op vfs.Op) error {
		if path.Base(op.Name) == "index" && op.Kind == vfs.OpSyncDir {
			synced = true
		} else if path.Base(path.Dir(op.Name)) == "index" && op.Kind == vfs.OpOpen && synced {
			once.Do(func() { close(written) })
		}
		return nil
	})
	return written
}

// TestGuaranteeSealIsWrittenAgain ends a process that has written a seal and not yet synced it.
func TestGuaranteeSealIsWrittenAgain(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	for i := range 3 {
		r.add(wideEvent("a-1", fmt.Sprint(i), 1000))
	}
	var after *rig
	r.on(func(op vfs.Op) error {
		if op.Kind == vfs.OpSync && op.Name == firstSegment && after == nil {
			after = r.killed()
		}
		return nil
	})
	r.add(wideEvent("a-1", "3", 1000))
	if len(rigSegments(after.disk)) != 2 {
		t.Fatal("the segment was not left")
	}
	after.open()
	after.wantData("0", "1", "2")
	after.add(oneEvent("a-1", "later"))
	after.powerLoss().wantData("0", "1", "2", "later")
}

// TestGuaranteeRecoveredSegmentIsOpenedAnew recovers a segment that it cuts and writes again: what it had opened before is not read afterwards.
func TestGuaranteeRecoveredSegmentIsOpenedAnew(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("a-1", "first"))
	r.add(oneEvent("a-1", "second"))
	after := r.killed()
	var opened, cut atomic.Int32
	after.on(func(op vfs.Op) error {
		switch {
		case op.Name != firstSegment:
		case op.Kind == vfs.OpOpen && cut.Load() > 0:
			opened.Add(1)
		case op.Kind == vfs.OpTruncate:
			cut.Add(1)
		}
		return nil
	})
	after.open()
	after.wantData("first", "second")
	if cut.Load() == 0 || opened.Load() == 0 {
		t.Errorf("the segment was cut %d times, and opened %d times then", cut.Load(), opened.Load())
	}
}
