package disk_test

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// counted is a file system that knows which files and locks are open.
type counted struct {
	vfs.FS

	mu   sync.Mutex
	open map[io.Closer]string
}

func newCounted(fs vfs.FS) *counted { return &counted{FS: fs, open: map[io.Closer]string{}} }

func (c *counted) Open(name string) (vfs.File, error)      { return c.file(name)(c.FS.Open(name)) }
func (c *counted) OpenWrite(name string) (vfs.File, error) { return c.file(name)(c.FS.OpenWrite(name)) }

func (c *counted) Create(name string) (vfs.File, error) { return c.file(name)(c.FS.Create(name)) }

func (c *counted) file(name string) func(vfs.File, error) (vfs.File, error) {
	return func(f vfs.File, err error) (vfs.File, error) {
		if err != nil {
			return nil, err
		}
		out := &countedFile{File: f, c: c}
		c.note(out, name)
		return out, nil
	}
}

func (c *counted) Lock(name string) (io.Closer, error) {
	l, err := c.FS.Lock(name)
	if err != nil {
		return nil, err
	}
	out := &countedLock{Closer: l, c: c}
	c.note(out, name)
	return out, nil
}

func (c *counted) note(f io.Closer, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[f] = name
}

func (c *counted) forget(f io.Closer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, f)
}

// left returns the names of what is open.
func (c *counted) left() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, name := range c.open {
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

type countedFile struct {
	vfs.File
	c *counted
}

func (f *countedFile) Close() error {
	f.c.forget(f)
	return f.File.Close()
}

type countedLock struct {
	io.Closer
	c *counted
}

func (l *countedLock) Close() error {
	l.c.forget(l)
	return l.Closer.Close()
}

// goroutines waits until there are no more goroutines than before.
func goroutines(t testing.TB, before int) {
	t.Helper()
	const patience = 1 << 20
	for range patience {
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines, there were %d:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}

// TestFaultLeaksNothing closes stores under whoever uses them.
func TestFaultLeaksNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for seed := range uint64(10) {
		w := newWorld(t, 4000+seed, disk.Options{})
		must(t, w.open())
		for range 10 {
			must(t, w.step())
		}
		reader, err := disk.OpenReader(dir, w.opts)
		must(t, err)
		var wg sync.WaitGroup
		for _, s := range []*disk.Store{w.s, reader} {
			follow(t, &wg, s, w.p.first-1)
		}
		must(t, w.close())
		must(t, reader.Close())
		wg.Wait()
		if left := w.files.left(); left != "" {
			t.Errorf("open after Close: %s", left)
		}
	}
	goroutines(t, before)
}

// follow lets some readers follow until the store is closed, and others leave before.
func follow(t *testing.T, wg *sync.WaitGroup, s *disk.Store, after store.Position) {
	t.Helper()
	for n := range 3 {
		started := make(chan struct{})
		wg.Go(func() {
			var once sync.Once
			defer once.Do(func() { close(started) })
			o := store.ReadOptions{After: after, Follow: true, Limit: n, Progress: func(store.Position, bool) { once.Do(func() { close(started) }) }}
			for _, err := range s.Read(t.Context(), nil, o) {
				if err != nil && !errors.Is(err, store.ErrClosed) {
					t.Errorf("follow: %v", err)
				}
			}
		})
		<-started
	}
}
