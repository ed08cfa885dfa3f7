package index

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// maxProblems bounds what [Set.Problems] returns.
const maxProblems = 100

// listings is how often a directory is listed anew because a file has gone since: a writer merges beside a read-only opener.
const listings = 10

// Open opens the index of a directory: the widest files that are valid and go on from Base without a gap, as far as there are
// places for all of it. It reads one header for each file. Unless ReadOnly, it removes all other files of an index, but no file
// with a name of another kind. A file with a format that is not known is a [store.ErrUnsupported].
func Open(o Options) (*Set, error) {
	if o.FanOut < 2 {
		o.FanOut = 16
	}
	s := &Set{o: o, base: o.Base, handles: newHandles(maxHandles)}
	if !o.ReadOnly {
		if err := o.FS.MkdirAll(o.Dir); err != nil {
			return nil, fmt.Errorf("open index: %w", err)
		}
		if err := o.FS.SyncDir(path.Dir(o.Dir)); err != nil {
			return nil, fmt.Errorf("open index: sync directory: %w", err)
		}
	}
	s.view = newView(nil)
	if err := s.Reload(); err != nil {
		return nil, fmt.Errorf("open index: %w", err)
	}
	return s, nil
}

// Reload lists the directory again, for read-only openers beside a writer. Files that are open already stay open. Options.Valid is called with the
// locks of the set held.
func (s *Set) Reload() error {
	s.adding.Lock()
	defer s.adding.Unlock()
	s.merging.Lock()
	defer s.merging.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	for n := 0; ; n++ {
		c := chain{set: s, open: map[string]*indexFile{}, places: map[string]*placesFile{}}
		err := c.list()
		if err == nil {
			err = c.follow()
		}
		if err == nil {
			s.install(c.files)
			s.problems = c.problems
			err = c.tidy()
		}
		c.release()
		if err == nil || n >= listings || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

// removeIfThere removes a file; that there is none is no error.
func removeIfThere(files vfs.FS, name string) error {
	if err := files.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", path.Base(name), err)
	}
	return nil
}
