package index

import (
	"context"
	"errors"
	"fmt"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

const (
	// maxFiles bounds the files of a set that is merged after each Add, whatever their sizes.
	maxFiles = 64

	// A run of files with no more than fewEvents costs next to nothing to merge, so that fewFiles are enough.
	fewEvents = 1 << 15
	fewFiles  = 4

	// idleFiles are enough when there is nothing else to do.
	idleFiles = 2
)

// Merge makes one file of FanOut neighbours or more, of which the largest is a small part: so an event moves into a file several
// times as large each time, and the number of files grows slowly. Of several such runs it takes the one that is rid of the most
// files for each event that is written: when it has fallen behind, it merges all that have come since at once. It does nothing if
// there is none, unless there are more than [maxFiles]. The files that were merged leave the views, and the disk once no view has
// them.
//
// While 2,000 tables of 87,000 events are added, an event moves twice with a fan-out of 16, and there are 35 files at the most; it moves 5 times
// with 4, and there are 13. A move costs about as much as writing the table did, a file a tenth of a microsecond of a look-up; so the fan-out is high,
// and [Set.MergeIdle] makes up for it.
func (s *Set) Merge(ctx context.Context) (merged bool, err error) {
	return s.merge(ctx, func(files []*File) (int, int) { return pickRun(files, s.o.FanOut) })
}

// MergeIdle is Merge for when no table has come for a while: it does not wait for FanOut files. It leaves about as many as there are doublings
// between the smallest and the largest, each of which has more events than its smaller neighbours together.
func (s *Set) MergeIdle(ctx context.Context) (merged bool, err error) {
	return s.merge(ctx, func(files []*File) (int, int) { return pickRun(files, idleFiles) })
}

// pickRun chooses the files to merge; an empty run for none.
func pickRun(files []*File, fanOut int) (from, to int) {
	var least uint64 // events of the run chosen
	for i := range files {
		total, largest := uint64(0), uint64(0)
		for j := i; j < len(files) && j-i < maxInputs; j++ {
			events := files[j].core.events
			total += events
			largest = max(largest, events)
			enough := fanOut
			if total <= fewEvents {
				enough = min(fanOut, fewFiles)
			}
			balanced := total >= max(2*largest, 3*largest*uint64(enough)/4) || len(files) > maxFiles
			if n := j + 1 - i; n < enough || !balanced {
				continue
			}
			// The files that the run is rid of, for each event, against those that the best one so far is rid of.
			if to == from || uint64(j-i)*least > uint64(to-from-1)*total {
				from, to, least = i, j+1, total
			}
		}
	}
	return from, to
}

// MergeAll makes one file of all: the fewest reads for a look-up. It reads and writes the whole index.
func (s *Set) MergeAll(ctx context.Context) error {
	for {
		merged, err := s.merge(ctx, func(files []*File) (int, int) {
			if len(files) > maxInputs {
				return pickRun(files, maxInputs)
			}
			return 0, len(files)
		})
		if !merged || err != nil {
			return err
		}
	}
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
