package disk_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// failure is one way in which a disk fails.
type failure struct {
	name  string
	kinds func(vfs.OpKind) bool // which operations are counted
	stays bool                  // later ones fail too, until the disk is mended
	err   func(op vfs.Op) error
}

var failures = []failure{
	{"an I/O error", vfs.OpKind.Changes, false, func(vfs.Op) error { return syscall.EIO }},
	{"a short write", func(k vfs.OpKind) bool { return k == vfs.OpWrite }, false, func(op vfs.Op) error {
		return &vfs.ShortWrite{N: int(op.Length) * 2 / 3, Err: syscall.EIO}
	}},
	{"a full disk", func(k vfs.OpKind) bool { return k == vfs.OpWrite || k == vfs.OpCreate || k == vfs.OpMkdirAll }, true, func(op vfs.Op) error {
		return &vfs.ShortWrite{N: int(op.Length) / 2, Err: syscall.ENOSPC}
	}},
	{"a dead disk", vfs.OpKind.Changes, true, func(vfs.Op) error { return syscall.EIO }},
	{"a read error", func(k vfs.OpKind) bool {
		return k == vfs.OpRead || k == vfs.OpOpen || k == vfs.OpReadDir || k == vfs.OpStat || k == vfs.OpSize
	}, false, func(vfs.Op) error { return syscall.EIO }},
}

// faulty makes a world's disk fail at its n-th operation of some kinds.
type faulty struct {
	failure
	w *world
	n int

	mu     sync.Mutex
	count  int
	fired  bool
	mended bool
	open   bool  // the store is open
	ended  bool  // a write, cut or sync of the log has failed since
	broken error // what was done to the log after that

	written vfs.Op // the last write of a segment since a sync of one
}

func (f *faulty) hook(op vfs.Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	segment := strings.HasSuffix(op.Name, ".seg")
	writes := op.Kind == vfs.OpWrite || op.Kind == vfs.OpTruncate || op.Kind == vfs.OpSync
	zeros := f.fills(op, segment)
	if f.ended && segment && writes && f.broken == nil {
		f.broken = fmt.Errorf("after a write, cut or sync of the log has failed there is %+v", op)
	}
	if !f.kinds(op.Kind) || f.mended {
		return nil
	}
	f.count++
	if f.count != f.n && (!f.stays || f.count < f.n) {
		return nil
	}
	f.fired = true
	err := f.err(op)
	if f.open && segment && writes && (!zeros || !errors.Is(err, syscall.ENOSPC)) {
		f.ended = true
	}
	return err
}

// fills says whether an operation writes zeros behind a group: for these alone, room is not needed. They follow the group, which
// follows the header of its segment or is the first write since a sync.
func (f *faulty) fills(op vfs.Op, segment bool) bool {
	if !segment || op.Kind != vfs.OpWrite && op.Kind != vfs.OpSync {
		return false
	}
	before := f.written
	if f.written = op; op.Kind == vfs.OpSync {
		f.written = vfs.Op{}
	}
	return op.Kind == vfs.OpWrite && before.Name == op.Name && before.Offset > 0 && op.Offset == before.Offset+before.Length
}

func (f *faulty) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *faulty) has(what func() bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return what()
}

// reopen opens the store, which may take a second try, and a mended disk.
func (f *faulty) reopen() error {
	f.set(func() { f.ended, f.open = false, false })
	err := f.w.open()
	if err != nil {
		if err := f.accept(err); err != nil {
			return fmt.Errorf("open: %w", err)
		}
		if left := f.w.files.left(); left != "" {
			return fmt.Errorf("open after an Open that has failed: %s", left)
		}
		f.set(func() { f.mended = f.mended || f.stays })
		err = f.w.open()
	}
	if err != nil {
		return fmt.Errorf("open again: %w", err)
	}
	f.set(func() { f.open = true })
	return f.resolve()
}

// resolve looks what has become of commits whose outcome was unknown.
func (f *faulty) resolve() error {
	p := f.w.promised()
	n, first, err := p.content(f.w.s)
	if err != nil && f.accept(err) == nil { // of reading; once
		n, first, err = p.content(f.w.s)
	}
	if err != nil {
		return err
	}
	f.w.change(func() {
		f.w.h.back(n)
		f.w.p.kept, f.w.sent, f.w.p.first, f.w.p.through, f.w.limbo = n, n, first, 0, false
	})
	return nil
}

