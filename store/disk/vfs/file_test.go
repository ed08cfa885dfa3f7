package vfs_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs"
)

func TestReadAndWrite(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		f, err := disk.Create(dir + "/f")
		must(t, err)
		n, err := f.WriteAt([]byte("gesta"), 1500)
		if n != 5 || err != nil {
			t.Fatalf("write: got %d, %v", n, err)
		}
		if n, err = f.WriteAt(nil, 9000); n != 0 || err != nil {
			t.Fatalf("write of nothing: got %d, %v", n, err)
		}
		if got, want := contents(t, f), strings.Repeat("\x00", 1500)+"gesta"; got != want {
			t.Errorf("got %q", got)
		}
		must(t, f.Sync())
		must(t, f.Close())

		f, err = disk.OpenWrite(dir + "/f")
		must(t, err)
		_, err = f.WriteAt(bytes.Repeat([]byte("x"), 1502), 0)
		must(t, err)
		must(t, f.Close())
		if got, want := read(t, disk, dir+"/f"), strings.Repeat("x", 1502)+"sta"; got != want {
			t.Errorf("after an overwrite: got %q", got)
		}
		write(t, disk, dir+"/f", "new")
		if got := read(t, disk, dir+"/f"); got != "new" {
			t.Errorf("after Create of an existing file: got %q", got)
		}
	})
}

func TestReadAtTheEnd(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		write(t, disk, dir+"/f", "0123456789")
		f, err := disk.Open(dir + "/f")
		must(t, err)
		for _, c := range []struct {
			off, length int64
			want        string
			err         error
		}{
			{0, 10, "0123456789", nil},
			{8, 2, "89", nil},
			{8, 3, "89", io.EOF},
			{10, 1, "", io.EOF},
			{99, 1, "", io.EOF},
			{10, 0, "", nil},
		} {
			p := make([]byte, c.length)
			n, err := f.ReadAt(p, c.off)
			if string(p[:n]) != c.want || !errors.Is(err, c.err) {
				t.Errorf("read %d bytes at %d: got %q, %v; want %q, %v", c.length, c.off, p[:n], err, c.want, c.err)
			}
		}
		if _, err := f.ReadAt(make([]byte, 1), -1); err == nil {
			t.Error("read at a negative offset: no error")
		}
		must(t, f.Close())
	})
}

func TestTruncate(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		f, err := disk.Create(dir + "/f")
		must(t, err)
		_, err = f.WriteAt(bytes.Repeat([]byte("x"), 2000), 0)
		must(t, err)
		must(t, f.Truncate(700))
		must(t, f.Truncate(1800))
		want := strings.Repeat("x", 700) + strings.Repeat("\x00", 1100)
		if got := contents(t, f); got != want {
			t.Errorf("cut and grown: got %q", got)
		}
		must(t, f.Truncate(0))
		_, err = f.WriteAt([]byte("y"), 3)
		must(t, err)
		if got, want := contents(t, f), "\x00\x00\x00y"; got != want {
			t.Errorf("emptied and written: got %q, want %q", got, want)
		}
		if err := f.Truncate(-1); err == nil {
			t.Error("negative size: no error")
		}
		must(t, f.Close())
	})
}

func TestReadOnly(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		write(t, disk, dir+"/f", "data")
		f, err := disk.Open(dir + "/f")
		must(t, err)
		if _, err := f.WriteAt([]byte("x"), 0); err == nil {
			t.Error("write: no error")
		}
		if err := f.Truncate(0); err == nil {
			t.Error("truncate: no error")
		}
		must(t, f.Close())
		if got := read(t, disk, dir+"/f"); got != "data" {
			t.Errorf("got %q", got)
		}
	})
}

func TestClosedFile(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		f, err := disk.Create(dir + "/f")
		must(t, err)
		must(t, f.Close())
		_, readErr := f.ReadAt(make([]byte, 1), 0)
		_, writeErr := f.WriteAt(make([]byte, 1), 0)
		_, sizeErr := f.Size()
		for method, err := range map[string]error{
			"ReadAt": readErr, "WriteAt": writeErr, "Size": sizeErr,
			"Sync": f.Sync(), "Truncate": f.Truncate(1), "Close": f.Close(),
		} {
			if !errors.Is(err, fs.ErrClosed) {
				t.Errorf("%s: got %v, want fs.ErrClosed", method, err)
			}
		}
	})
}

func TestHandlesShareTheFile(t *testing.T) {
	overEach(t, func(t *testing.T, disk vfs.FS, dir string) {
		w, err := disk.Create(dir + "/f")
		must(t, err)
		r, err := disk.Open(dir + "/f")
		must(t, err)
		_, err = w.WriteAt([]byte("seen"), 0)
		must(t, err)
		if got := contents(t, r); got != "seen" {
			t.Errorf("got %q", got)
		}
		again, err := disk.Create(dir + "/f")
		must(t, err)
		if got := contents(t, r); got != "" {
			t.Errorf("after Create: got %q", got)
		}
		must(t, errors.Join(w.Close(), r.Close(), again.Close()))
	})
}
