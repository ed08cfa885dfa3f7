package vfs_test

import (
	"path/filepath"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// overEach runs a check on every FS there is, each time in a new, empty directory.
func overEach(t *testing.T, check func(t *testing.T, disk vfs.FS, dir string)) {
	t.Helper()
	pass := func(vfs.Op) error { return nil }
	t.Run("os", func(t *testing.T) {
		check(t, vfs.OS(), filepath.ToSlash(t.TempDir()))
	})
	t.Run("simfs", func(t *testing.T) {
		check(t, simWithDir(t, "store"), "store")
	})
	t.Run("simfs image", func(t *testing.T) {
		disk := simWithDir(t, "/a/store")
		must(t, disk.SyncDir("/"))
		must(t, disk.SyncDir("/a"))
		check(t, disk.CrashWorst(), "/a/store")
	})
	t.Run("fault over simfs", func(t *testing.T) {
		check(t, vfs.NewFault(simWithDir(t, "store"), pass), "store")
	})
	t.Run("fault over os", func(t *testing.T) {
		check(t, vfs.NewFault(vfs.OS(), pass), filepath.ToSlash(t.TempDir()))
	})
}

func simWithDir(t *testing.T, dir string) *simfs.FS {
	t.Helper()
	disk := simfs.New()
	must(t, disk.MkdirAll(dir))
	return disk
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write makes a file with these bytes and closes it.
func write(t *testing.T, disk vfs.FS, name, data string) {
	t.Helper()
	f, err := disk.Create(name)
	must(t, err)
	_, err = f.WriteAt([]byte(data), 0)
	must(t, err)
	must(t, f.Close())
}

// read returns all bytes of a file.
func read(t *testing.T, disk vfs.FS, name string) string {
	t.Helper()
	f, err := disk.Open(name)
	must(t, err)
	data := contents(t, f)
	must(t, f.Close())
	return data
}

func contents(t *testing.T, f vfs.File) string {
	t.Helper()
	size, err := f.Size()
	must(t, err)
	p := make([]byte, size)
	_, err = f.ReadAt(p, 0)
	must(t, err)
	return string(p)
}
