package vfs

import (
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	filePerm = 0o644 // Less what the process's umask takes.
	dirPerm  = 0o755
)

// OS returns the file system of the operating system. Files are made with mode
// 0644, directories with 0755, both before umask.
//
// Where the systems differ:
//
//   - Sync is fdatasync on Linux; elsewhere what os.File.Sync does (F_FULLFSYNC
//     on macOS).
//   - Lock is flock on Linux, macOS and the BSDs: it holds between processes and
//     between callers in one process. On Windows the lock is a handle that
//     shares with nobody, so that there another program that merely reads the
//     lock file makes it look locked. On all other systems Lock returns
//     errors.ErrUnsupported: package syscall has no lock for them that does both
//     and ends with its process.
//   - SyncDir does nothing on Windows, which has no such call: there a crash of
//     the machine may lose or keep names as its file system's journal likes.
//   - On Windows a file that is open can be neither removed nor renamed.
func OS() FS { return osFS{} }

// osFS has no state: every method is a call of package os.
type osFS struct{}

func (osFS) Open(name string) (File, error) {
	return openFile(name, os.O_RDONLY)
}

func (osFS) OpenWrite(name string) (File, error) {
	return openFile(name, os.O_RDWR)
}

func (osFS) Create(name string) (File, error) {
	return openFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func openFile(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, filePerm)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Remove(name string) error             { return os.Remove(name) }
func (osFS) RemoveAll(name string) error          { return os.RemoveAll(name) }
func (osFS) Rename(oldName, newName string) error { return os.Rename(oldName, newName) }
func (osFS) MkdirAll(name string) error           { return os.MkdirAll(name, dirPerm) }

func (osFS) ReadDir(name string) ([]string, error) {
	entries, err := os.ReadDir(name) // Sorted by name.
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (osFS) Stat(name string) (Info, error) {
	st, err := os.Stat(name)
	if err != nil {
		return Info{}, err
	}
	if st.IsDir() {
		return Info{Dir: true}, nil
	}
	return Info{Size: st.Size()}, nil
}

func (osFS) SyncDir(name string) error {
	if err := syncDir(name); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}

func (osFS) Lock(name string) (io.Closer, error) {
	c, err := lock(name)
	if errors.Is(err, ErrLocked) {
		return nil, fmt.Errorf("lock %s: %w", name, ErrLocked)
	}
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	return c, nil
}

// osFile is a File of the operating system.
type osFile struct{ *os.File }

func (f osFile) Sync() error { return syncData(f.File) }

func (f osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}
