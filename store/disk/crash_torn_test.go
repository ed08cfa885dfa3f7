package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// framesOf returns the frames of a segment, in order, up to the first that is not good.
func framesOf(t testing.TB, b []byte, number uint32) []segment.Frame {
	t.Helper()
	h, err := segment.DecodeHeader(b)
	if err != nil {
		t.Fatal(err)
	}
	var out []segment.Frame
	w := segment.NewWalker(bytes.NewReader(b), h.StoreID, index.MakePlace(number, segment.HeaderSize), int64(len(b)), 0)
	w.KeepBodies()
	for {
		f, err := w.Next()
		if err != nil {
			return out
		}
		out = append(out, f)
	}
}

func segmentPath(number uint32) string { return fmt.Sprintf("%s/log/%08d.seg", dir, number) }

// copyOf returns a disk with the files of another, all durable.
func copyOf(t testing.TB, files map[string][]byte) *simfs.FS {
	t.Helper()
	img := simfs.New()
	for _, d := range []string{dir + "/log", dir + "/index"} {
		must(t, img.MkdirAll(d))
	}
	for _, d := range []string{"/", "/data", "/" + dir} {
		must(t, img.SyncDir(d))
	}
	for name, b := range files {
		must(t, img.WriteFile(name, b))
	}
	return img
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tears are the ways in which a write may be torn from a byte on, or at it.
var tears = []struct {
	name string
	tear func(b []byte, at int, rnd *rand.Rand) []byte
}{
	{"cut", func(b []byte, at int, _ *rand.Rand) []byte { return b[:at] }},
	{"zeros", func(b []byte, at int, _ *rand.Rand) []byte { clear(b[at:]); return b }},
	{"garbage", func(b []byte, at int, rnd *rand.Rand) []byte {
		for i := at; i < len(b); i++ {
			b[i] = byte(rnd.Uint32())
		}
		return b
	}},
	{"a hole", func(b []byte, at int, rnd *rand.Rand) []byte {
		clear(b[at:min(len(b), at+1+rnd.IntN(100))])
		return b
	}},
	{"a bit", func(b []byte, at int, rnd *rand.Rand) []byte { b[at] ^= 1 << rnd.IntN(8); return b }},
}

// torn is what a crash left: the files, and a segment whose bytes were not synced from some offset on.
type torn struct {
	w      *world
	p      promise
	files  map[string][]byte
	number uint32
	from   int
}

// everywhere tears the segment at every byte in every way, and says where what is left is wrong.
func (x *torn) everywhere(t testing.TB) error {
	t.Helper()
	name := segmentPath(x.number)
	b := x.files[name]
	before := 0
	for n := uint32(1); n < x.number; n++ {
		before += commitsIn(framesOf(t, x.files[segmentPath(n)], n), 1<<40)
	}
	var frames []segment.Frame
	if len(b) > 0 {
		frames = framesOf(t, b, x.number)
	}
	rnd := rand.New(rand.NewPCG(uint64(x.from), 13))
	check := func(how string, at int, torn []byte) error {
		if err := x.check(t, at, torn, frames, before); err != nil {
			return fmt.Errorf("%s at %d of %s: %w", how, at, name, err)
		}
		return nil
	}
	for at := x.from; at < len(b); at++ {
		for _, tear := range tears {
			if err := check(tear.name, at, tear.tear(bytes.Clone(b), at, rnd)); err != nil {
				return err
			}
		}
	}
	for _, f := range frames { // the places that chance would hardly find
		err := f.Records(func(r *segment.Record) error {
			slot := int(r.At.Offset()) + r.EnvelopeLen
			if slot < x.from {
				return nil
			}
			hole := bytes.Clone(b)
			clear(hole[slot : slot+r.SlotLen])
			return check("a payload of zeros", slot, hole)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// commitsIn counts the commits that end at or before an offset.
func commitsIn(frames []segment.Frame, until int) int {
	n := 0
	for _, f := range frames {
		if !f.Empty() && int(f.At.Offset())+f.Size() <= until {
			n++
		}
	}
	return n
}

// check opens the store with other bytes of the segment: exactly the commits before the first change are there.
func (x *torn) check(t testing.TB, at int, b []byte, frames []segment.Frame, before int) error {
	t.Helper()
	was := x.files[segmentPath(x.number)]
	changed := 0
	for changed < len(b) && b[changed] == was[changed] {
		changed++
	}
	if changed < segment.HeaderSize {
		changed = 0
	}
	p := x.p
	p.kept = before + commitsIn(frames, changed)
	p.commits = p.commits[:p.kept]
	files := maps.Clone(x.files)
	files[segmentPath(x.number)] = b
	o := x.w.afterCrash()
	img := copyOf(t, files)
	o.FS = img
	s, err := disk.Open(dir, o)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	if _, _, err = p.content(s); err == nil && at%32 == 0 {
		err = p.verifyAgain(img, s, o, p.kept)
	}
	return errors.Join(err, s.Close())
}

// tearer is a hook that tears what each sync of the log would make durable.
type tearer struct {
	t    testing.TB
	w    *world
	from map[string]int // where what is not synced begins

	entered, release chan struct{} // of the first sync
	once             sync.Once

	mu     sync.Mutex // guards from and groups
	groups []int      // how many commits each sync had
}

func (h *tearer) tear(op vfs.Op) error {
	if !strings.HasSuffix(op.Name, ".seg") {
		return nil
	}
	if op.Kind == vfs.OpSync {
		h.once.Do(func() {
			close(h.entered)
			<-h.release
		})
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, dirty := h.from[op.Name]; op.Kind == vfs.OpWrite && !dirty {
		h.from[op.Name] = int(op.Offset)
	}
	if op.Kind != vfs.OpSync {
		return nil
	}
	h.w.mu.Lock()
	x := torn{w: h.w, p: h.w.promised(), files: filesOf(h.w.disk), from: h.from[op.Name]}
	h.w.mu.Unlock()
	if _, err := fmt.Sscanf(op.Name, dir+"/log/%d.seg", &x.number); err != nil {
		return err
	}
	delete(h.from, op.Name)
	frames := framesOf(h.t, x.files[op.Name], x.number)
	h.groups = append(h.groups, commitsIn(frames, 1<<40)-commitsIn(frames, x.from))
	return x.everywhere(h.t)
}

// TestCrashTornAtEveryByte tears what each sync of the log would have made durable: groups of one commit and of many, a seal, the
// header of a segment with its first frames, and the frame that closing writes.
func TestCrashTornAtEveryByte(t *testing.T) {
	w := newWorld(t, 1, disk.Options{})
	must(t, w.open())
	wide := w.small()
	wide.Events[0].Data = append(wide.Events[0].Data, strings.Repeat("w", 3150)...)
	must(t, w.send(wide, store.Commit{Tracking: w.track()}))

	h := &tearer{t: t, w: w, from: map[string]int{}, entered: make(chan struct{}), release: make(chan struct{})}
	w.onOp(h.tear)
	w.started = func() {
		<-h.entered // the first are being synced, and the others will be, together
		close(h.release)
	}
	must(t, w.send(w.small(), w.small(), w.small(), w.small()))
	w.started = nil
	must(t, w.send(w.small(), w.small())) // goes into the next segment
	must(t, w.close())
	if len(h.groups) < 4 || slices.Max(h.groups) < 2 {
		t.Errorf("there were syncs with %v commits: too few to show anything", h.groups)
	}
	w.onOp(nil)
	must(t, w.open())
	must(t, w.close())
}
