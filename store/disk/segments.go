package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// segmentName returns the name of a segment's file relative to the store.
func segmentName(number uint32) string { return fmt.Sprintf("%s/%08d%s", logDir, number, segSuffix) }

// listSegments returns the numbers of the segments in the directory of a store, rising.
func listSegments(fsys vfs.FS, dir string) ([]uint32, error) {
	names, err := fsys.ReadDir(path.Join(dir, logDir))
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	var numbers []uint32
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, segSuffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil || n == 0 || path.Join(logDir, name) != segmentName(uint32(n)) {
			return nil, &store.DamagedError{File: path.Join(logDir, name), Problem: "not the name of a segment"}
		}
		numbers = append(numbers, uint32(n))
	}
	slices.Sort(numbers)
	return numbers, nil
}

// segmentFile is an open segment. It is closed, and its mapping given back, when it is neither in the cache nor in use.
type segmentFile struct {
	vfs.File
	number uint32
	uses   int   // guarded by segments.mu; the cache counts as one
	used   int64 // tick of the last use, guarded by segments.mu

	whole   bool          // all of it is mapped, or cannot be; guarded by segments.mu
	mapping vfs.Mapping   // of its beginning; nil while not mapped; guarded by segments.mu
	older   []vfs.Mapping // shorter ones that may be in use; guarded by segments.mu
	asked   askedPages    // of mapping; the slice is guarded by segments.mu
}

// mappedSegment is a segment in use, with its beginning as far as it is mapped: these bytes are valid until it is released, and read inside [vfs.Guard]
// alone. What is behind them is read with ReadAt.
type mappedSegment struct {
	*segmentFile
	mapping vfs.Mapping // nil for none
	raw     []byte      // of mapping
	asked   askedPages  // of mapping
}

// segments keeps the segment files that were read last open. It may be used by many goroutines.
type segments struct {
	fs    vfs.FS
	dir   string
	limit int

	cold  atomic.Bool          // what was read last by mapping was not in memory
	clock func() time.Duration // that says how long that took

	mu     sync.Mutex
	open   map[uint32]*segmentFile
	tick   int64
	opened int // how often a file was opened
}

func newSegments(fsys vfs.FS, dir string, limit int) *segments {
	return &segments{fs: fsys, dir: dir, limit: limit, clock: now, open: map[uint32]*segmentFile{}}
}

// acquire returns a segment open for reading; give it back with release. The error is fs.ErrNotExist for one that is not there.
func (s *segments) acquire(number uint32) (*segmentFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(number)
}

// acquireMapped is acquire, with the bytes of what is before a place.
func (s *segments) acquireMapped(number uint32, end index.Place) (mappedSegment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.take(number)
	if err != nil {
		return mappedSegment{}, err
	}
	return f.mapped(end), nil
}

// hold acquires the segments of the first of some places, in one go, and appends them to dst, each once; places of one segment are together.
// It ends at a segment that cannot be opened, when dst has maxHeld, and when maxOpened had to be opened, and returns how many places it came to.
func (s *segments) hold(dst []mappedSegment, places []index.Place, end index.Place) ([]mappedSegment, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	opened := s.opened
	for i, at := range places {
		if n := len(dst); n > 0 && dst[n-1].number == at.Segment() {
			continue
		}
		if len(dst) == maxHeld || s.opened-opened == maxOpened {
			return dst, i
		}
		f, err := s.take(at.Segment())
		if err != nil {
			return dst, i
		}
		dst = append(dst, f.mapped(end))
	}
	return dst, len(places)
}

// maxHeld bounds how many segments a batch of a read uses at once, and maxOpened how many of them it opens and maps in one go: other reads wait for that, and
// where more segments are read than are kept open, each has to be opened again.
const (
	maxHeld   = 64
	maxOpened = 16
)

// take is acquire with mu held.
func (s *segments) take(number uint32) (*segmentFile, error) {
	s.tick++
	if f := s.open[number]; f != nil {
		f.uses++
		f.used = s.tick
		return f, nil
	}
	file, err := s.fs.Open(path.Join(s.dir, segmentName(number)))
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	s.opened++
	f := &segmentFile{File: file, number: number, uses: 2, used: s.tick}
	s.open[number] = f
	s.evict(f)
	return f, nil
}

// mapped maps what is before a place, or all of the segment if that lies behind it. The caller holds segments.mu.
//
// What is there is not written again, nor cut off, once recovery is over: the segment is removed, or replaced by another file. While it is
// being appended to, more of it is mapped from time to time.
func (f *segmentFile) mapped(end index.Place) mappedSegment {
	switch number := end.Segment(); {
	case f.whole || f.number > number:
	case f.number < number:
		f.whole = true
		if size, err := f.Size(); err == nil {
			f.remap(size)
		}
	default:
		have := 0
		if f.mapping != nil {
			have = len(f.mapping.Bytes())
		}
		if size := int64(end.Offset()); size >= int64(have)+max(remapBytes, int64(have)/4) {
			f.remap(size)
		}
	}
	if f.mapping == nil {
		return mappedSegment{segmentFile: f}
	}
	return mappedSegment{f, f.mapping, f.mapping.Bytes(), f.asked}
}

// remapBytes is how much more of the active segment there has to be to map it again, unless it is long.
const remapBytes = 1 << 20

// remap maps the first size bytes. Where that cannot be, they are read with ReadAt, which says what is wrong if anything is.
func (f *segmentFile) remap(size int64) {
	m, ok := f.File.(vfs.Mapper)
	if !ok || size == 0 {
		return
	}
	mapping, err := m.Map(size)
	if err != nil {
		f.whole = true
		return
	}
	mapping.Advise(0, int(size), vfs.Random)
	if f.mapping != nil {
		f.older = append(f.older, f.mapping)
	}
	f.mapping, f.asked = mapping, f.asked.grown(int(size))
}

// unmap gives back all mappings.
func (f *segmentFile) unmap() {
	if f.mapping != nil {
		f.older = append(f.older, f.mapping)
	}
	for _, m := range f.older {
		_ = m.Close() // what cannot be unmapped stays mapped
	}
	f.mapping, f.older = nil, nil
}

// evict closes the file that was used longest ago when too many are open. The caller holds mu.
func (s *segments) evict(keep *segmentFile) {
	if len(s.open) <= s.limit {
		return
	}
	var oldest *segmentFile
	for _, f := range s.open {
		if f != keep && (oldest == nil || f.used < oldest.used) {
			oldest = f
		}
	}
	s.forget(oldest)
}

// forget takes a file out of the cache. The caller holds mu.
func (s *segments) forget(f *segmentFile) {
	delete(s.open, f.number)
	s.drop(f)
}

func (s *segments) drop(f *segmentFile) {
	if f.uses--; f.uses > 0 {
		return
	}
	f.unmap()
	_ = f.Close() // it was only read
}

func (s *segments) release(f *segmentFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(f)
}

// releaseAll gives back what hold acquired.
func (s *segments) releaseAll(held []mappedSegment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range held {
		s.drop(f.segmentFile)
	}
}

// replaced makes later users open the segment anew.
func (s *segments) replaced(number uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.open[number]; f != nil {
		s.forget(f)
	}
}

// forgetAll makes later users open all segments anew.
func (s *segments) forgetAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.open {
		s.forget(f)
	}
}

// size returns the length of a segment's file in bytes, 0 when it is not there.
func (s *segments) size(number uint32) (int64, error) {
	info, err := s.fs.Stat(path.Join(s.dir, segmentName(number)))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return info.Size, err
}
