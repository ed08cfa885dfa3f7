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

	"github.com/gestadb/gesta/store"
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

// segmentFile is an open segment. It is closed when it is neither in the cache nor in use.
type segmentFile struct {
	vfs.File
	number uint32
	uses   int   // guarded by segments.mu; the cache counts as one
	used   int64 // tick of the last use, guarded by segments.mu
}

// segments keeps the segment files that were read last open. It may be used by many goroutines.
type segments struct {
	fs    vfs.FS
	dir   string
	limit int

	mu   sync.Mutex
	open map[uint32]*segmentFile
	tick int64
}

func newSegments(fsys vfs.FS, dir string, limit int) *segments {
	return &segments{fs: fsys, dir: dir, limit: limit, open: map[uint32]*segmentFile{}}
}

// acquire returns a segment open for reading; give it back with release. The error is fs.ErrNotExist for one that is not there.
func (s *segments) acquire(number uint32) (*segmentFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	f := &segmentFile{File: file, number: number, uses: 2, used: s.tick}
	s.open[number] = f
	s.evict(f)
	return f, nil
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
	if f.uses--; f.uses == 0 {
		_ = f.Close() // it was only read
	}
}

func (s *segments) release(f *segmentFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(f)
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
