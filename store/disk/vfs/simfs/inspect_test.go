package simfs_test

import (
	"slices"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

func TestFlip(t *testing.T) {
	disk := simfs.New()
	must(t, disk.WriteFile("f", []byte("aa")))
	f := openWrite(t, disk, "f")
	writeAt(t, f, "bb", 1)
	must(t, disk.Flip("f", 8+1)) // Of the second byte: a is 0x61, b is 0x62.
	if got, want := read(disk, "f"), "a`b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := read(disk.CrashWorst(), "f"), "ac"; got != want {
		t.Errorf("durable: got %q, want %q", got, want)
	}
	must(t, disk.Flip("f", 2*8)) // Beyond the durable size.
	if got, want := read(disk.CrashWorst(), "f"), "ac"; got != want {
		t.Errorf("durable: got %q, want %q", got, want)
	}
	wantOneOf(t, disk, "f", "ac", "ac\x00", "a`", "a`c")
	must(t, f.Sync())
	wantOneOf(t, disk, "f", "a`c")
	for _, bit := range []int64{-1, 3 * 8} {
		if disk.Flip("f", bit) == nil {
			t.Errorf("bit %d: no error", bit)
		}
	}
	if disk.Flip("none", 0) == nil {
		t.Error("missing file: no error")
	}
}

func TestHelpers(t *testing.T) {
	disk := simfs.New()
	must(t, disk.MkdirAll("/b/empty"))
	must(t, disk.SyncDir("/"))
	must(t, disk.WriteFile("b/f", []byte("first")))
	must(t, disk.WriteFile("b/f", []byte("2nd")))
	create(t, disk, "b/unsynced")
	must(t, disk.WriteFile("/b-", nil))
	if got, want := disk.Files(), []string{"b-", "b/f", "b/unsynced"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	img := disk.CrashWorst()
	if got, want := img.Files(), []string{"b-", "b/f"}; !slices.Equal(got, want) {
		t.Errorf("WriteFile is durable, other names are not: got %q, want %q", got, want)
	}
	if got := read(img, "/b/f"); got != "2nd" {
		t.Errorf("got %q", got)
	}
	if _, err := disk.ReadFile("b"); err == nil {
		t.Error("ReadFile of a directory: no error")
	}
	if disk.WriteFile("none/f", nil) == nil || disk.WriteFile("b", nil) == nil {
		t.Error("WriteFile to no file: no error")
	}
	disk.Kill()
	must(t, disk.WriteFile("b/f", []byte("3rd")))
	if got := read(disk, "b/f"); got != "3rd" {
		t.Errorf("on a killed disk: got %q", got)
	}
}
