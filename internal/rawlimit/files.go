package rawlimit

import (
	"errors"
	"fmt"
	"sync"

	"github.com/gestadb/gesta/store/disk/vfs"
)

// files are the files of a log, numbered from 0. Committer and filler ask for them; whoever comes first makes one.
type files struct {
	fs  vfs.FS
	dir string

	mu    sync.Mutex
	open  map[int64]vfs.File // guarded by mu
	first int64              // the first that is not removed; guarded by mu
	next  int64              // the first that is not made; guarded by mu
}

func newFiles(fs vfs.FS, dir string) *files {
	return &files{fs: fs, dir: dir, open: map[int64]vfs.File{}}
}

// file returns the file with a number, which is that of an open file or above all that were made; those up to it are made
// in order. A new file is empty, and its name is durable.
func (f *files) file(number int64) (vfs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.next <= number {
		file, err := f.fs.Create(fileName(f.dir, f.next))
		if err != nil {
			return nil, fmt.Errorf("make a file of the raw log: %w", err)
		}
		f.open[f.next] = file
		f.next++
		if err := f.fs.SyncDir(f.dir); err != nil {
			return nil, fmt.Errorf("sync directory of the raw log: %w", err)
		}
	}
	file, ok := f.open[number]
	if !ok {
		return nil, fmt.Errorf("file %d of the raw log is closed", number)
	}
	return file, nil
}

func (f *files) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for i := f.first; i < f.next; i++ {
		names = append(names, fileName(f.dir, i))
	}
	return names
}

// closeBelow closes the files below a number.
func (f *files) closeBelow(number int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for i, file := range f.open {
		if i < number {
			errs = append(errs, file.Close())
			delete(f.open, i)
		}
	}
	return errors.Join(errs...)
}

// removeBelow removes the files below a number, all of them closed.
func (f *files) removeBelow(number int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for ; f.first < min(number, f.next); f.first++ {
		if err := f.fs.Remove(fileName(f.dir, f.first)); err != nil {
			return fmt.Errorf("remove a file of the raw log: %w", err)
		}
	}
	return nil
}
