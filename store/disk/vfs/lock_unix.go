//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package vfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// lock takes a flock, which belongs to this opening of the file: a second one
// in the same process does not share it, and the kernel drops it when the
// process ends.
func lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, filePerm)
	if err != nil {
		return nil, err
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	var lockErr error
	err = conn.Control(func(fd uintptr) {
		for {
			lockErr = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB)
			if !errors.Is(lockErr, syscall.EINTR) {
				return
			}
		}
	})
	switch {
	case err != nil:
		return nil, errors.Join(err, f.Close())
	case errors.Is(lockErr, syscall.EWOULDBLOCK):
		return nil, errors.Join(ErrLocked, f.Close())
	case lockErr != nil:
		return nil, errors.Join(&fs.PathError{Op: "flock", Path: name, Err: lockErr}, f.Close())
	}
	return f, nil
}
