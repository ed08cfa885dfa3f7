package disk_test

import (
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestBesideEraseAppendsGoOn fills all the room there is for tables that wait to be written while an erasure, which
// writing them waits for, is at it: the erasure does not wait for them in turn.
func TestBesideEraseAppendsGoOn(t *testing.T) {
	o := disk.Options{SegmentBytes: 4096, IndexBytes: 4096, NoMerge: true}
	room := roomForTables(t, o)
	r := newRig(t, o)
	r.wides("", "secret")
	happened := r.before(opOn(vfs.OpRead, "00000001.seg"), func() error {
		for i := range room - 1 {
			if _, err := r.s.Append(limited(t), wideEvent("", fmt.Sprint(i), 3000)); err != nil {
				t.Errorf("append %d of %d is held back: %v", i+1, room-1, err)
			}
		}
		return nil
	})
	if _, err := r.s.Erase(limited(t), store.Erasure{Positions: []store.Position{1}}); err != nil {
		t.Errorf("erase beside appends: %v", err)
	}
	if !happened() {
		t.Error("the erasure did not read the payload")
	}
	r.wantErased(1)
	r.wides("", "more")
}

// roomForTables returns how many wide events a store takes while its index cannot be written.
func roomForTables(t *testing.T, o disk.Options) int {
	t.Helper()
	r := newRig(t, o)
	r.on(func(op vfs.Op) error {
		if op.Kind == vfs.OpCreate && path.Base(path.Dir(op.Name)) == "index" {
			return errDisk
		}
		return nil
	})
	for n := 0; ; n++ {
		_, err := r.s.Append(limited(t), wideEvent("", fmt.Sprint(n), 3000))
		if errors.Is(err, errDisk) && n > 1 {
			return n
		}
		if err != nil {
			t.Fatalf("append %d: %v", n+1, err)
		}
	}
}

// TestBesideEraseCheckFindsNothing erases behind the end up to which a check looks, and in a segment that it has still to
// read.
func TestBesideEraseCheckFindsNothing(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	r.wides("", "1", "2", "3", "4")
	happened := r.before(opOn(vfs.OpOpen, "/heads"), func() error { return r.erase(1) })
	r.wantSound()
	if !happened() {
		t.Error("the check did not look for the file heads")
	}
	r.wantErased(1)
}

// TestBesideEraseOldFileIsLetGo fails the sync of the directory in which a segment was replaced by its copy: what is read
// then is the copy, not the file that was open.
func TestBesideEraseOldFileIsLetGo(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	r.wides("", "1", "2", "3")
	r.wantData("1", "2", "3")
	var renamed, failed atomic.Bool
	r.on(func(op vfs.Op) error {
		if opOn(vfs.OpRename, "00000001.seg")(op) {
			renamed.Store(true)
		}
		if op.Kind == vfs.OpSyncDir && renamed.Load() && failed.CompareAndSwap(false, true) {
			return errDisk
		}
		return nil
	})
	if err := r.erase(1); !errors.Is(err, errDisk) {
		t.Fatalf("erasing without the sync of the directory returns %v", err)
	}
	if err := r.erase(2); err != nil { // and finishes the one before
		t.Fatal(err)
	}
	opened := r.before(opOn(vfs.OpOpen, "00000001.seg"), func() error { return nil })
	r.wantErased(1)
	if !opened() {
		t.Error("the file of before the copy, which has the payload, is still the one that is read")
	}
}

// TestBesideEraseReaderLetsGoOfOldFile has a reader take up an index file that covers an $erasure which the reader never
// saw in the log: it must not go on with the file of before the copy.
func TestBesideEraseReaderLetsGoOfOldFile(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096, IndexBytes: 4096, NoMerge: true})
	r.wides("", "secret")
	var armed, amid atomic.Bool
	var looks atomic.Int32
	again := make(chan struct{}) // closed when the reader has taken up the index and looks again
	ro, g := r.readerBehind(disk.Options{NoMerge: true, SegmentBytes: 4096, IndexBytes: 4096}, func(op vfs.Op) error {
		switch {
		case opOn(vfs.OpReadDir, "/index")(op) && armed.Load() && amid.CompareAndSwap(false, true):
			if err := r.erase(1); err != nil {
				t.Errorf("erase: %v", err)
			}
			r.awaitIndexed(limited(t).Done())
		case opOn(vfs.OpOpen, "log/head")(op) && amid.Load():
			const enough = 3 // for the end of what it takes up, too
			if looks.Add(1) == enough {
				close(again)
			}
		}
		return nil
	})
	ro.wantData("secret")
	armed.Store(true)
	for i := range 6 {
		r.wides("", fmt.Sprint(i))
	}
	g.open()
	receive(t, again)
	ro.wantErased(1)
}

// awaitIndexed appends until an index file covers what was the head before.
func (r *rig) awaitIndexed(give <-chan struct{}) {
	head, err := r.s.Head(limited(r.t))
	if err != nil {
		r.t.Error(err)
	}
	for i := range 4 {
		if _, err := r.s.Append(limited(r.t), wideEvent("", fmt.Sprint("later ", i), 3000)); err != nil {
			r.t.Error(err)
		}
	}
	covered := func(name string) bool { return indexHolds(name, ".idx", head) }
	for !slices.ContainsFunc(r.disk.Files(), covered) {
		select {
		case <-give:
			r.t.Errorf("no index file covers position %d: %v", head, r.disk.Files())
			return
		default:
			runtime.Gosched()
		}
	}
}
