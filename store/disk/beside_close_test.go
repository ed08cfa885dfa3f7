package disk_test

import (
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestBesideCloseCopyIsFinished closes a store while it stands before the rename of a copy: the lock is held until that is
// done, because another opener's copy may have the same name.
func TestBesideCloseCopyIsFinished(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	for _, d := range []string{"1", "2", "3"} {
		r.add(wideEvent("", d, 1500))
	}
	halted := make(chan struct{}) // closed when the goroutines of the store have ended
	closed := make(chan error, 1)
	var closing, unlocked atomic.Bool
	early := true
	r.on(func(op vfs.Op) error {
		switch {
		case opOn(vfs.OpRename, "00000001.seg")(op) && closing.CompareAndSwap(false, true):
			go func() { closed <- r.s.Close() }()
			select {
			case <-halted:
			case <-limited(t).Done():
				t.Error("close does not come to the end of the log")
			}
			early = aWhile(unlocked.Load)
		case opOn(vfs.OpClose, "log/head")(op) && closing.Load():
			close(halted)
		case op.Kind == vfs.OpUnlock:
			unlocked.Store(true)
		}
		return nil
	})
	if _, err := r.s.Erase(limited(t), store.Erasure{Positions: []store.Position{1}}); err != nil {
		t.Errorf("erase beside close: %v", err)
	}
	if !closing.Load() {
		t.Fatal("the erasure made no copy")
	}
	if err := receive(t, closed); err != nil {
		t.Errorf("close beside erase: %v", err)
	}
	if early {
		t.Error("the lock was given back while a copy was still to be renamed")
	}
	after := r.found(r.disk.CrashBest())
	after.open()
	after.wantData("", "2", "3", "")
}
