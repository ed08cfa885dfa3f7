package simfs

import (
	"io"
	"io/fs"

	"github.com/gestadb/gesta/store/disk/vfs"
)

const maxFileSize = 16 << 30

// file is an open file: it stays with its inode whatever happens to the name.
type file struct {
	disk  *FS
	inode *inode
	name  string // As it was opened.
	write bool

	closed bool // Guarded by disk.mu.
}

var _ vfs.SyncFailer = (*file)(nil)

// check says why an operation cannot be done at all. It is called with disk.mu held.
func (f *file) check(op string, changes bool, at int64) error {
	var err error
	switch {
	case f.closed:
		err = fs.ErrClosed
	case f.disk.dead:
		err = ErrCrashed
	case changes && !f.write:
		err = errReadOnly
	case at < 0:
		err = errNegative
	case changes && at > maxFileSize:
		err = errTooLarge
	default:
		return nil
	}
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.disk.mu.RLock()
	defer f.disk.mu.RUnlock()
	if err := f.check("read", false, off); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n := int(min(int64(len(p)), max(f.inode.size-off, 0)))
	f.inode.now.readAt(p[:n], off)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	end := off + int64(len(p))
	if off < 0 {
		end = off
	}
	if err := f.check("write", true, end); err != nil {
		return 0, err
	}
	f.inode.writeAt(p, off)
	return len(p), nil
}

func (f *file) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.check("truncate", true, size); err != nil {
		return err
	}
	f.inode.truncate(size)
	return nil
}

func (f *file) Size() (int64, error) {
	f.disk.mu.RLock()
	defer f.disk.mu.RUnlock()
	if err := f.check("size", false, 0); err != nil {
		return 0, err
	}
	return f.inode.size, nil
}

func (f *file) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.check("sync", false, 0); err != nil {
		return err
	}
	if f.disk.isDoomed(f.name) {
		f.inode.syncFailed()
		return &fs.PathError{Op: "sync", Path: f.name, Err: ErrSync}
	}
	f.inode.sync()
	return nil
}

// SyncFailed leaves the file as a failed Sync does.
func (f *file) SyncFailed() {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.check("sync", false, 0) == nil {
		f.inode.syncFailed()
	}
}

func (f *file) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.check("close", false, 0); err != nil {
		return err
	}
	f.closed = true
	return nil
}
