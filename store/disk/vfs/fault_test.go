package vfs_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

var errFull = errors.New("disk is full")

// everything does each operation once, in a fixed order, and returns its errors.
func everything(disk vfs.FS) []error {
	var errs []error
	add := func(err error) { errs = append(errs, err) }
	add(disk.MkdirAll("d"))
	f, err := disk.Create("d/f")
	add(err)
	if f != nil {
		_, err = f.WriteAt([]byte("data"), 3)
		add(err)
		_, err = f.ReadAt(make([]byte, 2), 1)
		add(err)
		_, err = f.Size()
		add(errors.Join(err, f.Truncate(5), f.Sync(), f.Close()))
	}
	_, err = disk.Stat("d/f")
	add(err)
	_, err = disk.ReadDir("d")
	add(err)
	add(disk.SyncDir("d"))
	for _, open := range []func(string) (vfs.File, error){disk.Open, disk.OpenWrite} {
		f, err := open("d/f")
		add(err)
		if f != nil {
			add(f.Close())
		}
	}
	l, err := disk.Lock("d/lock")
	add(err)
	if l != nil {
		add(l.Close())
	}
	add(disk.Rename("d/f", "d/g"))
	add(disk.Remove("d/g"))
	add(disk.RemoveAll("d"))
	return errs
}

func TestFaultSeesEveryOperation(t *testing.T) {
	var got []string
	disk := vfs.NewFault(simfs.New(), func(op vfs.Op) error {
		got = append(got, fmt.Sprint(op.Kind, " ", op.Name, " ", op.NewName, " ", op.Offset, " ", op.Length))
		return nil
	})
	if err := errors.Join(everything(disk)...); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"mkdirAll d  0 0", "create d/f  0 0", "write d/f  3 4", "read d/f  1 2", "size d/f  0 0",
		"truncate d/f  0 5", "sync d/f  0 0", "close d/f  0 0", "stat d/f  0 0", "readDir d  0 0", "syncDir d  0 0",
		"open d/f  0 0", "close d/f  0 0", "openWrite d/f  0 0", "close d/f  0 0",
		"lock d/lock  0 0", "unlock d/lock  0 0", "rename d/f d/g 0 0", "remove d/g  0 0", "removeAll d  0 0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFaultFailsTheNthOperation(t *testing.T) {
	for n := 1; ; n++ {
		seen := 0
		var before []string
		disk := simWithDir(t, ".")
		faulty := vfs.NewFault(disk, func(vfs.Op) error {
			seen++
			switch seen {
			case n:
				before = disk.Files()
				return errFull
			case n + 1:
				if now := disk.Files(); !slices.Equal(now, before) {
					t.Errorf("operation %d failed and was done: %q, then %q", n, before, now)
				}
			}
			return nil
		})
		err := errors.Join(everything(faulty)...)
		if seen < n {
			if n < 21 {
				t.Errorf("only %d operations", n-1)
			}
			return
		}
		if !errors.Is(err, errFull) {
			t.Errorf("operation %d: got %v, want %v", n, err, errFull)
		}
	}
}

func TestShortWrite(t *testing.T) {
	for _, c := range []struct {
		n, want int
	}{{-1, 0}, {0, 0}, {3, 3}, {6, 6}, {99, 6}} {
		disk := simfs.New()
		faulty := vfs.NewFault(disk, func(op vfs.Op) error {
			if op.Kind == vfs.OpWrite {
				return fmt.Errorf("inject: %w", &vfs.ShortWrite{N: c.n, Err: errFull})
			}
			return nil
		})
		f, err := faulty.Create("f")
		must(t, err)
		n, err := f.WriteAt([]byte("abcdef"), 0)
		if n != c.want || err != errFull { //nolint:errorlint // It must be this error itself, without what wrapped it.
			t.Errorf("N %d: got %d, %v; want %d, %v", c.n, n, err, c.want, errFull)
		}
		if got, err := disk.ReadFile("f"); string(got) != "abcdef"[:c.want] || err != nil {
			t.Errorf("N %d: the file has %q, %v", c.n, got, err)
		}
	}
}

func TestFailedCloseClosesAllTheSame(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		faulty := vfs.NewFault(disk, func(op vfs.Op) error {
			if op.Kind == vfs.OpClose || op.Kind == vfs.OpUnlock {
				return errFull
			}
			return nil
		})
		f, err := faulty.Create(dir + "/f")
		must(t, err)
		l, err := faulty.Lock(dir + "/lock")
		must(t, err)
		if err := f.Close(); !errors.Is(err, errFull) {
			t.Errorf("file: got %v", err)
		}
		if err := l.Close(); !errors.Is(err, errFull) {
			t.Errorf("lock: got %v", err)
		}
		if _, err := f.Size(); err == nil {
			t.Error("the file is still open")
		}
		l, err = disk.Lock(dir + "/lock")
		must(t, err)
		must(t, l.Close())
	})
}

func TestFaultIsSafeForConcurrentUse(t *testing.T) {
	var count atomic.Int64
	disk := vfs.NewFault(simfs.New(), func(op vfs.Op) error {
		if count.Add(1)%3 == 0 && op.Kind == vfs.OpWrite {
			return &vfs.ShortWrite{N: 1, Err: errFull}
		}
		return nil
	})
	f, err := disk.Create("f")
	must(t, err)
	count.Store(0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 50 {
				_, _ = f.WriteAt([]byte("xy"), int64(i))
			}
		})
	}
	wg.Wait()
	if got := count.Load(); got != 400 {
		t.Errorf("the hook was called %d times, want 400", got)
	}
}

func TestOpKind(t *testing.T) {
	names := map[string]bool{}
	for k := vfs.OpOpen; k <= vfs.OpUnlock; k++ {
		if k.String() == "" || strings.HasPrefix(k.String(), "OpKind") || names[k.String()] {
			t.Errorf("kind %d has the name %q", k, k)
		}
		names[k.String()] = true
	}
	for _, k := range []vfs.OpKind{0, vfs.OpUnlock + 1} {
		if want := fmt.Sprintf("OpKind(%d)", uint8(k)); k.String() != want {
			t.Errorf("got %q, want %q", k, want)
		}
	}
	if vfs.OpRead.Changes() || !vfs.OpSync.Changes() || !vfs.OpCreate.Changes() {
		t.Error("Changes is wrong")
	}
}
