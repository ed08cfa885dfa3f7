package simfs_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

func TestNewNameNeedsSyncDir(t *testing.T) {
	disk := simfs.New()
	must(t, disk.MkdirAll("a/b"))
	f := create(t, disk, "a/b/f")
	writeAt(t, f, "data", 0)
	must(t, f.Sync())
	for _, dir := range []string{"a/b", "a"} {
		must(t, disk.SyncDir(dir))
		if got := disk.CrashWorst().Files(); len(got) > 0 {
			t.Errorf("after the sync of %s: found %q", dir, got)
		}
		wantOneOf(t, disk, "a/b/f", "none", "data")
	}
	must(t, disk.SyncDir("/"))
	wantOneOf(t, disk, "a/b/f", "data")
}

func TestSyncedNameIsNotSyncedData(t *testing.T) {
	disk := simfs.New()
	f := create(t, disk, "f")
	writeAt(t, f, "d", 0)
	must(t, disk.SyncDir("."))
	wantOneOf(t, disk, "f", "", "\x00", "d")
}

func TestRemovedNameMayComeBack(t *testing.T) {
	disk := simfs.New()
	must(t, disk.WriteFile("f", []byte("data")))
	must(t, disk.Remove("f"))
	wantOneOf(t, disk, "f", "none", "data")
	must(t, disk.SyncDir("/"))
	wantOneOf(t, disk, "f", "none")
}

func TestRenameIsAtomic(t *testing.T) {
	disk := simfs.New()
	must(t, disk.WriteFile("f", []byte("old")))
	must(t, disk.WriteFile("tmp", []byte("new")))
	must(t, disk.Rename("tmp", "f"))
	both := map[string]bool{}
	for seed := range uint64(100) {
		img := disk.Crash(newRand(seed))
		both[read(img, "f")+" "+read(img, "tmp")] = true
	}
	if len(both) != 2 || !both["old new"] || !both["new none"] {
		t.Errorf("found %v", both)
	}
	must(t, disk.SyncDir("/"))
	wantOneOf(t, disk, "f", "new")
	wantOneOf(t, disk, "tmp", "none")
}

func TestRenameBetweenDirectoriesNeedsBothSynced(t *testing.T) {
	for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		disk := simfs.New()
		must(t, disk.MkdirAll("a"))
		must(t, disk.MkdirAll("b"))
		must(t, disk.SyncDir("/"))
		must(t, disk.WriteFile("a/f", []byte("data")))
		must(t, disk.Rename("a/f", "b/f"))
		must(t, disk.SyncDir(order[0]))
		wantOneOf(t, disk, "a/f", "none", "data")
		for seed := range uint64(50) {
			if got := disk.Crash(newRand(seed)).Files(); len(got) != 1 {
				t.Fatalf("synced %s: found %q", order[0], got)
			}
		}
		must(t, disk.SyncDir(order[1]))
		wantOneOf(t, disk, "b/f", "data")
		wantOneOf(t, disk, "a/f", "none")
	}
}

func TestRemovedDirectoryTakesNothingWithItThatWasMovedOut(t *testing.T) {
	disk := simfs.New()
	must(t, disk.MkdirAll("d"))
	must(t, disk.SyncDir("/"))
	must(t, disk.WriteFile("d/f", []byte("data")))
	must(t, disk.Rename("d/f", "f"))
	must(t, disk.Remove("d"))
	for seed := range uint64(100) {
		if got := disk.Crash(newRand(seed)).Files(); len(got) != 1 {
			t.Fatalf("seed %d: found %q", seed, got)
		}
	}
}

func TestRemoveAllMayBeLeftHalfDone(t *testing.T) {
	disk := simfs.New()
	must(t, disk.MkdirAll("d"))
	must(t, disk.SyncDir("/"))
	for _, name := range []string{"d/f", "d/g"} {
		must(t, disk.WriteFile(name, nil))
	}
	must(t, disk.RemoveAll("d"))
	seen := map[string]bool{}
	for seed := range uint64(200) {
		seen[strings.Join(disk.Crash(newRand(seed)).Files(), " ")] = true
	}
	for _, want := range []string{"", "d/f", "d/g", "d/f d/g"} {
		if !seen[want] {
			t.Errorf("never found %q", want)
		}
	}
}

// tree drives a disk with random names and knows which files must survive. A
// file holds its own number, durably, so that it is known wherever it is.
type tree struct {
	t    *testing.T
	disk *simfs.FS
	rng  *rand.Rand
	next int
	safe map[string]bool // Durable, and not removed or replaced since.
}

func (r *tree) name() string {
	parts := make([]string, 1+r.rng.IntN(3))
	for i := range parts {
		parts[i] = string(rune('a' + r.rng.IntN(4)))
	}
	return path.Join(parts...)
}

// gone forgets what a name leads to, and all below it.
func (r *tree) gone(name string) {
	for _, f := range r.disk.Files() {
		if f == name || strings.HasPrefix(f, name+"/") {
			delete(r.safe, read(r.disk, f))
		}
	}
}

