package index

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

// errDropped is why a merge has given way: truncation dropped a file that it reads.
var errDropped = errors.New("a file was dropped meanwhile")

// merge makes one file of those that pick chooses, if they are at least two. It begins again with what is left when one of them is dropped.
func (s *Set) merge(ctx context.Context, pick func([]*File) (from, to int)) (bool, error) {
	if s.o.ReadOnly {
		return false, fmt.Errorf("merge the index: %w", store.ErrReadOnly)
	}
	s.merging.Lock()
	defer s.merging.Unlock()
	for {
		merged, err := s.mergeOnce(ctx, pick)
		if !errors.Is(err, errDropped) {
			return merged, err
		}
	}
}

// mergeOnce is merge, but that it returns errDropped. The caller holds merging.
func (s *Set) mergeOnce(ctx context.Context, pick func([]*File) (from, to int)) (bool, error) {
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
	running, giveWay := context.WithCancel(ctx)
	defer giveWay()
	if !s.beginMerge(inputs, giveWay) {
		return false, errDropped
	}
	defer s.endMerge()
	name := fileName(inputs[0].start, inputs[len(inputs)-1].end, extIndex)
	core, err := s.writeMerged(running, name, inputs)
	if err != nil && running.Err() != nil && ctx.Err() == nil {
		return false, errDropped // it left nothing behind, or what the next Open removes
	}
	if err != nil {
		return false, fmt.Errorf("merge into %s: %w", name, err)
	}
	if err := s.replace(inputs, core); err != nil {
		return false, errors.Join(err, core.release())
	}
	return true, core.release()
}

// beginMerge has giveWay called when one of the inputs is dropped. It returns false when that has happened already.
func (s *Set) beginMerge(inputs []*indexFile, giveWay context.CancelFunc) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.find(inputs) < 0 {
		return false
	}
	s.inputs, s.giveWay = inputs, giveWay
	return true
}

func (s *Set) endMerge() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inputs, s.giveWay = nil, nil
}

// find returns the index among the files of now of the first of some that were neighbours, or -1 when one of them was dropped: it is the first then.
// The caller holds mu.
func (s *Set) find(inputs []*indexFile) int {
	return slices.IndexFunc(s.view.files, func(f *File) bool { return f.core == inputs[0] })
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

// replace puts a file in the place of those that it was made of. When one of them was dropped, the file is removed once it is closed.
func (s *Set) replace(inputs []*indexFile, core *indexFile) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	merged := &File{core: core}
	from := s.find(inputs)
	if from < 0 {
		s.removeIndex(merged)
		return errDropped
	}
	old, to := s.view.files, from+len(inputs)
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

// DropBelow removes, after truncation, the files that lie wholly below first. It does not wait for a merge: one that reads such a file gives way.
func (s *Set) DropBelow(first store.Position) error {
	if s.o.ReadOnly {
		return fmt.Errorf("truncate the index: %w", store.ErrReadOnly)
	}
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
			if slices.Contains(s.inputs, f.core) {
				s.giveWay()
			}
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
