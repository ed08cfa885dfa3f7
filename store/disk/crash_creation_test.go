package disk_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// TestCrashDuringCreation crashes the making of a store, in many ways at each operation: it is made again, or it is there.
func TestCrashDuringCreation(t *testing.T) {
	w := newWorld(t, 1, disk.Options{})
	rnd := rand.New(rand.NewPCG(1, 22))
	var mu sync.Mutex
	var failed error // guarded by mu until the store is closed
	w.onOp(func(op vfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if !op.Kind.Changes() || failed != nil {
			return nil // the operation goes on; the test tells of the failure when it is over
		}
		p := w.promised()
		for _, im := range images {
			if _, err := p.verify(im.take(w.disk, rnd), w.afterCrash(), rnd); err != nil {
				failed = fmt.Errorf("%s before %+v: %w", im.name, op, err)
				return nil
			}
		}
		for range 150 { // which of so few names are durable is soon exhausted
			o := w.afterCrash()
			o.FS = w.disk.Crash(rnd)
			s, err := disk.Open(dir, o)
			if err == nil {
				_, _, err = p.content(s)
				err = errors.Join(err, s.Close())
			}
			if err != nil {
				failed = fmt.Errorf("before %+v: %w", op, err)
				return nil
			}
		}
		return nil
	})
	must(t, w.open())
	w.onOp(nil)
	must(t, w.close())
	must(t, failed)
}