func (r *tree) step() {
	name, other := r.name(), r.name()
	switch r.rng.IntN(12) {
	case 0, 1:
		_ = r.disk.MkdirAll(name)
	case 2, 3, 4, 5:
		if _, err := r.disk.Stat(name); err == nil {
			return
		}
		f, err := r.disk.Create(name)
		if err != nil {
			return
		}
		r.next++
		writeAt(r.t, f, fmt.Sprint("#", r.next), 0)
		must(r.t, f.Sync())
	case 6, 7, 8:
		replaced := read(r.disk, other)
		if r.disk.Rename(name, other) == nil && read(r.disk, other) != replaced {
			delete(r.safe, replaced)
		}
	case 9:
		was := read(r.disk, name)
		if r.disk.Remove(name) == nil {
			delete(r.safe, was)
		}
	case 10:
		if _, err := r.disk.Stat(name); err == nil && r.rng.IntN(3) == 0 {
			r.gone(name)
			must(r.t, r.disk.RemoveAll(name))
		}
	case 11:
		if err := r.disk.SyncDir(path.Dir(name)); err == nil && r.rng.IntN(3) == 0 {
			r.syncAll()
		}
	}
}

// syncAll makes every name durable.
func (r *tree) syncAll() {
	var walk func(dir string)
	walk = func(dir string) {
		must(r.t, r.disk.SyncDir(dir))
		names, err := r.disk.ReadDir(dir)
		must(r.t, err)
		for _, n := range names {
			if st, err := r.disk.Stat(path.Join(dir, n)); err == nil && st.Dir {
				walk(path.Join(dir, n))
			}
		}
	}
	walk("/")
	want := r.disk.Files()
	if got := r.disk.CrashWorst().Files(); !slices.Equal(got, want) {
		r.t.Fatalf("all directories are synced: found %q, want %q", got, want)
	}
	for _, f := range want {
		r.safe[read(r.disk, f)] = true
	}
}

// check checks one image: every safe file is there, and none is there twice.
func (r *tree) check(img *simfs.FS) {
	count := map[string]int{}
	for _, f := range img.Files() {
		count[read(img, f)]++
	}
	for id := range r.safe {
		if count[id] != 1 {
			r.t.Fatalf("%s is there %d times, in %q", id, count[id], img.Files())
		}
	}
	for id, n := range count {
		if n != 1 || id[0] != '#' {
			r.t.Fatalf("%q is there %d times", id, n)
		}
	}
}

func TestNamesSurviveAsPromised(t *testing.T) {
	differ := 0
	for seed := range uint64(150) {
		disk := simfs.New()
		r := &tree{t: t, disk: disk, rng: newRand(seed), safe: map[string]bool{}}
		for range 60 {
			r.step()
			img := disk.Crash(r.rng)
			r.check(img)
			r.check(disk.CrashWorst())
			killed := disk.CrashBest()
			if got, want := killed.Files(), disk.Files(); !slices.Equal(got, want) {
				t.Fatalf("seed %d: CrashBest has %q, want %q", seed, got, want)
			}
			r.check(killed.Crash(r.rng))
			if !slices.Equal(img.Files(), disk.Files()) {
				differ++
			}
			if got, want := img.CrashWorst().Files(), img.Files(); !slices.Equal(got, want) {
				t.Fatalf("seed %d: an image is not durable: %q, then %q", seed, want, got)
			}
		}
	}
	if differ < 1000 {
		t.Errorf("only %d crashes lost or kept a name", differ)
	}
}

func TestRootStays(t *testing.T) {
	disk := simfs.New()
	must(t, disk.WriteFile("f", nil))
	for what, err := range map[string]error{
		"Remove": disk.Remove("/"), "RemoveAll": disk.RemoveAll("/"), "Rename": disk.Rename("/", "x"),
		"Rename to it": disk.Rename("f", "/"),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, err := disk.Stat(""); err == nil || !strings.Contains(err.Error(), fs.ErrNotExist.Error()) {
		t.Errorf("the empty name: got %v", err)
	}
	if got := disk.Files(); !slices.Equal(got, []string{"f"}) {
		t.Errorf("got %q", got)
	}
}

// If the second move were kept without the first, the two directories would
// hold each other and the file with them.
func TestMovesOfDirectoriesKeepTheirOrder(t *testing.T) {
	disk := simfs.New()
	must(t, disk.MkdirAll("p/q"))
	must(t, disk.SyncDir("/"))
	must(t, disk.SyncDir("p"))
	must(t, disk.WriteFile("p/q/f", []byte("data")))
	must(t, disk.Rename("p/q", "q"))
	must(t, disk.Rename("p", "q/p"))
	killed := disk.CrashBest()
	seen := map[string]bool{}
	for seed := range uint64(200) {
		for _, img := range []*simfs.FS{disk.Crash(newRand(seed)), killed.Crash(newRand(seed))} {
			seen[strings.Join(img.Files(), " ")] = true
		}
	}
	if len(seen) != 2 || !seen["p/q/f"] || !seen["q/f"] {
		t.Errorf("found %v", seen)
	}
	must(t, disk.SyncDir("/"))
	must(t, disk.SyncDir("q"))
	if got, err := disk.CrashWorst().Stat("q/p"); err != nil || !got.Dir {
		t.Errorf("the second move is synced, the first is not: got %+v, %v", got, err)
	}
	if got := disk.CrashWorst().Files(); !slices.Equal(got, []string{"q/f"}) {
		t.Errorf("the second move is synced, the first is not: found %q", got)
	}
}
