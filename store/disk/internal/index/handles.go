package index

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"

	"github.com/gestadb/gesta/store/disk/vfs"
)

// maxHandles bounds the files of places that a set holds open, and maxMappings those that all sets of the process have mapped: there is one for each table
// ever written, and systems bound the mappings of a process, Linux to 65530. Those beyond are read with ReadAt.
const (
	maxHandles  = 256
	maxMappings = 16_384
)

// mappedPlaces counts the files of places that this process has mapped. It is the process that the system bounds, so all sets share it.
var mappedPlaces atomic.Int64

// handles knows the lazy files that are open, and closes the one that was used longest ago when they are too many.
type handles struct {
	clock  atomic.Uint64
	limit  int
	mapped *atomic.Int64 // files, not only those of this set

	mu   sync.Mutex // guards open. Order: never held together with a lazyFile's
	open map[*lazyFile]struct{}
}

func newHandles(limit int) *handles {
	return &handles{limit: limit, mapped: &mappedPlaces, open: map[*lazyFile]struct{}{}}
}

// opened notes that l is open.
func (h *handles) opened(l *lazyFile) {
	h.mu.Lock()
	h.open[l] = struct{}{}
	var oldest *lazyFile
	if len(h.open) > h.limit {
		for o := range h.open {
			if o != l && (oldest == nil || o.used.Load() < oldest.used.Load()) {
				oldest = o
			}
		}
		delete(h.open, oldest)
	}
	h.mu.Unlock()
	if oldest != nil {
		oldest.evict()
	}
}

func (h *handles) forget(l *lazyFile) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, l)
}

// lazyFile is a file for reading that is opened when it is read, and may be closed between reads.
type lazyFile struct {
	fs      vfs.FS
	path    string
	handles *handles
	used    atomic.Uint64 // the clock at the last read

	mu     sync.RWMutex // guards file and closed; held for reading while the file is read
	file   vfs.File
	closed bool
	mapped atomic.Bool
}

// hold returns the open file and holds mu for reading, unless there is an error.
func (l *lazyFile) hold() (vfs.File, error) {
	for {
		l.mu.RLock()
		if l.file != nil {
			l.used.Store(l.handles.clock.Add(1))
			return l.file, nil
		}
		l.mu.RUnlock()
		if err := l.reopen(); err != nil {
			return nil, err
		}
	}
}

func (l *lazyFile) reopen() error {
	l.used.Store(l.handles.clock.Add(1))
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return fs.ErrClosed
	}
	var err error
	if l.file == nil {
		l.file, err = l.fs.Open(l.path)
	}
	l.mu.Unlock()
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	l.handles.opened(l)
	return nil
}

func (l *lazyFile) evict() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		_ = l.file.Close() // it was only read
		l.file = nil
	}
}

// ReadAt implements io.ReaderAt.
func (l *lazyFile) ReadAt(p []byte, off int64) (int, error) {
	f, err := l.hold()
	if err != nil {
		return 0, err
	}
	defer l.mu.RUnlock()
	return f.ReadAt(p, off)
}

// Size implements [vfs.File].
func (l *lazyFile) Size() (int64, error) {
	f, err := l.hold()
	if err != nil {
		return 0, err
	}
	defer l.mu.RUnlock()
	return f.Size()
}

// Map implements [vfs.Mapper]. A file is mapped once; the mapping outlives the open file, and is closed before the lazy one.
func (l *lazyFile) Map(size int64) (vfs.Mapping, error) {
	f, err := l.hold()
	if err != nil {
		return nil, err
	}
	defer l.mu.RUnlock()
	mapper, ok := f.(vfs.Mapper)
	if !ok || l.handles.mapped.Load() >= maxMappings {
		return nil, errors.ErrUnsupported
	}
	m, err := mapper.Map(size)
	if err != nil {
		return nil, err
	}
	l.handles.mapped.Add(1)
	l.mapped.Store(true)
	return m, nil
}

// Close implements [vfs.File].
func (l *lazyFile) Close() error {
	l.handles.forget(l)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mapped.Swap(false) {
		l.handles.mapped.Add(-1)
	}
	l.closed = true
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}

// errReadOnly is what writing to a lazy file is.
var errReadOnly = errors.New("the file is open for reading")

// WriteAt implements [vfs.File]; it is an error.
func (l *lazyFile) WriteAt([]byte, int64) (int, error) { return 0, errReadOnly }

// Truncate implements [vfs.File]; it is an error.
func (l *lazyFile) Truncate(int64) error { return errReadOnly }

// Sync implements [vfs.File]; it is an error.
func (l *lazyFile) Sync() error { return errReadOnly }
