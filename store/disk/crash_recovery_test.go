package disk_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// recovery opens what a crash has left, and crashes at each operation of that.
type recovery struct {
	p     promise
	o     disk.Options
	rnd   *rand.Rand
	found int
}

// open recovers an image; at each operation the machine stops, and recovers, as often again as depth says.
func (r *recovery) open(img *simfs.FS, depth int) error {
	var mu sync.Mutex
	var failed error
	o := r.o
	o.FS = vfs.NewFault(img, func(op vfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if !op.Kind.Changes() || failed != nil || r.rnd.IntN(2) == 0 {
			return nil
		}
		im := images[r.rnd.IntN(len(images))]
		if err := r.look(im.take(img, r.rnd), depth); err != nil {
			failed = fmt.Errorf("%s before %+v of recovery: %w", im.name, op, err)
		}
		return nil
	})
	s, err := disk.Open(dir, o)
	if err != nil {
		return errors.Join(failed, fmt.Errorf("open: %w", err))
	}
	if _, _, err = r.p.content(s); err != nil {
		err = fmt.Errorf("recovered: %w", err)
	}
	return errors.Join(err, s.Close(), failed)
}

// look takes an image of a recovery to its end, or crashes it again.
func (r *recovery) look(img *simfs.FS, depth int) error {
	r.found++
	if depth > 1 && r.rnd.IntN(25) == 0 {
		return r.open(img, depth-1)
	}
	if r.rnd.IntN(3) == 0 {
		_, err := r.p.verify(img, r.o, r.rnd)
		return err
	}
	o := r.o
	o.FS = img
	s, err := disk.Open(dir, o)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	_, _, err = r.p.content(s)
	return errors.Join(err, s.Close())
}

// TestCrashDuringRecovery crashes worlds, and then the recoveries at each of their operations, and the recoveries of those.
func TestCrashDuringRecovery(t *testing.T) {
	found := 0
	for seed := range seeds(t, 4) {
		o := disk.Options{}
		if seed%3 == 2 {
			o.Sync = disk.SyncNever
		}
		found += crashRecoveries(t, seed, o)
	}
	t.Logf("%d images", found)
}

func crashRecoveries(t *testing.T, seed uint64, o disk.Options) int {
	t.Helper()
	w := newWorld(t, 2000+seed, o)
	rnd := rand.New(rand.NewPCG(seed, 14))
	var mu sync.Mutex
	var failed error
	found := 0
	w.onOp(func(op vfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if !op.Kind.Changes() || failed != nil || rnd.IntN(10*sparse(seed)) != 0 {
			return nil
		}
		w.mu.Lock()
		im := images[rnd.IntN(len(images))]
		r := recovery{p: w.promised(), o: w.afterCrash(), rnd: rnd}
		img := im.take(w.disk, rnd)
		w.mu.Unlock()
		if err := r.open(img, 3); err != nil {
			failed = fmt.Errorf("seed %d, %s before %+v: %w", seed, im.name, op, err)
		}
		found += r.found
		return nil
	})
	err := w.open()
	for n := 0; n < 50 && err == nil; n++ {
		err = w.step()
	}
	if err = errors.Join(err, w.close(), failed); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	return found
}
