// Package vfs is the file system as the disk engine sees it: the few
// operations that it needs, each with the promise it relies on after a crash.
//
// [OS] is the operating system. [NewFault] wraps any FS and fails, shortens or
// counts its operations. Package simfs below this one is a disk in memory that
// loses what a real one may lose.
//
// What is durable, and when:
//
//   - The bytes and the size of a file, once [File].Sync has returned nil.
//     The name that leads to the file is not part of that.
//   - A name that was created, replaced, moved or removed, once [FS].SyncDir
//     of the directory that holds it has returned nil. A rename from one
//     directory to another needs both directories synced. A new directory
//     needs its parent synced, at each level that MkdirAll made.
//   - A rename is atomic at any moment: after a crash the new name leads to
//     the old file or to the new one, and the file that moved has one name.
//
// After Sync has returned an error nothing is known about what was written
// since the last success, and a later nil proves nothing about it: an operating
// system may have dropped the pages while reads still show them.
package vfs

import (
	"errors"
	"io"
)

// ErrLocked is returned by [FS].Lock when another holds the lock.
var ErrLocked = errors.New("gesta: file is locked by another opener")

// FS is the file system below one store. Names are slash-separated paths as
// the operating system takes them. Methods may be called from many goroutines
// at once. An error for a name that does not exist, or whose directory does not,
// satisfies errors.Is(err, fs.ErrNotExist).
type FS interface {
	// Open opens an existing file for reading. WriteAt and Truncate of what it
	// returns are errors. A directory is an error here or at the first read.
	Open(name string) (File, error)

	// OpenWrite opens an existing file for reading and writing.
	OpenWrite(name string) (File, error)

	// Create opens a file for reading and writing, made if it is not there and
	// cut to nothing if it is. Other handles on an existing file see it cut.
	Create(name string) (File, error)

	// Remove removes a file or an empty directory. Open handles on a removed
	// file go on working where the operating system is a unix.
	Remove(name string) error

	// RemoveAll removes a file, or a directory and all below it, one name after
	// another: a crash may leave some of them. It is no error if there is none.
	RemoveAll(name string) error

	// Rename moves a file or a directory, and atomically replaces a file that
	// has the new name. A new name that is a directory is an error.
	Rename(oldName, newName string) error

	// MkdirAll makes a directory and those above it; one that exists is no error.
	MkdirAll(name string) error

	// ReadDir returns the base names in a directory, sorted.
	ReadDir(name string) ([]string, error)

	// Stat describes a file or a directory.
	Stat(name string) (Info, error)

	// SyncDir makes the creations, renames and removals of names in the
	// directory durable; not the bytes of the files.
	SyncDir(name string) error

	// Lock takes an exclusive lock, and creates the file if it is not there.
	// The error satisfies errors.Is(err, ErrLocked) while another process, or
	// another caller in this process, holds it. Close of what is returned
	// releases the lock, and so does the end of the process; the file stays.
	// Reading and writing the file is no part of the lock: do neither.
	Lock(name string) (io.Closer, error)
}

// File is an open file. ReadAt and WriteAt may be called from many goroutines
// at once. Reads see each write of this process as soon as it has returned.
// After Close every method returns an error that satisfies
// errors.Is(err, fs.ErrClosed).
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer

	// Sync makes the bytes and the size of the file durable, whichever handle
	// wrote them, if it returns nil. After an error see the package comment.
	Sync() error

	// Truncate sets the size in bytes. What is cut off is gone, also when the
	// file grows again; what is added reads as zeros.
	Truncate(size int64) error

	// Size returns the size in bytes.
	Size() (int64, error)
}

// Info is what Stat tells about a name.
type Info struct {
	Size int64 // In bytes; 0 for a directory.
	Dir  bool  // Whether the name is a directory.
}

// SyncFailer is a File of a simulated disk which can be told that its last sync
// failed. [NewFault] calls it when it fails a Sync, so that the simulation
// forgets what an operating system would have forgotten.
type SyncFailer interface {
	// SyncFailed leaves the file as a failed Sync does: reads show what was
	// written, a later Sync does not write it again, a crash may lose it.
	SyncFailed()
}
