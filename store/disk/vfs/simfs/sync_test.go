package simfs_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

func anyFile(string) bool { return true }

// failures are the two ways to make the next sync of a file fail.
var failures = map[string]func(disk *simfs.FS) vfs.FS{
	"FailSync": func(disk *simfs.FS) vfs.FS {
		disk.FailSync(1, anyFile)
		return disk
	},
	"Fault": func(disk *simfs.FS) vfs.FS {
		failed := false
		return vfs.NewFault(disk, func(op vfs.Op) error {
			if op.Kind == vfs.OpSync && !failed {
				failed = true
				return simfs.ErrSync
			}
			return nil
		})
	},
	"Fault over Fault": func(disk *simfs.FS) vfs.FS {
		failed := false
		return vfs.NewFault(vfs.NewFault(disk, func(vfs.Op) error { return nil }), func(op vfs.Op) error {
			if op.Kind == vfs.OpSync && !failed {
				failed = true
				return simfs.ErrSync
			}
			return nil
		})
	},
}

func TestFailedSync(t *testing.T) {
	for name, arm := range failures {
		t.Run(name, func(t *testing.T) {
			disk := simfs.New()
			one, two := strings.Repeat("1", sectorSize), strings.Repeat("2", sectorSize)
			must(t, disk.WriteFile("f", []byte(one+one)))
			f, err := arm(disk).OpenWrite("f")
			must(t, err)
			writeAt(t, f, two, 0)
			if err := f.Sync(); !errors.Is(err, simfs.ErrSync) {
				t.Fatalf("first sync: got %v, want ErrSync", err)
			}
			if got := read(disk, "f"); got != two+one {
				t.Fatal("the running program does not read what it wrote")
			}
			must(t, f.Sync())
			if got := read(disk.CrashWorst(), "f"); got != one+one {
				t.Error("a later sync made durable what the failed one had dropped")
			}
			wantOneOf(t, disk, "f", one+one, two+one)

			killed := disk.CrashBest()
			if read(killed, "f") != two+one || read(killed.CrashWorst(), "f") != one+one {
				t.Error("a killed process does not leave the pages as they were")
			}

			writeAt(t, f, "x", 1) // The sector is dirty again, as a whole.
			must(t, f.Sync())
			if got := read(disk.CrashWorst(), "f"); got != "2x"+two[2:]+one {
				t.Error("a sector written again did not become durable")
			}
		})
	}
}

// A cut that becomes durable after a failed sync takes what it removed with it.
func TestFailedSyncOfACut(t *testing.T) {
	disk := simfs.New()
	must(t, disk.WriteFile("f", []byte("aaaa")))
	f := openWrite(t, disk, "f")
	must(t, f.Truncate(2))
	writeAt(t, f, "bbb", 3)
	disk.FailSync(1, anyFile)
	if err := f.Sync(); !errors.Is(err, simfs.ErrSync) {
		t.Fatalf("got %v, want ErrSync", err)
	}
	if got := read(disk.CrashWorst(), "f"); got != "aaaa" {
		t.Errorf("after the failed sync: got %q", got)
	}
	must(t, f.Sync())
	if got, want := read(disk.CrashWorst(), "f"), "aa\x00\x00\x00\x00"; got != want {
		t.Errorf("after the next sync: got %q, want %q", got, want)
	}
	wantOneOf(t, disk, "f", "aa\x00\x00\x00\x00", "aa\x00bbb")
}

func TestFailedSyncAfterCreate(t *testing.T) {
	disk := simfs.New()
	must(t, disk.WriteFile("f", []byte("aaaa")))
	f := create(t, disk, "f")
	writeAt(t, f, "bb", 0)
	disk.FailSync(1, anyFile)
	if err := f.Sync(); !errors.Is(err, simfs.ErrSync) {
		t.Fatalf("got %v, want ErrSync", err)
	}
	must(t, f.Sync())
	wantOneOf(t, disk, "f", "\x00\x00", "bb")
}

func TestFailSyncCounts(t *testing.T) {
	disk := simfs.New()
	f, g := create(t, disk, "f"), create(t, disk, "g")
	disk.FailSync(2, func(name string) bool { return name == "f" })
	disk.FailSync(4, anyFile)
	for i, c := range []struct {
		file vfs.File
		want error
	}{{f, nil}, {g, nil}, {f, simfs.ErrSync}, {g, simfs.ErrSync}, {f, nil}, {g, nil}} {
		if err := c.file.Sync(); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("sync %d: got %v, want %v", i, err, c.want)
		}
	}
}

func TestFailedSyncOfAClosedFileChangesNothing(t *testing.T) {
	disk := simfs.New()
	must(t, disk.WriteFile("f", []byte("old")))
	g := openWrite(t, disk, "f")
	f, err := failures["Fault"](disk).OpenWrite("f")
	must(t, err)
	writeAt(t, g, "new", 0)
	must(t, f.Close())
	if err := f.Sync(); !errors.Is(err, simfs.ErrSync) {
		t.Errorf("got %v, want ErrSync", err)
	}
	must(t, g.Sync())
	wantOneOf(t, disk, "f", "new")
}
