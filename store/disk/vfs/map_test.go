package vfs_test

import (
	"errors"
	"io/fs"
	"path"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs"
)

// tryMap maps a file; every file of these tests is a Mapper.
func tryMap(t *testing.T, f vfs.File, size int64) (vfs.Mapping, error) {
	t.Helper()
	m, ok := f.(vfs.Mapper)
	if !ok {
		t.Fatalf("%T is no Mapper", f)
	}
	return m.Map(size)
}

// mapFile maps a file, or skips the test where the system has no mappings.
func mapFile(t *testing.T, f vfs.File, size int64) vfs.Mapping {
	t.Helper()
	m, err := tryMap(t, f, size)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this system maps no files: ", err)
	}
	must(t, err)
	return m
}

func TestMappingShowsTheFile(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		name := path.Join(dir, "a")
		write(t, disk, name, "immutable")
		f, err := disk.Open(name)
		must(t, err)
		m := mapFile(t, f, 5)
		must(t, f.Close())
		write(t, disk, path.Join(dir, "b"), "another")
		must(t, disk.Rename(path.Join(dir, "b"), name))
		m.Advise(0, 5, vfs.WillNeed)
		m.Advise(3, 1<<20, vfs.Random)
		m.Advise(-1, 1, vfs.Sequential)
		m.Advise(9, 9, vfs.WillNeed)
		must(t, vfs.Guard(func() error {
			if got := string(m.Bytes()); got != "immut" {
				t.Errorf("mapped %q; want the first five bytes of what was opened", got)
			}
			return nil
		}))
		must(t, m.Close())
	})
}

func TestMapRefuses(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		name := path.Join(dir, "a")
		write(t, disk, name, "12345")
		f, err := disk.Open(name)
		must(t, err)
		must(t, mapFile(t, f, 5).Close())
		for _, size := range []int64{-1, 0, 6, 1 << 40} {
			if m, err := tryMap(t, f, size); err == nil {
				t.Errorf("mapped %d bytes of 5", size)
				must(t, m.Close())
			}
		}
		must(t, f.Close())
		if _, err := tryMap(t, f, 5); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("map of a closed file: %v; want %v", err, fs.ErrClosed)
		}
	})
}

func TestFaultRefusesToMap(t *testing.T) {
	refused := errors.New("no mapping today")
	disk := vfs.NewFault(simWithDir(t, "d"), func(op vfs.Op) error {
		if op.Kind == vfs.OpMap {
			return refused
		}
		return nil
	})
	write(t, disk, "d/a", "x")
	f, err := disk.Open("d/a")
	must(t, err)
	if _, err := tryMap(t, f, 1); !errors.Is(err, refused) {
		t.Errorf("map: %v; want the hook's error", err)
	}
	must(t, f.Close())
}

func TestGuardPassesErrorsAndPanicsOn(t *testing.T) {
	want := errors.New("mine")
	if err := vfs.Guard(func() error { return want }); !errors.Is(err, want) {
		t.Errorf("Guard: %v; want what the function returned", err)
	}
	for name, f := range map[string]func() error{
		"a mistake":    func() error { p := make([]*int, 1); *p[0] = 1; return nil },
		"out of range": func() error { b := []byte{}; _ = b[len(b)]; return nil },
		"a value":      func() error { panic("a value") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the panic was swallowed", name)
				}
			}()
			_ = vfs.Guard(f)
		}()
	}
}

func BenchmarkGuard(b *testing.B) {
	n := 0
	for b.Loop() {
		_ = vfs.Guard(func() error { n++; return nil })
	}
}
