package disk_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// TestCrashReaderOpensWhatIsLeft opens crashed stores for reading alone, which recovers them first, and then for writing: both show the same.
func TestCrashReaderOpensWhatIsLeft(t *testing.T) {
	for seed := range seeds(t, 4) {
		o := disk.Options{}
		if seed%2 == 1 {
			o.Sync = disk.SyncNever
		}
		w := newWorld(t, 7000+seed, o)
		rnd := rand.New(rand.NewPCG(seed, 21))
		var mu sync.Mutex
		var failed error
		w.onOp(func(op vfs.Op) error {
			mu.Lock()
			defer mu.Unlock()
			if !op.Kind.Changes() || failed != nil || rnd.IntN(12) > 0 {
				return nil
			}
			w.mu.Lock()
			im := images[rnd.IntN(len(images))]
			img, p := im.take(w.disk, rnd), w.promised()
			w.mu.Unlock()
			if err := p.verifyReader(img, w.afterCrash()); err != nil {
				failed = fmt.Errorf("seed %d, %s before %+v: %w", seed, im.name, op, err)
			}
			return nil
		})
		err := w.open()
		for n := 0; n < 50 && err == nil; n++ {
			err = w.step()
		}
		must(t, errors.Join(err, w.close(), failed))
	}
}

// verifyReader opens an image for reading, and compares what it shows with the promise and with what a writer finds.
func (p *promise) verifyReader(img *simfs.FS, o disk.Options) error {
	o.FS = img
	reader, err := disk.OpenReader(dir, o)
	if !p.made && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open for reading: %w", err)
	}
	n, _, err := p.content(reader)
	if err != nil {
		return errors.Join(fmt.Errorf("for reading: %w", err), reader.Close())
	}
	writer, err := disk.Open(dir, o)
	if err != nil {
		return errors.Join(fmt.Errorf("open beside the reader: %w", err), reader.Close())
	}
	again := *p
	again.kept, again.commits = n, p.commits[:n]
	if _, _, err = again.content(writer); err != nil {
		err = fmt.Errorf("for writing: %w", err)
	}
	return errors.Join(err, writer.Close(), reader.Close())
}

// TestCrashReaderDuringRecovery opens a store for reading while a writer recovers it: the reader waits, and then shows what was recovered.
func TestCrashReaderDuringRecovery(t *testing.T) {
	w := newWorld(t, 8000, disk.Options{})
	must(t, w.open())
	for range 30 {
		must(t, w.step())
	}
	img, p := w.disk.CrashBest(), w.promised()
	must(t, w.close())
	for n := 1; ; n += 2 {
		img := img.CrashBest()
		waits := make(chan struct{})
		opened := make(chan error, 1)
		var once sync.Once
		o := w.afterCrash()
		ro := o
		ro.FS = vfs.NewFault(img, func(op vfs.Op) error {
			if op.Kind == vfs.OpOpen && strings.HasSuffix(op.Name, "log/head") {
				go once.Do(func() { close(waits) })
			}
			return nil
		})
		var count atomic.Int64
		var removed atomic.Bool
		o.FS = vfs.NewFault(img, func(op vfs.Op) error {
			if op.Kind == vfs.OpRemove && strings.HasSuffix(op.Name, "log/head") {
				removed.Store(true)
			}
			if !op.Kind.Changes() || !removed.Load() {
				return nil
			}
			if count.Add(1) == int64(n) {
				go func() {
					reader, err := disk.OpenReader(dir, ro)
					if err == nil {
						_, _, err = p.content(reader)
						err = errors.Join(err, reader.Close())
					}
					opened <- err
				}()
				<-waits
			}
			return nil
		})
		s, err := disk.Open(dir, o)
		must(t, err)
		if count.Load() < int64(n) {
			must(t, s.Close())
			return
		}
		if err := <-opened; err != nil {
			t.Errorf("the reader that came at operation %d of recovery: %v", n, err)
		}
		must(t, s.Close())
	}
}

// TestCrashReaderLetsGo opens a crashed store for reading, and meanwhile for writing: while the reader recovers it the writer is told, or waits if
// it may, and then has it to itself.
func TestCrashReaderLetsGo(t *testing.T) {
	w := newWorld(t, 8001, disk.Options{})
	must(t, w.open())
	must(t, w.send(w.commit(), w.commit()))
	img, p := w.disk.CrashBest(), w.promised()
	must(t, w.close())
	o := w.afterCrash()
	o.FS = img
	ro, patient := o, o
	patient.LockWait = time.Minute
	opened := make(chan error, 1)
	var once sync.Once
	ro.FS = vfs.NewFault(img, func(op vfs.Op) error {
		if op.Kind == vfs.OpSync {
			once.Do(func() {
				if _, err := disk.Open(dir, o); !errors.Is(err, store.ErrLocked) {
					t.Errorf("open beside a recovery: %v", err)
				}
				go func() {
					s, err := disk.Open(dir, patient)
					if err == nil {
						_, _, err = p.content(s)
						err = errors.Join(err, s.Close())
					}
					opened <- err
				}()
			})
		}
		return nil
	})
	reader, err := disk.OpenReader(dir, ro)
	must(t, err)
	must(t, <-opened)
	if _, err := reader.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "T"}}}); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("append to a reader: %v", err)
	}
	must(t, reader.Close())
}
