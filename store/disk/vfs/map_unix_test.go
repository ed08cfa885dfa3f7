//go:build linux || darwin || freebsd || netbsd || dragonfly

package vfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestMapLeavesRoom maps a file again and again until that is refused, which is before the process can have no more mappings at all.
func TestMapLeavesRoom(t *testing.T) {
	const most = 40_000
	f, err := vfs.OS().Create(filepath.Join(t.TempDir(), "a"))
	must(t, err)
	must(t, f.Truncate(1))
	var all []vfs.Mapping
	for len(all) < most {
		m, err := tryMap(t, f, 1)
		if errors.Is(err, errors.ErrUnsupported) {
			break
		}
		must(t, err)
		all = append(all, m)
	}
	if len(all) == most || len(all) == 0 {
		t.Errorf("mapped %d times", len(all))
	}
	for _, m := range all {
		must(t, m.Close())
	}
	must(t, mapFile(t, f, 1).Close())
	must(t, f.Close())
}

// TestGuardCatchesAFault cuts a file behind the back of its mapping, so that the operating system cannot read its pages any more.
func TestGuardCatchesAFault(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a")
	page := int64(os.Getpagesize())
	f, err := vfs.OS().Create(name)
	must(t, err)
	must(t, f.Truncate(3*page))
	m := mapFile(t, f, 3*page)
	other := mapFile(t, f, page)
	must(t, f.Truncate(page))

	var sum byte
	read := func(off int64) error {
		return vfs.Guard(func() error {
			sum += m.Bytes()[off]
			return nil
		})
	}
	must(t, read(page-1))
	for _, off := range []int64{page, 2*page + 17} {
		var fault *vfs.FaultError
		if err := read(off); !errors.As(err, &fault) || !errors.Is(err, vfs.ErrFault) {
			t.Fatalf("read of page that is gone: %v; want a fault", err)
		}
		if fault.Name != name || fault.Offset/page != off/page {
			t.Errorf("fault: %v; want %s and the page of %d", fault, name, off)
		}
	}
	err = vfs.Guard(func() error {
		if err := read(page); !errors.Is(err, vfs.ErrFault) {
			t.Errorf("read in a guard: %v; want a fault", err)
		}
		copy(make([]byte, page), m.Bytes()[page:]) // the outer guard is there still
		return nil
	})
	if !errors.Is(err, vfs.ErrFault) {
		t.Errorf("copy after a fault: %v; want a fault", err)
	}
	if debug.SetPanicOnFault(false) {
		t.Error("faults stay panics when the guard has gone")
	}
	must(t, m.Close())
	must(t, other.Close())
	must(t, f.Close())
}
