package disk_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestBesideReaderTruncationIsTold truncates what a reader has walked: reads of it are told so, those of the rest go on.
func TestBesideReaderTruncationIsTold(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096, IndexBytes: 4096})
	for i := range 5 {
		r.wides("s", fmt.Sprint(i))
	}
	ro, g := r.readerBehind(disk.Options{SegmentBytes: 4096, IndexBytes: 4096, OpenSegments: 2}, nil)
	for i := range 5 {
		r.wides("s", fmt.Sprint(i))
	}
	r.truncateThrough(8, 9)
	wantTold := func() {
		t.Helper()
		for _, q := range []store.Query{nil, {{Stream: "s"}}} {
			_, err := readAll(ro.s, q, store.ReadOptions{})
			if told, ok := errors.AsType[*store.TruncatedError](err); !ok || told.First != 9 {
				t.Errorf("reading %+v ends with %v; want that the store begins at 9", q, err)
			}
		}
	}
	wantTold()
	g.open()
	for i := range 12 {
		r.wides("s", fmt.Sprint(i))
	}
	if err := ro.follow(8, 22); err != nil {
		t.Errorf("follow from the first event that is left: %v", err)
	}
	wantTold()
}

// TestBesideReaderBehindTruncationGoesOn truncates what a reader has not come to.
func TestBesideReaderBehindTruncationGoesOn(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096, IndexBytes: 4096})
	r.wides("s", "1")
	ro, g := r.readerBehind(disk.Options{SegmentBytes: 4096, IndexBytes: 4096}, nil)
	for i := range 9 {
		r.wides("s", fmt.Sprint(i))
	}
	r.truncateThrough(8, 9)
	g.open()
	if err := ro.follow(8, 10); err != nil {
		t.Errorf("follow from the first event that is left: %v", err)
	}
}

// TestBesideReaderWaitsForHead opens a store for reading when the writer has made log/head and not written it.
func TestBesideReaderWaitsForHead(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("", "1"))
	r = r.closed()
	stands, release := make(chan struct{}), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(release) })
	t.Cleanup(goOn)
	r.before(opOn(vfs.OpWrite, "log/head"), func() error {
		close(stands)
		<-release
		return nil
	})
	opened := make(chan error, 1)
	go func() { opened <- r.tryOpen() }()
	receive(t, stands)
	o := r.opts
	var looks atomic.Int32
	o.FS = vfs.NewFault(r.disk, func(op vfs.Op) error {
		const enough = 3 // whether it was closed cleanly, how far it is, and once more
		if opOn(vfs.OpOpen, "log/head")(op) && looks.Add(1) == enough {
			goOn()
		}
		return nil
	})
	ro, err := disk.OpenReader(dir, o)
	goOn()
	if err := receive(t, opened); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatalf("open for reading: %v", err)
	}
	got, err := dataOf(ro)
	if err = errors.Join(err, ro.Close()); err != nil || len(got) != 1 {
		t.Errorf("the reader sees %q, %v", got, err)
	}
}

// TestBesideReaderWaitsForErasure has a reader come upon a payload that was erased, while the writer is being opened again
// and log/head is not there to tell.
func TestBesideReaderWaitsForErasure(t *testing.T) {
	r := newRig(t, disk.Options{SegmentBytes: 4096})
	r.wides("", "1", "2", "3", "4")
	var looks atomic.Int32
	stands, release := make(chan struct{}), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(release) })
	t.Cleanup(goOn)
	var waiting atomic.Bool
	ro := r.reader(disk.Options{SegmentBytes: 4096, OpenSegments: 2, PollInterval: time.Hour}, func(op vfs.Op) error {
		if waiting.Load() && opOn(vfs.OpOpen, "log/head")(op) && looks.Add(1) == 2 {
			goOn()
		}
		return nil
	})
	if err := r.erase(1); err != nil {
		t.Fatal(err)
	}
	if err := r.s.Close(); err != nil {
		t.Fatal(err)
	}
	r.before(opOn(vfs.OpCreate, "log/head"), func() error {
		close(stands)
		<-release
		return nil
	})
	opened := make(chan error, 1)
	go func() { opened <- r.tryOpen() }()
	receive(t, stands)
	waiting.Store(true)
	events, err := readAll(ro.s, nil, store.ReadOptions{})
	goOn()
	if err := receive(t, opened); err != nil {
		t.Fatal(err)
	}
	if err != nil || events[0].Erased != 5 {
		t.Errorf("the reader sees %+v, %v; want position 1 erased by 5", events, err)
	}
	if looks.Load() < 2 {
		t.Errorf("the reader looked %d times for log/head", looks.Load())
	}
}

// TestBesideReaderReadOnlyDirectory opens a store that was not closed, on a medium that takes no writes: it is read as it is.
func TestBesideReaderReadOnlyDirectory(t *testing.T) {
	for _, refusal := range []error{syscall.EROFS, syscall.EACCES} {
		t.Run(refusal.Error(), func(t *testing.T) {
			r := newRig(t, disk.Options{SegmentBytes: 4096})
			r.wides("", "1", "2", "3")
			ro := r.killed().reader(disk.Options{SegmentBytes: 4096}, func(op vfs.Op) error {
				if op.Kind == vfs.OpLock || op.Kind.Changes() {
					return refusal
				}
				return nil
			})
			ro.wantData("1", "2", "3")
		})
	}
}

// TestBesideReaderOutlivesAnError fails one look of a reader at log/head.
func TestBesideReaderOutlivesAnError(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("", "1"))
	var failing atomic.Bool
	failed := make(chan struct{})
	ro := r.reader(disk.Options{PollInterval: time.Millisecond}, func(op vfs.Op) error {
		if opOn(vfs.OpOpen, "log/head")(op) && failing.CompareAndSwap(true, false) {
			close(failed)
			return syscall.EMFILE
		}
		return nil
	})
	failing.Store(true)
	receive(t, failed)
	r.add(oneEvent("", "2"))
	if err := ro.follow(0, 2); err != nil {
		t.Errorf("follow after an error: %v", err)
	}
	ro.wantData("1", "2")
}

// TestBesideReaderDamageIsTold damages what a reader has still to take in: then no read passes over it in silence.
func TestBesideReaderDamageIsTold(t *testing.T) {
	r := newRig(t, disk.Options{})
	r.add(oneEvent("", "first"))
	ro, g := r.readerBehind(disk.Options{}, nil)
	r.add(oneEvent("", "second"))
	r.spoil(firstSegment, "second")
	g.open()
	if err := ro.follow(0, 2); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("follow into damage: %v", err)
	}
	for _, q := range []store.Query{nil, {{Types: []string{"Noted"}}}} {
		if _, err := readAll(ro.s, q, store.ReadOptions{}); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("read %+v after that: %v; want damage", q, err)
		}
	}
}
