package index

import (
	"context"
	"errors"
	"fmt"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// maxFiles bounds the files of a set that is merged after each Add, whatever their sizes.
const maxFiles = 64

// Merge makes one file of FanOut neighbours or more, of which the largest has no more events than the others together: so an
// event moves into a file at least twice as large each time, and the number of files grows slowly. Of several such runs it takes
// the one with the fewest events. It does nothing if there is none, unless there are more than [maxFiles]. The files that were
// merged leave the views, and the disk once no view has them.
func (s *Set) Merge(ctx context.Context) (merged bool, err error) {
	return s.merge(ctx, func(files []*File) (int, int) { return pickRun(files, s.o.FanOut) })
}

// pickRun chooses the files to merge; an empty run for none.
func pickRun(files []*File, fanOut int) (from, to int) {
	fewest := ^uint64(0)
	for i := range files {
		total, largest := uint64(0), uint64(0)
		for j := i; j < len(files); j++ {
			total += files[j].core.events
			largest = max(largest, files[j].core.events)
			balanced := largest <= total-largest || len(files) > maxFiles
			if j+1-i >= fanOut && balanced && total < fewest {
				from, to, fewest = i, j+1, total
			}
		}
	}
	return from, to
}

// MergeAll makes one file of all: the fewest reads for a look-up. It reads and writes the whole index.
func (s *Set) MergeAll(ctx context.Context) error {
	_, err := s.merge(ctx, func(files []*File) (int, int) { return 0, len(files) })
	return err
}

// merge makes one file of those that pick chooses, if they are at least two.
func (s *Set) merge(ctx context.Context, pick func([]*File) (from, to int)) (bool, error) {
	if s.o.ReadOnly {
		return false, fmt.Errorf("merge the index: %w", store.ErrReadOnly)
	}
	s.merging.Lock()
	defer s.merging.Unlock()
	v := s.View()
	defer v.Release()
	from, to := pick(v.files)
	if to-from < 2 {
		return false, nil
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	inputs := make([]*indexFile, 0, to-from)
	for _, f := range v.files[from:to] {
		inputs = append(inputs, f.core)
	}
	name := fileName(inputs[0].start, inputs[len(inputs)-1].end, extIndex)
	core, err := s.writeMerged(ctx, name, inputs)
	if err != nil {
		return false, fmt.Errorf("merge into %s: %w", name, err)
	}
	return true, errors.Join(s.replace(from, to, core), core.release())
}

func (s *Set) writeMerged(ctx context.Context, name string, inputs []*indexFile) (*indexFile, error) {
	if err := s.writeFile(name, func(f vfs.File) error { return writeMerged(ctx, f, inputs) }); err != nil {
		return nil, err
	}
	if err := s.o.FS.SyncDir(s.o.Dir); err != nil {
		return nil, errors.Join(fmt.Errorf("sync directory: %w", err), s.discard(name))
	}
	core, err := openIndexFile(s.o.FS, s.path(name), errorName(name), s.o.StoreID, s.o.Seed)
	if err != nil {
		return nil, errors.Join(err, s.discard(name))
	}
	return core, nil
}

// replace puts a file in the place of those from index from up to to. Others cannot have moved: only Add has changed the files since.
func (s *Set) replace(from, to int, core *indexFile) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	old := s.view.files
	merged := &File{core: core}
	for _, f := range old[from:to] {
		merged.places = append(merged.places, f.places...)
		s.removeIndex(f)
	}
	files := append([]*File{}, old[:from]...)
	files = append(append(files, merged), old[to:]...)
	s.install(files)
	return nil
}

// removeIndex has an index file removed once it is closed. What cannot be removed then is removed by the next Open.
func (s *Set) removeIndex(f *File) {
	path := f.core.path
	f.core.remove = func() { _ = s.o.FS.Remove(path) }
}

// DropBelow removes, after truncation, the files that lie wholly below first.
func (s *Set) DropBelow(first store.Position) error {
	if s.o.ReadOnly {
		return fmt.Errorf("truncate the index: %w", store.ErrReadOnly)
	}
	s.merging.Lock()
	defer s.merging.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	var files []*File
	for _, f := range s.view.files {
		if f.core.last() < first {
			s.base = f.core.end
			s.removeIndex(f)
		}
		left := &File{core: f.core}
		for _, p := range f.places {
			if p.end.Position >= first {
				left.places = append(left.places, p)
				continue
			}
			path := p.path
			p.remove = func() { _ = s.o.FS.Remove(path) }
		}
		if f.core.last() >= first {
			files = append(files, left)
		}
	}
	s.install(files)
	return nil
}
