package index

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs"
	"github.com/gestadb/gesta/store/disk/vfs/simfs"
)

// TestHandles reads many lazy files at once, with few handles: never are more open than there may be, but for those being read.
func TestHandles(t *testing.T) {
	const limit, files, readers = 3, 10, 4
	disk := simfs.New()
	var mu sync.Mutex
	open, most := 0, 0
	h := newHandles(limit)
	counted := vfs.NewFault(disk, func(op vfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		switch op.Kind {
		case vfs.OpOpen:
			open++
			most = max(most, open)
		case vfs.OpClose:
			open--
		default: // The others open and close nothing.
		}
		return nil
	})
	all := make([]*lazyFile, files)
	for i := range all {
		name := fmt.Sprint("f", i)
		if err := disk.WriteFile(name, []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
		all[i] = &lazyFile{fs: counted, path: name, handles: h}
	}
	var wg sync.WaitGroup
	for r := range readers {
		wg.Go(func() {
			for i := range 500 {
				n := (i*(r+1) + r) % files
				var b [1]byte
				if _, err := all[n].ReadAt(b[:], 0); err != nil || b[0] != byte(n) {
					t.Errorf("file %d: %d, %v", n, b, err)
				}
			}
		})
	}
	wg.Wait()
	if most > limit+2*readers || most <= limit-1 {
		t.Errorf("%d files were open at once", most)
	}
	for _, l := range all {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if _, err := l.Size(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("Size after Close: %v", err)
		}
	}
	if open != 0 || len(h.open) != 0 {
		t.Errorf("%d files are open after Close, %d known", open, len(h.open))
	}
}

// TestHandlesBoundsMappings lets no more files be mapped than there may be, and more again when some are closed.
func TestHandlesBoundsMappings(t *testing.T) {
	disk := simfs.New()
	if err := disk.WriteFile("f", []byte("x")); err != nil {
		t.Fatal(err)
	}
	h := newHandles(3)
	if h.mapped != newHandles(3).mapped {
		t.Error("two sets of a process count their mappings apart")
	}
	h.mapped = new(atomic.Int64)
	h.mapped.Store(maxMappings - 1)
	l := &lazyFile{fs: disk, path: "f", handles: h}
	m := mapFile(l, 1)
	if m == nil {
		t.Fatal("the last mapping was refused")
	}
	other := &lazyFile{fs: disk, path: "f", handles: h}
	if _, err := other.Map(1); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("one mapping more: %v", err)
	}
	if err := errors.Join(m.Close(), l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	m, err := other.Map(1)
	if err != nil {
		t.Fatalf("after another was closed: %v", err)
	}
	if err := errors.Join(m.Close(), other.Close()); err != nil {
		t.Error(err)
	}
	if n := h.mapped.Load(); n != maxMappings-1 {
		t.Errorf("%d files are said to be mapped", n)
	}
}
