package index

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// Options say what [Open] opens.
type Options struct {
	FS      vfs.FS
	Dir     string // of the index files alone; made if it is not there
	StoreID [16]byte
	Seed    uint64 // of the hashes; always the same for one store

	// Base is where the log begins: the zero End, or the end before the first event that is left after truncation.
	Base End

	// ReadOnly leaves the directory as it is. Add, Merge, MergeAll and DropBelow are then [store.ErrReadOnly].
	ReadOnly bool

	// FanOut is how many files are merged into one at the least while tables are added, from 2. Defaults to 16.
	FanOut int

	// Valid asks the log whether an end is really in it: whether the frame at Last has that checksum and lies within the log. Nil takes all
	// ends for valid.
	Valid func(End) bool
}

// Set manages the files of an index in a directory. Its methods may be called by any number of goroutines at once; calls of Add
// wait for each other, and so do those of Merge, MergeIdle and MergeAll.
type Set struct {
	o       Options
	handles *handles

	adding  sync.Mutex // held by Add and Reload. Order: adding, merging, mu
	merging sync.Mutex // held by Merge, MergeIdle, MergeAll and Reload

	mu       sync.Mutex // guards all below
	base     End
	view     *View // of the files now; the set has one reference
	problems []store.Problem
	inputs   []*indexFile       // of the merge that is under way
	giveWay  context.CancelFunc // ends it
	closed   bool
}

// End returns how far the files reach: where replay of the log begins.
func (s *Set) End() End {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end()
}

func (s *Set) end() End {
	if n := len(s.view.files); n > 0 {
		return s.view.files[n-1].core.end
	}
	return s.base
}

// View returns the files as they are now. The caller releases it. After Close it has none.
func (s *Set) View() *View {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view.refs.Add(1)
	return s.view
}

// Bytes returns the size of all files.
func (s *Set) Bytes() int64 {
	v := s.View()
	defer v.Release()
	var n int64
	for _, f := range v.files {
		n += f.core.size
		for _, p := range f.places {
			n += p.size
		}
	}
	return n
}

// Problems returns what was wrong with files that [Open] or Reload did not take, at most maxProblems of them. What they covered
// is either in the files that were taken, or beyond [Set.End] and replayed from the log. A file whose end is not in the log is no
// problem.
func (s *Set) Problems() []store.Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problems
}

// Close releases the files. Views that are held keep theirs.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.base = s.end()
	s.install(nil)
	return nil
}

// install makes files the current ones; mu is held.
func (s *Set) install(files []*File) {
	old := s.view
	s.view = newView(files)
	if old != nil {
		old.Release()
	}
}

// Add writes the table, which begins where the files end, and then has it in the views. A table without events is an error: go on adding to
// it. After an error the files are as they were.
func (s *Set) Add(t *Table) error {
	if s.o.ReadOnly {
		return fmt.Errorf("add to the index: %w", store.ErrReadOnly)
	}
	s.adding.Lock()
	defer s.adding.Unlock()
	start, end := t.Start(), t.End()
	switch at := s.End(); {
	case t.Len() == 0:
		return errors.New("add to the index: the table has no events")
	case start != at:
		return fmt.Errorf("add to the index: the table begins at %+v, the files end at %+v", start, at)
	}
	index, places := fileName(start, end, extIndex), fileName(start, end, extPlaces)
	core, err := s.writeTable(t, index, places)
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", index, err), s.discard(places), s.discard(index))
	}
	return s.added(core)
}

func (s *Set) writeTable(t *Table, index, places string) (*File, error) {
	if err := s.writeFile(places, func(f vfs.File) error { return writePlaces(f, t, s.o.StoreID) }); err != nil {
		return nil, err
	}
	if err := s.writeFile(index, func(f vfs.File) error { return writeTable(f, t, s.o.StoreID) }); err != nil {
		return nil, err
	}
	if err := s.o.FS.SyncDir(s.o.Dir); err != nil {
		return nil, fmt.Errorf("sync directory: %w", err)
	}
	p, err := readPlacesHeader(s.o.FS, s.handles, s.path(places), errorName(places), s.o.StoreID)
	if err != nil {
		return nil, err
	}
	core, err := openIndexFile(s.o.FS, s.path(index), errorName(index), s.o.StoreID, s.o.Seed)
	if err != nil {
		return nil, errors.Join(err, p.release())
	}
	return &File{core, []*placesFile{p}}, nil
}

// added puts a new file into the views, and gives its references to them.
func (s *Set) added(f *File) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.closed {
		err = store.ErrClosed
	} else {
		s.install(append(slices.Clip(s.view.files), f))
	}
	for _, p := range f.places {
		err = errors.Join(err, p.release())
	}
	return errors.Join(err, f.core.release())
}

// writeFile writes a file under another name, syncs it, and renames it. The directory is not synced.
func (s *Set) writeFile(name string, write func(vfs.File) error) error {
	return writeFile(s.o.FS, s.path(name), write)
}

func writeFile(fs vfs.FS, name string, write func(vfs.File) error) error {
	tmp := name + extTmp
	if err := removeIfThere(fs, tmp); err != nil {
		return err
	}
	file, err := fs.Create(tmp)
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	err = write(file)
	if err == nil {
		if err = file.Sync(); err != nil {
			err = fmt.Errorf("sync: %w", err)
		}
	}
	if err = errors.Join(err, file.Close()); err == nil {
		if err = fs.Rename(tmp, name); err == nil {
			return nil
		}
	}
	return errors.Join(err, removeIfThere(fs, tmp))
}

// discard removes what a failed write left under a name.
func (s *Set) discard(name string) error { return removeIfThere(s.o.FS, s.path(name)) }

func (s *Set) path(name string) string { return path.Join(s.o.Dir, name) }

// errorName is how errors call a file of the index: relative to the store.
func errorName(name string) string { return "index/" + name }

// RemoveAll removes the directory of an index, so that it is built again from the log. No Set has it open.
func RemoveAll(fs vfs.FS, dir string) error {
	if err := fs.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove the index: %w", err)
	}
	if err := fs.SyncDir(path.Dir(dir)); err != nil {
		return fmt.Errorf("remove the index: sync directory: %w", err)
	}
	return nil
}