// accept says what is wrong with an error, nil for one that the failure explains.
func (f *faulty) accept(err error) error {
	switch {
	case !f.has(func() bool { return f.fired }):
		return fmt.Errorf("nothing has failed yet: %w", err)
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.ENOSPC), errors.Is(err, store.ErrFailed):
		return nil
	}
	return err
}

// run makes steps, and goes on after errors as a program would.
func (f *faulty) run(steps int) error {
	err := f.reopen()
	failed := 0
	for n := 0; n < steps && err == nil; n++ {
		if err = f.w.step(); err == nil {
			continue
		}
		if err = f.accept(err); err != nil {
			return fmt.Errorf("step %d: %w", n, err)
		}
		if failed++; failed > 4 {
			f.set(func() { f.mended = true })
		}
		if err = f.goOn(); err != nil {
			err = fmt.Errorf("after step %d: %w", n, err)
		}
	}
	return err
}

// goOn makes sure that the store keeps to the contract after an error, and opens it again where it is needed.
func (f *faulty) goOn() error {
	if _, err := f.w.s.Head(f.w.t.Context()); errors.Is(err, store.ErrClosed) {
		return f.reopen()
	}
	ended := f.has(func() bool { return f.ended })
	if failed := f.w.failed(); failed != ended {
		return fmt.Errorf("the log has failed: %v; the store says so: %v", ended, failed)
	}
	if !ended {
		return nil
	}
	if _, err := f.w.s.Append(f.w.t.Context(), f.w.commit()); !errors.Is(err, store.ErrFailed) || errors.Is(err, store.ErrUnknown) {
		return fmt.Errorf("append after the log has failed: %w", err)
	}
	if err := f.w.s.Close(); !errors.Is(err, store.ErrFailed) {
		return fmt.Errorf("close after the log has failed: %w", err)
	}
	if f.broken != nil {
		return f.broken
	}
	return f.reopen()
}

// faultAt runs a world whose disk fails at its n-th operation, crashes it, and says whether the failure came.
func faultAt(t *testing.T, seed uint64, how failure, n, steps int) bool {
	t.Helper()
	w := newWorld(t, seed, disk.Options{})
	w.mayFail = true
	f := &faulty{failure: how, w: w, n: n}
	w.onOp(f.hook)
	err := f.run(steps)
	im := images[n%len(images)]
	rnd := rand.New(rand.NewPCG(seed, uint64(n)))
	img := im.take(w.disk, rnd)
	p := w.promised()
	if w.s != nil {
		if closed := w.s.Close(); err == nil && closed != nil {
			err = f.accept(closed)
		}
	}
	if left := w.files.left(); err == nil && left != "" {
		err = fmt.Errorf("open at the end: %s", left)
	}
	if err == nil {
		err = f.broken
	}
	if err == nil {
		if _, err = p.verify(img, w.afterCrash(), rnd); err != nil {
			err = fmt.Errorf("then %s: %w", im.name, err)
		}
	}
	if err != nil {
		t.Fatalf("seed %d, %s at operation %d of its kind: %v", seed, how.name, n, err)
	}
	return f.fired
}

// TestFaultAtEveryOperation lets the disk fail in every way at each operation of a short run, and at some of other runs.
func TestFaultAtEveryOperation(t *testing.T) {
	const steps = 16
	before := runtime.NumGoroutine()
	for seed := range seeds(t, 8) {
		rnd := rand.New(rand.NewPCG(seed, 15))
		runs := map[string]int{}
		for _, how := range failures {
			oneIn := 1
			if seed > 0 {
				oneIn = 50
			} else if how.name == "a read error" {
				oneIn = 8
			} else if how.stays {
				oneIn = 2
			}
			for n := 1 + rnd.IntN(oneIn); faultAt(t, 3006+seed, how, n, steps); n += 1 + rnd.IntN(2*oneIn-1) {
				runs[how.name]++
			}
		}
		t.Logf("seed %d: %v", seed, runs)
	}
	goroutines(t, before)
}
