package disk_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// The tests of the files guarantee_*_test.go have one promise of the engine each and break when it is broken, without
// chance: the deliberate breakages of internal/mutants are caught by them and by the conversations of the suite.

// firstSegment is the name of the first segment on the disk of a rig.
const firstSegment = dir + "/log/00000001.seg"

// rig is a store on a simulated disk whose operations a test can watch, hold and fail. Its clock stands still.
type rig struct {
	t    testing.TB
	disk *simfs.FS
	opts disk.Options
	s    *disk.Store

	mu   sync.Mutex
	hook func(vfs.Op) error // guarded by mu; nil lets everything through
}

// newRig opens a new store. Small segments and index files are for the options to ask for.
func newRig(t testing.TB, o disk.Options) *rig {
	t.Helper()
	r := &rig{t: t, disk: simfs.New(), opts: o}
	r.opts.Clock = func() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) }
	r.opts.FS = vfs.NewFault(r.disk, r.call)
	r.open()
	return r
}

// call is the hook of the disk.
func (r *rig) call(op vfs.Op) error {
	r.mu.Lock()
	hook := r.hook
	r.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(op)
}

// on sets what is asked before each operation, by whichever goroutine does it; nil for nothing.
func (r *rig) on(hook func(vfs.Op) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hook = hook
}

// open opens the store on the disk as it is, and closes it when the test ends.
func (r *rig) open() {
	r.t.Helper()
	if err := r.tryOpen(); err != nil {
		r.t.Fatalf("open: %v", err)
	}
}

func (r *rig) tryOpen() error {
	s, err := disk.Open(dir, r.opts)
	if err != nil {
		return err
	}
	r.s = s
	r.t.Cleanup(func() {
		r.on(nil)
		_ = s.Close() // it may have failed by then, as the test wanted
	})
	return nil
}

// found returns a rig of a disk as a crash left it, with the store not yet open.
func (r *rig) found(img *simfs.FS) *rig {
	after := &rig{t: r.t, disk: img, opts: r.opts}
	after.opts.FS = vfs.NewFault(img, after.call)
	return after
}

// powerLoss returns a rig of what is left when all is lost that is not durable, with the store open again.
func (r *rig) powerLoss() *rig {
	r.t.Helper()
	after := r.found(r.disk.CrashWorst())
	after.open()
	return after
}

// killed returns a rig of what is left when the process ends and the machine goes on, with the store not yet open.
func (r *rig) killed() *rig { return r.found(r.disk.CrashBest()) }

// closed closes the store and returns a rig of the disk, with the store not yet open.
func (r *rig) closed() *rig {
	r.t.Helper()
	if err := r.s.Close(); err != nil {
		r.t.Fatalf("close: %v", err)
	}
	return r.found(r.disk.CrashBest())
}

// add appends a commit, which must be accepted.
func (r *rig) add(c store.Commit) store.Result {
	r.t.Helper()
	res, err := r.s.Append(context.Background(), c)
	if err != nil {
		r.t.Fatalf("append %+v: %v", c, err)
	}
	return res
}

// wantData compares the data of all events with what is wanted, in order.
func (r *rig) wantData(want ...string) {
	r.t.Helper()
	got, err := dataOf(r.s)
	if err != nil {
		r.t.Fatalf("read: %v", err)
	}
	if d := cmp.Diff(append([]string{}, want...), got); d != "" {
		r.t.Fatalf("events (-want +got):\n%s", d)
	}
}

// dataOf returns the data of all events, without the blanks of wideEvent.
func dataOf(s store.Store) ([]string, error) {
	events, err := readAll(s, nil, store.ReadOptions{})
	got := []string{}
	for _, e := range events {
		got = append(got, strings.TrimRight(string(e.Data), " "))
	}
	return got, err
}

// wantDamaged opens the store, which must be found damaged.
func (r *rig) wantDamaged() {
	r.t.Helper()
	if err := r.tryOpen(); !errors.Is(err, store.ErrDamaged) {
		r.t.Fatalf("opening returns %v; want damage", err)
	}
}

