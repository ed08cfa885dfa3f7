package simfs_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// replace makes a file durably have new bytes, or does so wrongly.
func replace(disk vfs.FS, careless string) error {
	f, err := disk.Create("f.tmp")
	if err != nil {
		return err
	}
	if _, err := f.WriteAt([]byte("new"), 0); err != nil {
		return err
	}
	if careless != "sync" {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := disk.Rename("f.tmp", "f"); err != nil {
		return err
	}
	if careless == "syncDir" {
		return nil
	}
	return disk.SyncDir("/")
}

// crashEverywhere crashes replace before each of its operations and at its end,
// many times each, and returns what was found during it and after it.
func crashEverywhere(t *testing.T, careless string) (during, after map[string]int) {
	t.Helper()
	disk := simfs.New()
	must(t, disk.WriteFile("f", []byte("old")))
	during = map[string]int{}
	operations := 0
	err := replace(vfs.NewFault(disk, func(vfs.Op) error {
		operations++
		for got, n := range found(disk, "f") { // Images taken inside the hook.
			during[got] += n
		}
		return nil
	}), careless)
	must(t, err)
	if operations < 4 {
		t.Fatalf("the hook saw %d operations", operations)
	}
	return during, found(disk, "f")
}

func TestCrashAtEveryOperation(t *testing.T) {
	during, after := crashEverywhere(t, "")
	if during["old"] == 0 || during["new"] == 0 || len(during) != 2 {
		t.Errorf("during: found %v", during)
	}
	if after["new"] == 0 || len(after) != 1 {
		t.Errorf("after: found %v", after)
	}
}

func TestCrashFindsCarelessPrograms(t *testing.T) {
	if during, _ := crashEverywhere(t, "sync"); during[""] == 0 || during["\x00\x00\x00"] == 0 {
		t.Errorf("rename without sync: found only %v", during)
	}
	if _, after := crashEverywhere(t, "syncDir"); after["old"] == 0 {
		t.Errorf("rename without SyncDir: found only %v", after)
	}
}

// busy returns a disk on which much has happened and little is durable.
func busy(t testing.TB) *simfs.FS {
	t.Helper()
	disk := simfs.New()
	must(t, disk.MkdirAll("d"))
	must(t, disk.SyncDir("/"))
	for i := range 20 {
		f := create(t, disk, fmt.Sprint("d/", i))
		writeAt(t, f, strings.Repeat("x", 3000), 0)
		if i%3 == 0 {
			must(t, f.Sync())
		}
		if i%7 == 0 {
			must(t, disk.SyncDir("d"))
			must(t, disk.Rename(fmt.Sprint("d/", i), fmt.Sprint("d/r", i)))
		}
		writeAt(t, f, "yyy", 1000)
	}
	return disk
}

// dump returns all names and bytes of a disk.
func dump(disk *simfs.FS) string {
	var b strings.Builder
	for _, name := range disk.Files() {
		fmt.Fprintf(&b, "%s: %q\n", name, read(disk, name))
	}
	return b.String()
}

func TestSameSeedSameImage(t *testing.T) {
	images := map[string]bool{}
	for seed := range uint64(20) {
		want := dump(busy(t).CrashTorn(newRand(seed)))
		for range 3 {
			if got := dump(busy(t).CrashTorn(newRand(seed))); got != want {
				t.Fatalf("seed %d gave two images", seed)
			}
		}
		images[want] = true
	}
	if len(images) < 15 {
		t.Errorf("20 seeds gave only %d images", len(images))
	}
}

func TestImagesAreIndependent(t *testing.T) {
	disk := busy(t)
	before := dump(disk)
	images := []*simfs.FS{disk.CrashBest(), disk.CrashWorst(), disk.Crash(newRand(1)), disk.CrashBest().CrashBest()}
	var want []string
	for _, img := range images {
		want = append(want, dump(img))
	}
	for i, img := range images {
		for _, name := range img.Files() {
			f := openWrite(t, img, name)
			writeAt(t, f, "changed", 2000)
			must(t, f.Sync())
			must(t, f.Truncate(2500))
		}
		must(t, img.Rename("d", "e"))
		if dump(disk) != before {
			t.Fatalf("image %d: a change reached the disk", i)
		}
		for j := i + 1; j < len(images); j++ {
			if dump(images[j]) != want[j] {
				t.Fatalf("image %d: a change reached image %d", i, j)
			}
		}
	}
	f := openWrite(t, disk, "d/1")
	writeAt(t, f, "later", 0)
	must(t, f.Sync())
	if slices.ContainsFunc(images, func(img *simfs.FS) bool { return strings.Contains(dump(img), "later") }) {
		t.Error("a change of the disk reached an image")
	}
}

// What is known of unsynced writes and names is copied too, not shared.
func TestKilledImageHasItsOwnFuture(t *testing.T) {
	disk := simfs.New()
	must(t, disk.MkdirAll("d"))
	must(t, disk.SyncDir("/"))
	must(t, disk.WriteFile("f", []byte("0")))
	must(t, disk.WriteFile("g", []byte("0")))
	f := openWrite(t, disk, "f")
	for _, v := range []string{"1", "2", "3"} {
		writeAt(t, f, v, 0)
	}
	must(t, disk.Rename("g", "d/g"))

	img := disk.CrashBest()
	writeAt(t, openWrite(t, img, "f"), "x", 0)
	writeAt(t, openWrite(t, img, "d/g"), "xxx", 0)
	writeAt(t, f, "y", 0)
	wantOneOf(t, img, "f", "0", "1", "2", "3", "x")
	wantOneOf(t, disk, "f", "0", "1", "2", "3", "y")
	wantOneOf(t, disk, "d/g", "none", "0")

	must(t, img.SyncDir("/"))
	wantOneOf(t, img, "g", "none", "0", "0\x00", "0\x00\x00", "x", "xx", "xxx")
	must(t, img.SyncDir("d"))
	wantOneOf(t, img, "g", "none")
	wantOneOf(t, disk, "g", "none", "0")
}

func TestImagesHaveNoLocks(t *testing.T) {
	disk := simfs.New()
	_, err := disk.Lock("lock")
	must(t, err)
	for _, img := range []*simfs.FS{disk.CrashBest(), disk.CrashWorst()} {
		if _, err := img.Lock("lock"); err != nil {
			t.Errorf("got %v", err)
		}
	}
	if _, err := disk.Lock("/lock"); !errors.Is(err, vfs.ErrLocked) {
		t.Errorf("the disk lost its lock: %v", err)
	}
}

func TestKill(t *testing.T) {
	disk := busy(t)
	f := create(t, disk, "f")
	lock, err := disk.Lock("lock")
	must(t, err)
	before := dump(disk)
	disk.Kill()
	_, openErr := disk.Open("d/1")
	_, createErr := disk.Create("d/1")
	_, statErr := disk.Stat("d")
	_, readDirErr := disk.ReadDir("d")
	_, lockErr := disk.Lock("other")
	_, readErr := f.ReadAt(make([]byte, 1), 0)
	_, writeErr := f.WriteAt([]byte("x"), 0)
	_, sizeErr := f.Size()
	for method, err := range map[string]error{
		"Open": openErr, "Create": createErr, "Stat": statErr, "ReadDir": readDirErr, "Lock": lockErr,
		"Remove": disk.Remove("d/1"), "RemoveAll": disk.RemoveAll("d"), "Rename": disk.Rename("d/1", "x"),
		"MkdirAll": disk.MkdirAll("x"), "SyncDir": disk.SyncDir("d"), "unlock": lock.Close(),
		"ReadAt": readErr, "WriteAt": writeErr, "Size": sizeErr, "Truncate": f.Truncate(1), "Sync": f.Sync(), "Close": f.Close(),
	} {
		if !errors.Is(err, simfs.ErrCrashed) {
			t.Errorf("%s: got %v, want ErrCrashed", method, err)
		}
	}
	if dump(disk) != before || dump(disk.CrashBest()) != before {
		t.Error("the disk changed after it was killed")
	}
}

// One writer appends records and syncs; images taken meanwhile must have all
// that was synced before.
func TestCrashWhileInUse(t *testing.T) {
	disk := simfs.New()
	f := create(t, disk, "f")
	must(t, disk.SyncDir("/"))
	var mu sync.Mutex
	synced := 0
	writerDone := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(writerDone)
		for i := range 300 {
			_, err := f.WriteAt(bytes.Repeat([]byte{byte(i%255 + 1)}, 700), int64(i)*700)
			if err = errors.Join(err, f.Sync()); err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			synced = i + 1
			mu.Unlock()
		}
	})
	for seed := range uint64(3) {
		wg.Go(func() {
			for rng := newRand(seed); ; {
				mu.Lock()
				least := synced
				mu.Unlock()
				got := read(disk.CrashTorn(rng), "f")
				for i := range least {
					if want := strings.Repeat(string([]byte{byte(i%255 + 1)}), 700); len(got) < (i+1)*700 || got[i*700:(i+1)*700] != want {
						t.Errorf("record %d of %d synced ones is lost", i, least)
						return
					}
				}
				select {
				case <-writerDone:
					return
				default:
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkCrash(b *testing.B) {
	disk := simfs.New()
	for i := range 8 {
		must(b, disk.WriteFile(fmt.Sprint(i), bytes.Repeat([]byte("x"), 50_000)))
	}
	f := openWrite(b, disk, "0")
	writeAt(b, f, strings.Repeat("y", 10_000), 0)
	rng := newRand(1)
	b.ReportAllocs()
	for b.Loop() {
		disk.CrashTorn(rng)
	}
}
