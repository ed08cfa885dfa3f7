package disk_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// image is one way in which a machine may stop.
type image struct {
	name string
	take func(d *simfs.FS, rnd *rand.Rand) *simfs.FS
	kill bool // the process alone stops
}

var images = []image{
	{"worst", func(d *simfs.FS, _ *rand.Rand) *simfs.FS { return d.CrashWorst() }, false},
	{"killed", func(d *simfs.FS, _ *rand.Rand) *simfs.FS { return d.CrashBest() }, true},
	{"random", func(d *simfs.FS, rnd *rand.Rand) *simfs.FS { return d.Crash(rnd) }, false},
	{"torn", func(d *simfs.FS, rnd *rand.Rand) *simfs.FS { return d.CrashTorn(rnd) }, false},
	{"killed, then random", func(d *simfs.FS, rnd *rand.Rand) *simfs.FS { return d.CrashBest().CrashTorn(rnd) }, false},
}

// crasher crashes a world at its operations.
type crasher struct {
	w     *world
	seed  uint64
	rnd   *rand.Rand // its own: the world's steps must not depend on what is looked at
	oneIn int        // one in so many operations is looked at

	mu     sync.Mutex
	count  int
	found  int   // images that were looked at
	failed error // the first that was not as promised
}

// crash is a hook that takes images at an operation that changes something, and verifies them.
func (c *crasher) crash(op vfs.Op) error {
	if !op.Kind.Changes() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	if c.failed != nil || !pick(c.rnd, c.oneIn) {
		return nil
	}
	for i, im := range images {
		if i != c.count%2 && c.rnd.IntN(len(images)) > 0 { // the first two are looked at by turns, the others now and then
			continue
		}
		if err := c.look(im); err != nil {
			c.failed = fmt.Errorf("seed %d, %s at operation %d, before %+v: %w", c.seed, im.name, c.count, op, err)
			break
		}
	}
	return nil
}

// look takes one image and verifies it.
func (c *crasher) look(im image) error {
	c.w.mu.Lock()
	img := im.take(c.w.disk, c.rnd)
	p := c.w.promised()
	if im.kill && c.w.opts.Sync == disk.SyncNever {
		p.kept = c.w.sent
	}
	c.w.mu.Unlock()
	c.found++
	_, err := p.verify(img, c.w.afterCrash(), c.rnd)
	return err
}

// crashEverywhere runs a world of so many steps and crashes it at one of so many operations.
func crashEverywhere(t *testing.T, seed uint64, o disk.Options, steps, oneIn int) int {
	t.Helper()
	w := newWorld(t, seed, o)
	c := &crasher{w: w, seed: seed, rnd: rand.New(rand.NewPCG(seed, 12)), oneIn: oneIn}
	w.onOp(c.crash)
	err := w.open()
	for n := 0; n < steps && err == nil && c.failure() == nil; n++ {
		if err = w.step(); err != nil {
			err = fmt.Errorf("step %d: %w", n, err)
		}
	}
	if err == nil {
		err = w.close()
	} else if w.s != nil {
		_ = w.s.Close() // the error before it is the one that matters
	}
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	for _, im := range images {
		if err := c.look(im); err != nil && c.failed == nil {
			c.failed = fmt.Errorf("seed %d, %s at the end: %w", seed, im.name, err)
		}
	}
	if c.failed != nil {
		t.Fatal(c.failed)
	}
	return c.found
}

func (c *crasher) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

// sparse says which of the operations of a run are looked at: with many runs fewer of each, for other runs show more.
func sparse(seed uint64) int {
	const few = 8
	if seed < few {
		return 12
	}
	return 40
}

// TestCrashAtEveryOperation crashes a store at each of its operations in every way, and more stores at some.
func TestCrashAtEveryOperation(t *testing.T) {
	found := 0
	for seed := range seeds(t, 8) {
		oneIn := sparse(seed)
		if seed == 0 {
			oneIn = 1
		}
		found += crashEverywhere(t, 7+seed, disk.Options{}, 40, oneIn)
	}
	t.Logf("%d images", found)
}

// TestCrashWithoutSync is TestCrashAtEveryOperation for a store that leaves syncing to the operating system.
func TestCrashWithoutSync(t *testing.T) {
	found := 0
	for seed := range seeds(t, 6) {
		found += crashEverywhere(t, 500+seed, disk.Options{Sync: disk.SyncNever}, 50, sparse(seed))
	}
	t.Logf("%d images", found)
}

// TestCrashOfManySegments has a longer history, so that index files of several sizes are merged.
func TestCrashOfManySegments(t *testing.T) {
	found := 0
	for seed := range (seeds(t, 1) + 9) / 10 { // each is as long as ten others
		found += crashEverywhere(t, 1000+seed, disk.Options{OpenSegments: 2}, 300, 60)
	}
	t.Logf("%d images", found)
}
