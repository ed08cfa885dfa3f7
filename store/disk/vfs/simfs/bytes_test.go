package simfs_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// model knows what each byte of one file may be after a crash: every value
// that it had since the last sync, zero where there was no byte.
type model struct {
	now     []byte
	durable []byte
	may     [][]byte
	lo, hi  int // Sizes since the last sync.
}

const modelSize = 6 * sectorSize

func newModel() *model { return &model{may: make([][]byte, modelSize)} }

func (m *model) note() {
	for i := range m.may {
		b := byte(0)
		if i < len(m.now) {
			b = m.now[i]
		}
		if !slices.Contains(m.may[i], b) {
			m.may[i] = append(m.may[i], b)
		}
	}
	m.lo, m.hi = min(m.lo, len(m.now)), max(m.hi, len(m.now))
}

func (m *model) resize(n int) {
	if n < len(m.now) {
		m.now = m.now[:n]
	} else {
		m.now = append(m.now, make([]byte, n-len(m.now))...)
	}
	m.note()
}

func (m *model) write(p []byte, off int) {
	m.resize(max(len(m.now), off+len(p)))
	copy(m.now[off:], p)
	m.note()
}

func (m *model) sync() {
	m.durable = bytes.Clone(m.now)
	m.may = make([][]byte, modelSize)
	m.lo, m.hi = len(m.now), len(m.now)
	m.note()
}

// check says what is wrong with the bytes found after a crash.
func (m *model) check(got []byte) error {
	if len(got) < m.lo || len(got) > m.hi {
		return fmt.Errorf("size %d, want %d to %d", len(got), m.lo, m.hi)
	}
	for i, b := range got {
		if !slices.Contains(m.may[i], b) {
			return fmt.Errorf("byte %d is %d, want one of %d", i, b, m.may[i])
		}
	}
	return nil
}

// step does one random operation on the file and on the model.
func (m *model) step(t *testing.T, f vfs.File, rng *rand.Rand, fill byte) {
	switch rng.IntN(12) {
	case 0, 1:
		must(t, f.Sync())
		m.sync()
	case 2:
		n := rng.IntN(modelSize)
		must(t, f.Truncate(int64(n)))
		m.resize(n)
	case 3:
		must(t, f.Truncate(0))
		m.resize(0)
	default:
		p := bytes.Repeat([]byte{fill}, rng.IntN(3*sectorSize))
		off := rng.IntN(modelSize - len(p))
		_, err := f.WriteAt(p, int64(off))
		must(t, err)
		if len(p) > 0 {
			m.write(p, off)
		}
	}
}

func TestBytesSurviveAsPromised(t *testing.T) {
	for seed := range uint64(60) {
		rng := newRand(seed)
		disk := simfs.New()
		f := create(t, disk, "f")
		must(t, disk.SyncDir("/"))
		m := newModel()
		m.note()
		for i := range 40 {
			m.step(t, f, rng, byte(i+1))
			if got := read(disk, "f"); got != string(m.now) {
				t.Fatalf("seed %d, step %d: a running program reads the wrong bytes", seed, i)
			}
			if got := read(disk.CrashBest(), "f"); got != string(m.now) {
				t.Fatalf("seed %d, step %d: CrashBest lost bytes", seed, i)
			}
			if got := read(disk.CrashWorst(), "f"); got != string(m.durable) {
				t.Fatalf("seed %d, step %d: CrashWorst has not what was synced", seed, i)
			}
			for _, img := range []*simfs.FS{disk.Crash(rng), disk.CrashTorn(rng), disk.CrashBest().CrashTorn(rng)} {
				if err := m.check([]byte(read(img, "f"))); err != nil {
					t.Fatalf("seed %d, step %d: %v", seed, i, err)
				}
				checkGrowsWithZeros(t, img)
			}
		}
	}
}

// checkGrowsWithZeros checks that nothing hides beyond the end of the file.
func checkGrowsWithZeros(t *testing.T, disk *simfs.FS) {
	t.Helper()
	before := read(disk, "f")
	f := openWrite(t, disk, "f")
	must(t, f.Truncate(2*modelSize))
	if rest := read(disk, "f")[len(before):]; strings.Trim(rest, "\x00") != "" {
		t.Fatal("bytes beyond the end came back")
	}
}

