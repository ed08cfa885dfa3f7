package disk_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// wide makes up a commit that takes a good part of a segment.
func (w *world) wide() store.Commit {
	c := w.small()
	c.Events[0].Data = append(c.Events[0].Data, strings.Repeat("w", 1500)...)
	return c
}

// TestFaultNextSegmentIsRefused has no room for another segment: the commit that needs it is refused, one that still fits is taken, and
// with room again all goes on.
func TestFaultNextSegmentIsRefused(t *testing.T) {
	for _, kind := range []vfs.OpKind{vfs.OpCreate, vfs.OpSyncDir} {
		w := newWorld(t, 1, disk.Options{})
		w.mayFail = true
		must(t, w.open())
		must(t, w.send(w.wide(), w.wide()))
		var writes atomic.Int32 // to the log
		w.onOp(func(op vfs.Op) error {
			if op.Kind == vfs.OpWrite && isSegFile(op.Name) {
				writes.Add(1)
			}
			if op.Kind == kind && (strings.HasSuffix(op.Name, ".seg") || strings.HasSuffix(op.Name, "/log")) {
				return syscall.ENOSPC
			}
			return nil
		})
		for range 3 {
			err := w.send(w.wide())
			if !errors.Is(err, syscall.ENOSPC) || errors.Is(err, store.ErrUnknown) || errors.Is(err, store.ErrFailed) || writes.Load() > 0 {
				t.Errorf("%s: a commit that needs a segment gets %v, and there were %d writes", kind, err, writes.Load())
			}
		}
		must(t, w.send(w.small()))
		w.onOp(nil)
		must(t, w.send(w.wide(), w.wide(), w.small()))
		p := w.promised()
		if _, err := p.verify(w.disk.CrashWorst(), w.afterCrash(), w.rnd); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		must(t, w.close())
	}
}

// TestFaultIndexIsBounded has an index that cannot be written: nothing is lost, appends are refused before memory grows without bound,
// and go on when the index can be written again.
func TestFaultIndexIsBounded(t *testing.T) {
	for _, kind := range []vfs.OpKind{vfs.OpCreate, vfs.OpWrite, vfs.OpSync, vfs.OpRename, vfs.OpSyncDir} {
		w := newWorld(t, 1, disk.Options{})
		var full atomic.Bool
		var reports atomic.Int32
		w.mayFail = true
		w.opts.Background = func(error) { reports.Add(1) }
		w.onOp(func(op vfs.Op) error {
			if full.Load() && op.Kind == kind && strings.HasPrefix(op.Name, dir+"/index") {
				return syscall.ENOSPC
			}
			return nil
		})
		must(t, w.open())
		full.Store(true)
		var err error
		const enough = 60 // commits, of which two fill a segment
		for n := 0; err == nil && n < enough; {
			if err = w.send(w.wide()); reports.Load() > 0 {
				n++
			}
			runtime.Gosched()
		}
		if !errors.Is(err, syscall.ENOSPC) || errors.Is(err, store.ErrUnknown) || errors.Is(err, store.ErrFailed) || reports.Load() == 0 {
			t.Fatalf("%s: after %d commits append says %v; %d errors were reported", kind, len(w.h.commits), err, reports.Load())
		}
		p := w.promised()
		if _, err := p.verify(w.disk.CrashWorst(), w.afterCrash(), w.rnd); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		v := view{s: w.s, all: p.commits, left: p.commits, first: 1}
		for _, compare := range []func(choice) error{v.queries, v.streams, v.types} {
			if err := compare(w.rnd); err != nil {
				t.Errorf("%s: while the index cannot be written: %v", kind, err)
			}
		}
		full.Store(false)
		const patience = 1 << 16
		for n := 0; err != nil && n < patience; n++ {
			err = w.send(w.wide())
			runtime.Gosched()
		}
		must(t, err)
		must(t, w.close())
		p = w.promised()
		if _, err := p.verify(w.disk.CrashWorst(), w.afterCrash(), w.rnd); err != nil {
			t.Errorf("%s, with room again: %v", kind, err)
		}
	}
}

// TestFaultFailedSyncLooksClean fails each sync of the log in turn. The process that opens the store next reads pages that look clean and are
// not on the disk: what it shows must survive a loss of power right then.
func TestFaultFailedSyncLooksClean(t *testing.T) {
	for n := 1; ; n++ {
		w := newWorld(t, 5001, disk.Options{})
		w.mayFail = true
		must(t, w.open())
		w.disk.FailSync(n, func(name string) bool { return strings.HasSuffix(name, ".seg") })
		var err error
		for step := 0; step < 20 && err == nil; step++ {
			err = w.step()
		}
		if closed := w.s.Close(); err == nil {
			err = closed
		}
		if !errors.Is(err, simfs.ErrSync) {
			must(t, err)
			if n < 10 {
				t.Fatalf("the run syncs the log only %d times", n-1)
			}
			return
		}
		p := w.promised()
		s, err := disk.Open(dir, w.opts)
		must(t, err)
		shown, first, err := p.content(s)
		if err != nil {
			t.Fatalf("sync %d failed, and the store was opened again: %v", n, err)
		}
		p.kept, p.commits, p.first, p.through = shown, p.commits[:shown], first, 0
		if _, err := p.verify(w.disk.CrashWorst(), w.afterCrash(), w.rnd); err != nil {
			t.Fatalf("sync %d failed, the store was opened again and lost power: %v", n, err)
		}
		must(t, s.Close())
	}
}

// TestFaultConflictRestsOnWhatIsUnknown fails the sync of a group: a conflict and a duplicate that rest on it are unknown too, or
// refused where they were not decided.
func TestFaultConflictRestsOnWhatIsUnknown(t *testing.T) {
	w := newWorld(t, 1, disk.Options{})
	must(t, w.open())
	entered, release := make(chan struct{}), make(chan struct{})
	w.onOp(func(op vfs.Op) error {
		if op.Kind == vfs.OpSync {
			close(entered)
			<-release
			return syscall.EIO
		}
		return nil
	})
	c := store.Commit{Key: "key", Events: []store.Event{{Stream: "a-1", Type: "T"}}}
	guarded := store.Commit{Guards: []store.Guard{store.StreamAt{Stream: "a-1"}}, Events: c.Events}
	first := w.s.Start(t.Context(), c)
	<-entered
	waits := []func() (store.Result, error){first, w.s.Start(t.Context(), c), w.s.Start(t.Context(), guarded)}
	close(release)
	for i, wait := range waits {
		got, err := wait()
		unknown, refused := errors.Is(err, store.ErrUnknown), errors.Is(err, store.ErrFailed)
		if !errors.Is(err, syscall.EIO) || !unknown && (i == 0 || !refused) {
			t.Errorf("commit %d: %+v, %v, want an unknown outcome", i, got, err)
		}
	}
	if head, err := w.s.Head(t.Context()); head != 0 || err != nil {
		t.Errorf("the head is %d, %v", head, err)
	}
	if _, err := w.s.Append(t.Context(), c); !errors.Is(err, store.ErrFailed) || errors.Is(err, store.ErrUnknown) {
		t.Errorf("append then: %v", err)
	}
	w.onOp(func(op vfs.Op) error {
		if op.Kind.Changes() {
			return fmt.Errorf("%+v while closing a failed store", op)
		}
		return nil
	})
	if err := w.s.Close(); !errors.Is(err, store.ErrFailed) || !errors.Is(err, syscall.EIO) {
		t.Errorf("close: %v", err)
	}
}
