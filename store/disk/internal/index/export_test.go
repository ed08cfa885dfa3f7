package index

import (
	"context"
	"hash/crc32"
)

// SetVersion makes raw, a file, one of another format version.
func SetVersion(raw []byte, version uint32) {
	le.PutUint32(raw[8:], version)
	le.PutUint32(raw[20:], crc32.Checksum(raw[:20], castagnoli))
}

// KeepFilterOnDisk has the filter treated as one that is too large for memory.
func (f *File) KeepFilterOnDisk() {
	f.core.filter.kept.Store(&keptFilter{})
}

// Directory returns where in the index file the directory is, and Filter where the filter is.
func (f *File) Directory() (offset, end int64) { return f.core.bytesOf(sectionDirectory) }

// Filter returns where in the index file the filter is.
func (f *File) Filter() (offset, end int64) { return f.core.bytesOf(sectionFilter) }

func (f *indexFile) bytesOf(section int) (offset, end int64) {
	s := f.sections[section]
	return s.offset, s.end()
}

// Mapped says whether look-ups read the file and all its places that were looked at from mappings.
func (f *File) Mapped() bool {
	for _, p := range f.places {
		if p.ready.Load() && p.mapping == nil {
			return false
		}
	}
	return f.core.mapping != nil
}

// MergeInto makes n files of all, each of about as many neighbours.
func (s *Set) MergeInto(ctx context.Context, n int) error {
	for i := range n {
		if _, err := s.merge(ctx, func(files []*File) (int, int) {
			return i, i + (len(files)-i)/(n-i)
		}); err != nil {
			return err
		}
	}
	return nil
}