func TestSectorsAreWholeUnlessTorn(t *testing.T) {
	disk := simfs.New()
	must(t, disk.WriteFile("f", bytes.Repeat([]byte("a"), 2*sectorSize)))
	f := openWrite(t, disk, "f")
	for _, v := range []string{"b", "c"} {
		writeAt(t, f, strings.Repeat(v, 2*sectorSize), 0)
	}
	var want []string
	for _, first := range []string{"a", "b", "c"} {
		for _, second := range []string{"a", "b", "c"} {
			want = append(want, strings.Repeat(first, sectorSize)+strings.Repeat(second, sectorSize))
		}
	}
	wantOneOf(t, disk, "f", want...)

	order := map[string]bool{}
	for seed := range uint64(300) {
		first := read(disk.CrashTorn(newRand(seed)), "f")[:sectorSize]
		order[string(slices.Compact([]byte(first)))] = true
	}
	for _, shape := range []string{"a", "b", "c", "ba", "ca", "cb"} {
		if !order[shape] {
			t.Errorf("no crash tore a sector like %q", shape)
		}
		delete(order, shape)
	}
	if len(order) > 0 {
		t.Errorf("torn the wrong way: %v", order)
	}
}

func TestSizes(t *testing.T) {
	disk := simfs.New()
	must(t, disk.WriteFile("f", []byte("aa")))
	f := openWrite(t, disk, "f")
	writeAt(t, f, "bb", 2)
	zeros := "\x00\x00"
	wantOneOf(t, disk, "f", "aa", "aab", "aabb", "aa"+zeros[:1], "aa"+zeros)
}

// What was durable must not be read through a cut that survived, and what was
// written after the cut must not be found in its old place if the cut was lost.
func TestCut(t *testing.T) {
	disk := simfs.New()
	must(t, disk.WriteFile("f", bytes.Repeat([]byte("a"), 3*sectorSize)))
	f := create(t, disk, "f")
	writeAt(t, f, "b", sectorSize)
	seen := map[string]bool{}
	for seed := range uint64(300) {
		got := read(disk.CrashTorn(newRand(seed)), "f")
		shape := string(slices.Compact([]byte(got)))
		seen[shape] = true
	}
	for _, shape := range []string{"a", "", "\x00", "\x00b"} {
		if !seen[shape] {
			t.Errorf("never found %q", shape)
		}
		delete(seen, shape)
	}
	if len(seen) > 0 {
		t.Errorf("cannot be: %v", seen)
	}
}

func TestManyVersions(t *testing.T) {
	disk := simfs.New()
	must(t, disk.WriteFile("f", []byte("    ")))
	f := openWrite(t, disk, "f")
	for i := range 5000 {
		writeAt(t, f, fmt.Sprintf("%4d", i), 0)
	}
	seen := found(disk, "f")
	if seen["    "] == 0 || seen["4999"] == 0 || len(seen) < 20 || len(seen) > 65 {
		t.Errorf("found %d versions: %v", len(seen), seen)
	}
}

func TestManyVersionsAfterACut(t *testing.T) {
	disk := simfs.New()
	must(t, disk.WriteFile("f", []byte("a")))
	f := create(t, disk, "f")
	for range 500 {
		writeAt(t, f, "bb", 0)
	}
	wantOneOf(t, disk, "f", "a", "", "\x00", "\x00\x00", "b", "bb")
}

// What was written and cut again before it was ever synced is gone as well.
func TestCutOfWhatWasNotSynced(t *testing.T) {
	disk := simfs.New()
	must(t, disk.WriteFile("f", nil))
	f := openWrite(t, disk, "f")
	writeAt(t, f, strings.Repeat("a", sectorSize), 0)
	must(t, f.Truncate(0))
	writeAt(t, f, "b", sectorSize)
	long := 0
	for got, n := range found(disk, "f") {
		if len(got) > sectorSize {
			long += n
			if strings.Contains(got, "a") {
				t.Errorf("%d crashes read through the cut: %.20q", n, got)
			}
		}
	}
	if long == 0 {
		t.Error("no crash kept the byte after the cut")
	}
}
