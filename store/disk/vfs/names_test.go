package vfs_test

import (
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs"
)

func TestMissing(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		for _, name := range []string{dir + "/none", dir + "/none/f"} {
			_, openErr := disk.Open(name)
			_, openWriteErr := disk.OpenWrite(name)
			_, readDirErr := disk.ReadDir(name)
			_, statErr := disk.Stat(name)
			for method, err := range map[string]error{
				"Open": openErr, "OpenWrite": openWriteErr, "ReadDir": readDirErr, "Stat": statErr,
				"Remove": disk.Remove(name), "Rename": disk.Rename(name, dir+"/x"), "SyncDir": disk.SyncDir(name),
			} {
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s %s: got %v, want fs.ErrNotExist", method, name, err)
				}
			}
			must(t, disk.RemoveAll(name))
		}
		_, createErr := disk.Create(dir + "/none/f")
		_, lockErr := disk.Lock(dir + "/none/f")
		write(t, disk, dir+"/f", "")
		for method, err := range map[string]error{
			"Create": createErr, "Lock": lockErr, "Rename": disk.Rename(dir+"/f", dir+"/none/f"),
		} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s in a missing directory: got %v, want fs.ErrNotExist", method, err)
			}
		}
	})
}

func TestDirectories(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		must(t, disk.MkdirAll(dir+"/b/c"))
		must(t, disk.MkdirAll(dir+"/b/c"))
		write(t, disk, dir+"/b/f", "12345")
		write(t, disk, dir+"/a", "")
		names, err := disk.ReadDir(dir)
		must(t, err)
		if want := []string{"a", "b"}; !slices.Equal(names, want) {
			t.Errorf("got %q, want %q", names, want)
		}
		for name, want := range map[string]vfs.Info{
			"": {Dir: true}, "/b": {Dir: true}, "/b/f": {Size: 5}, "/a": {},
		} {
			if got, err := disk.Stat(dir + name); got != want || err != nil {
				t.Errorf("stat %q: got %+v, %v; want %+v", name, got, err, want)
			}
		}
		must(t, disk.SyncDir(dir+"/b"))
		must(t, disk.Remove(dir+"/b/c"))
		if err := disk.Remove(dir + "/b"); err == nil {
			t.Error("remove of a directory with a file: no error")
		}
		must(t, disk.RemoveAll(dir+"/b"))
		must(t, disk.RemoveAll(dir+"/b"))
		must(t, disk.RemoveAll(dir+"/a"))
		names, err = disk.ReadDir(dir)
		if len(names) != 0 || err != nil {
			t.Errorf("got %q, %v", names, err)
		}
	})
}

func TestFileIsNoDirectory(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		write(t, disk, dir+"/f", "")
		must(t, disk.MkdirAll(dir+"/d"))
		_, inFile := disk.Create(dir + "/f/x")
		_, readDir := disk.ReadDir(dir + "/f")
		_, create := disk.Create(dir + "/d")
		_, openWrite := disk.OpenWrite(dir + "/d")
		_, lock := disk.Lock(dir + "/d")
		for what, err := range map[string]error{
			"Create below a file": inFile, "ReadDir of a file": readDir,
			"MkdirAll of a file": disk.MkdirAll(dir + "/f"), "MkdirAll below a file": disk.MkdirAll(dir + "/f/x"),
			"Create of a directory": create, "OpenWrite of a directory": openWrite, "Lock of a directory": lock,
		} {
			if err == nil {
				t.Errorf("%s: no error", what)
			}
		}
	})
}

func TestRename(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		must(t, disk.MkdirAll(dir+"/d/e"))
		write(t, disk, dir+"/old", "old")
		write(t, disk, dir+"/new", "new")
		must(t, disk.Rename(dir+"/new", dir+"/old"))
		must(t, disk.Rename(dir+"/old", dir+"/old"))
		if got := read(t, disk, dir+"/old"); got != "new" {
			t.Errorf("replaced: got %q", got)
		}
		must(t, disk.Rename(dir+"/old", dir+"/d/e/f"))
		must(t, disk.Rename(dir+"/d", dir+"/g"))
		if got := read(t, disk, dir+"/g/e/f"); got != "new" {
			t.Errorf("moved with its directory: got %q", got)
		}
		names, err := disk.ReadDir(dir)
		if !slices.Equal(names, []string{"g"}) || err != nil {
			t.Errorf("got %q, %v", names, err)
		}
		write(t, disk, dir+"/f", "")
		must(t, disk.MkdirAll(dir+"/h"))
		for what, err := range map[string]error{
			"file to directory":        disk.Rename(dir+"/f", dir+"/h"),
			"directory to file":        disk.Rename(dir+"/h", dir+"/f"),
			"directory to directory":   disk.Rename(dir+"/h", dir+"/g"),
			"directory into itself":    disk.Rename(dir+"/g", dir+"/g/x"),
			"directory into one below": disk.Rename(dir+"/g", dir+"/g/e/x"),
		} {
			if err == nil {
				t.Errorf("%s: no error", what)
			}
		}
	})
}

func TestOpenFilesOutliveTheirNames(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not remove open files")
	}
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		write(t, disk, dir+"/f", "first")
		f, err := disk.OpenWrite(dir + "/f")
		must(t, err)
		write(t, disk, dir+"/g", "second")
		must(t, disk.Rename(dir+"/g", dir+"/f"))
		_, err = f.WriteAt([]byte("F"), 0)
		must(t, err)
		must(t, f.Sync())
		if got := contents(t, f); got != "First" {
			t.Errorf("the replaced file: got %q", got)
		}
		if got := read(t, disk, dir+"/f"); got != "second" {
			t.Errorf("the new file: got %q", got)
		}
		must(t, disk.Remove(dir+"/f"))
		if got := contents(t, f); got != "First" {
			t.Errorf("after Remove: got %q", got)
		}
		must(t, f.Close())
	})
}

func TestLock(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		first, err := disk.Lock(dir + "/lock")
		must(t, err)
		if _, err := disk.Lock(dir + "/lock"); !errors.Is(err, vfs.ErrLocked) {
			t.Errorf("second: got %v, want ErrLocked", err)
		}
		other, err := disk.Lock(dir + "/other")
		must(t, err)
		must(t, other.Close())
		must(t, first.Close())
		if _, err := disk.Stat(dir + "/lock"); err != nil {
			t.Errorf("the file is gone: %v", err)
		}
		second, err := disk.Lock(dir + "/lock")
		must(t, err)
		if err := first.Close(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("closed twice: got %v, want fs.ErrClosed", err)
		}
		if _, err := disk.Lock(dir + "/lock"); !errors.Is(err, vfs.ErrLocked) {
			t.Errorf("a second Close of the first lock released the second: got %v", err)
		}
		must(t, second.Close())
	})
}
