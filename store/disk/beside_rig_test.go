package disk_test

import (
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// The tests of the files beside_*_test.go have one thing done amid another: a truncation in the loop over a read, an
// erasure between two files that a check opens. They put it there by the hook of the disk or of a context, in the
// goroutine that is at it, and wait for nothing but what must come.

var errDisk = errors.New("the disk does not answer")

// opOn matches operations of a kind on files whose name ends so.
func opOn(kind vfs.OpKind, suffix string) func(vfs.Op) bool {
	return func(op vfs.Op) bool {
		return op.Kind == kind && (strings.HasSuffix(op.Name, suffix) || strings.HasSuffix(op.NewName, suffix))
	}
}

// before does something right before the next operation that matches, in its goroutine. An error of do is the
// operation's. What before returns says whether there was such an operation.
func (r *rig) before(match func(vfs.Op) bool, do func() error) (happened func() bool) {
	var begun atomic.Bool
	r.on(func(op vfs.Op) error {
		if match(op) && begun.CompareAndSwap(false, true) {
			return do()
		}
		return nil
	})
	return begun.Load
}

// limited is a context that ends when a test must have ended long since.
func limited(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// receive waits for what must come.
func receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-limited(t).Done():
		t.Fatal("nothing comes")
		panic("unreachable")
	}
}

// askedContext does something when it is asked for its error the first time after it was armed.
type askedContext struct {
	context.Context
	armed atomic.Bool
	do    func()
}

func (c *askedContext) Err() error {
	if c.armed.CompareAndSwap(true, false) {
		c.do()
	}
	return c.Context.Err()
}

// wides appends as many events as are asked for, each of which fills a segment of 4 KiB.
func (r *rig) wides(stream string, data ...string) {
	r.t.Helper()
	for _, d := range data {
		r.add(wideEvent(stream, d, 3000))
	}
}

// truncateThrough truncates up to a position and compares where the store begins then.
func (r *rig) truncateThrough(through, want store.Position) {
	r.t.Helper()
	if first, err := r.s.Truncate(limited(r.t), through); err != nil || first != want {
		r.t.Errorf("truncating through %d leaves %d, %v; want %d", through, first, err, want)
	}
}

// gate holds back what a reader does to follow the writer. Shut it and open it at most once.
type gate struct {
	shut    atomic.Bool
	arrived chan struct{} // closed when a poll is held
	opened  chan struct{}
	once    sync.Once
	open    func()
}

func newGate() *gate {
	g := &gate{arrived: make(chan struct{}), opened: make(chan struct{})}
	g.open = sync.OnceFunc(func() { close(g.opened) })
	return g
}

func (g *gate) pass(op vfs.Op) {
	if g.shut.Load() && opOn(vfs.OpOpen, "log/head")(op) {
		g.once.Do(func() { close(g.arrived) })
		<-g.opened
	}
}

// readerBehind opens the store for reading, and lets the reader see nothing of what the writer does from now on until
// the gate is opened. Hook is asked before each operation of the reader; nil lets everything through.
func (r *rig) readerBehind(o disk.Options, hook func(vfs.Op) error) (*rig, *gate) {
	r.t.Helper()
	g := newGate()
	o.PollInterval = time.Millisecond
	ro := r.reader(o, func(op vfs.Op) error {
		g.pass(op)
		if hook == nil {
			return nil
		}
		return hook(op)
	})
	r.t.Cleanup(g.open)
	g.shut.Store(true)
	receive(r.t, g.arrived)
	return ro, g
}

// reader opens the store for reading beside the writer, and closes it when the test ends.
func (r *rig) reader(o disk.Options, hook func(vfs.Op) error) *rig {
	r.t.Helper()
	ro := &rig{t: r.t, disk: r.disk, opts: o, hook: hook}
	ro.opts.Clock, ro.opts.FS = r.opts.Clock, vfs.NewFault(r.disk, ro.call)
	s, err := disk.OpenReader(dir, ro.opts)
	if err != nil {
		r.t.Fatalf("open for reading: %v", err)
	}
	r.t.Cleanup(func() { _ = s.Close() })
	ro.s = s
	return ro
}

// follow follows the store from a position on until it has seen another.
func (r *rig) follow(after, until store.Position) error {
	for _, err := range r.s.Read(limited(r.t), nil, store.ReadOptions{After: after, Until: until, Follow: true}) {
		if err != nil {
			return err
		}
	}
	return nil
}

// aWhile waits for something that must not come: so long that it would have.
func aWhile(come func() bool) bool {
	const patience = 1 << 14
	for range patience {
		if come() {
			return true
		}
		runtime.Gosched()
	}
	return false
}

// indexed closes the store, makes its index again, so that all of it that can be is in files, and opens it.
func (r *rig) indexed() *rig {
	r.t.Helper()
	after := r.closed()
	if err := disk.RebuildIndex(dir, after.opts); err != nil {
		r.t.Fatal(err)
	}
	after.open()
	return after
}

// indexHolds says whether a file of the index with an extension covers a position.
func indexHolds(name, ext string, p store.Position) bool {
	var first, last store.Position
	if n, err := fmt.Sscanf(path.Base(name), "%016x-%016x"+ext, &first, &last); n < 2 || err != nil {
		return false
	}
	return path.Ext(name) == ext && first <= p && p <= last
}
