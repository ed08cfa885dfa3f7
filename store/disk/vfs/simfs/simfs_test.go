package simfs_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

const sectorSize = 512

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t testing.TB, disk vfs.FS, name string) vfs.File {
	t.Helper()
	f, err := disk.Create(name)
	must(t, err)
	return f
}

func openWrite(t testing.TB, disk vfs.FS, name string) vfs.File {
	t.Helper()
	f, err := disk.OpenWrite(name)
	must(t, err)
	return f
}

func writeAt(t testing.TB, f vfs.File, data string, off int64) {
	t.Helper()
	_, err := f.WriteAt([]byte(data), off)
	must(t, err)
}

// read returns the bytes of a file, and "none" if there is no such file.
func read(disk *simfs.FS, name string) string {
	p, err := disk.ReadFile(name)
	if err != nil {
		return "none"
	}
	return string(p)
}

// found returns what many crashes of a disk find in a file, and how often.
func found(disk *simfs.FS, name string) map[string]int {
	seen := map[string]int{}
	for seed := range uint64(300) {
		seen[read(disk.Crash(newRand(seed)), name)]++
	}
	return seen
}

// wantOneOf checks that crashes find each of the wanted contents and no others.
func wantOneOf(t *testing.T, disk *simfs.FS, name string, want ...string) {
	t.Helper()
	seen := found(disk, name)
	for _, w := range want {
		if seen[w] == 0 {
			t.Errorf("%s: no crash found %.40q", name, w)
		}
		delete(seen, w)
	}
	for got, n := range seen {
		t.Errorf("%s: %d crashes found %.40q, which cannot be", name, n, got)
	}
}