// edit changes the bytes of a file.
func (r *rig) edit(name string, change func(b []byte) []byte) {
	r.t.Helper()
	b, err := r.disk.ReadFile(name)
	if err == nil {
		err = r.disk.WriteFile(name, change(b))
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// spoil flips one bit of some text in a file; the text is there once.
func (r *rig) spoil(name, text string) {
	r.t.Helper()
	b, err := r.disk.ReadFile(name)
	if err != nil {
		r.t.Fatal(err)
	}
	if n := strings.Count(string(b), text); n != 1 {
		r.t.Fatalf("%s has %q %d times, want once", name, text, n)
	}
	if err := r.disk.Flip(name, int64(strings.Index(string(b), text))*8); err != nil {
		r.t.Fatal(err)
	}
}

// hold makes the next sync of a segment wait. The first function returns when it does, the second lets it go on.
func (r *rig) hold() (reached, release func()) {
	at, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.on(func(op vfs.Op) error {
		if op.Kind != vfs.OpSync || !isSegFile(op.Name) {
			return nil
		}
		once.Do(func() {
			close(at)
			<-goOn
		})
		return nil
	})
	return func() { <-at }, func() { close(goOn) }
}

func isSegFile(name string) bool { return path.Ext(name) == ".seg" }

// rigAnswer is what became of an append.
type rigAnswer struct {
	res store.Result
	err error
}

// together appends commits that are judged before any of them is durable: they are queued while the sync of another
// commit waits, and go into one group then. That other one is the event "before".
func (r *rig) together(commits ...store.Commit) []rigAnswer {
	r.t.Helper()
	reached, release := r.hold()
	before := r.s.Start(context.Background(), oneEvent("", "before"))
	reached()
	var waits []func() (store.Result, error)
	for _, c := range commits {
		waits = append(waits, r.s.Start(context.Background(), c))
	}
	release()
	if _, err := before(); err != nil {
		r.t.Fatalf("append before the group: %v", err)
	}
	var out []rigAnswer
	for _, wait := range waits {
		res, err := wait()
		out = append(out, rigAnswer{res, err})
	}
	r.on(nil)
	return out
}

// inFlight returns a rig of what a killed process leaves that was about to sync a group of commits, with the store not yet
// open. The event "before" is durable by then.
func (r *rig) inFlight(commits ...store.Commit) *rig {
	r.t.Helper()
	var img *simfs.FS
	reached, release := r.hold()
	before := r.s.Start(context.Background(), oneEvent("", "before"))
	reached()
	var waits []func() (store.Result, error)
	for _, c := range commits {
		waits = append(waits, r.s.Start(context.Background(), c))
	}
	r.on(func(op vfs.Op) error {
		if op.Kind == vfs.OpSync && isSegFile(op.Name) && img == nil {
			img = r.disk.CrashBest()
		}
		return nil
	})
	release()
	for _, wait := range append(waits, before) {
		if _, err := wait(); err != nil {
			r.t.Fatal(err)
		}
	}
	r.on(nil)
	return r.found(img)
}

// oneEvent is a commit of one event.
func oneEvent(stream, data string, tags ...string) store.Commit {
	return store.Commit{Events: []store.Event{{Stream: stream, Type: "Noted", Data: []byte(data), Tags: tags}}}
}

// wideEvent is oneEvent with data that is filled up with blanks to a number of bytes.
func wideEvent(stream, data string, bytes int) store.Commit {
	return oneEvent(stream, fmt.Sprintf("%-*s", bytes, data))
}

// withKey is c with a key, withGuards is c with guards.
func withKey(c store.Commit, key string) store.Commit { c.Key = key; return c }

func withGuards(c store.Commit, guards ...store.Guard) store.Commit { c.Guards = guards; return c }

// rigFrames returns the offsets of the frames in a segment that is whole, up to the zeros that it was filled ahead with.
func rigFrames(t testing.TB, b []byte) []int {
	t.Helper()
	var out []int
	for at := 64; at < len(bytes.TrimRight(b, "\x00")); {
		if string(b[at:at+4]) != "gfr1" {
			t.Fatalf("there is no frame at offset %d", at)
		}
		out = append(out, at)
		at += (48 + int(binary.LittleEndian.Uint32(b[at+4:])) + 7) / 8 * 8
	}
	return out
}

// rigSegments returns the names of the segments on a disk, rising.
func rigSegments(d *simfs.FS) []string {
	return slices.DeleteFunc(d.Files(), func(name string) bool { return !isSegFile(name) })
}
