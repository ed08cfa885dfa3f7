package disk

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"syscall"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// OpenReader opens the store in dir for reading, beside a writer or without one. Where no writer has the lock and the store was
// not closed cleanly, it recovers the store first, under the lock, which it then lets go. It follows a live writer by polling log/head.
// A directory that may not be written to is read as it is.
func OpenReader(dir string, o Options) (*Store, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	dir = path.Clean(filepath.ToSlash(dir))
	if err := recoverIfFree(dir, o); err != nil {
		return nil, err
	}
	return openReadOnly(dir, o)
}

// recoverIfFree recovers a store that was not closed cleanly, unless a writer has it or it may not be written to.
func recoverIfFree(dir string, o Options) error {
	if _, err := readManifest(o.FS, dir); err != nil {
		return err
	}
	if closedCleanly(dir, o.FS) {
		return nil
	}
	o.MustExist, o.LockWait = true, 0
	s, err := Open(dir, o)
	switch {
	case err == nil:
		return s.Close()
	case errors.Is(err, store.ErrLocked), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return nil
	}
	return err
}

// closedCleanly says whether log/head tells of an empty frame with which the last segment ends.
func closedCleanly(dir string, fsys vfs.FS) bool {
	f, err := fsys.Open(path.Join(dir, headName))
	if err != nil {
		return false
	}
	defer f.Close()
	e, err := readHead(f)
	if err != nil {
		return false
	}
	number := e.Next.Segment()
	if _, err := fsys.Stat(path.Join(dir, segmentName(number+1))); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	info, err := fsys.Stat(path.Join(dir, segmentName(number)))
	if err != nil || info.Size != int64(e.Next.Offset()) || e.Last.Segment() != number {
		return false
	}
	return endsEmpty(dir, fsys, e)
}

func endsEmpty(dir string, fsys vfs.FS, e index.End) bool {
	man, err := readManifest(fsys, dir)
	if err != nil {
		return false
	}
	f, err := fsys.Open(path.Join(dir, segmentName(e.Last.Segment())))
	if err != nil {
		return false
	}
	defer f.Close()
	var b [segment.FrameHeaderSize]byte
	if _, err := f.ReadAt(b[:], int64(e.Last.Offset())); err != nil {
		return false
	}
	h, err := segment.DecodeFrameHeader(b[:], &man.id, e.Last)
	return err == nil && h.Empty() && h.Durable == e.Last && h.Sum == e.Checksum
}

// openReadOnly opens a store beside whoever writes it.
func openReadOnly(dir string, o Options) (*Store, error) {
	man, err := readManifest(o.FS, dir)
	if err != nil {
		return nil, err
	}
	s := newStore(dir, o, man)
	s.f = &follower{s: s, stop: make(chan struct{}), broken: make(chan struct{})}
	if err := s.f.begin(); err != nil {
		return nil, errors.Join(err, s.free())
	}
	s.f.ended.Add(1)
	go s.f.run()
	return s, nil
}
