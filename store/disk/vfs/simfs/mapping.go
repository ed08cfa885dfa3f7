package simfs

import (
	"errors"
	"io/fs"

	"github.com/gestadb/gesta/store/disk/vfs"
)

var _ vfs.Mapper = (*file)(nil)

// Map copies the bytes as they are now: whoever writes to what is mapped breaks the promise of [vfs.Mapper], and the mapping does
// not see it.
func (f *file) Map(size int64) (vfs.Mapping, error) {
	f.disk.mu.RLock()
	defer f.disk.mu.RUnlock()
	if err := f.check("map", false, 0); err != nil {
		return nil, err
	}
	if size <= 0 || size > f.inode.size {
		return nil, &fs.PathError{Op: "map", Path: f.name, Err: errors.New("not that many bytes")}
	}
	b := make([]byte, size)
	f.inode.now.readAt(b, 0)
	return &mapping{b}, nil
}

// mapping is a copy of a file's bytes.
type mapping struct{ bytes []byte }

func (m *mapping) Bytes() []byte { return m.bytes }

func (m *mapping) Advise(int, int, vfs.Advice) {}

// Close spoils the bytes, so that who goes on reading them is found out.
func (m *mapping) Close() error {
	for i := range m.bytes {
		m.bytes[i] = 0xdb
	}
	m.bytes = nil
	return nil
}
