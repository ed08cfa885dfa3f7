package simfs

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/gestadb/gesta/store/disk/vfs"
)

// The errors that only a simulated disk returns.
var (
	ErrCrashed = errors.New("gesta: simulated disk has crashed")
	ErrSync    = errors.New("gesta: simulated sync failure")
)

var (
	errIsDir    = errors.New("is a directory")
	errNotDir   = errors.New("is not a directory")
	errNotEmpty = errors.New("directory is not empty")
	errReadOnly = errors.New("file is open for reading only")
	errNegative = errors.New("negative offset or size")
	errTooLarge = errors.New("file would have more than 16 GiB")
)

// FS is a simulated disk. It implements vfs.FS and is safe for concurrent use.
// Names are taken from the root, with or without a leading slash.
type FS struct {
	mu      sync.RWMutex // Guards all below, and the inodes of this disk.
	root    *inode
	journal journal
	locks   map[string]bool // By clean name.
	dead    bool
	doomed  []*doom
}

var _ vfs.FS = (*FS)(nil)

// New returns an empty disk.
func New() *FS { return withRoot(newDir()) }

func withRoot(root *inode) *FS {
	return &FS{root: root, locks: map[string]bool{}}
}

// Kill makes every later operation on the disk and its files fail with
// ErrCrashed, as for a process that has lost its machine. The helpers for tests
// (Crash and its like, ReadFile, Files and so on) go on working.
func (d *FS) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
}

// Open opens an existing file for reading.
func (d *FS) Open(name string) (vfs.File, error) {
	return d.open("open", name, false)
}

// OpenWrite opens an existing file for reading and writing.
func (d *FS) OpenWrite(name string) (vfs.File, error) {
	return d.open("open", name, true)
}

func (d *FS) open(op, name string, write bool) (vfs.File, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	n, err := d.lookupFile(name)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return &file{disk: d, inode: n, name: name, write: write}, nil
}

// Create opens a file that is new or cut to nothing.
func (d *FS) Create(name string) (vfs.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, n, err := d.find(name)
	if err == nil {
		n, err = d.create(at, n)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: err}
	}
	n.truncate(0)
	return &file{disk: d, inode: n, name: name, write: true}, nil
}

// create returns the file n that is found at a slot, or makes one.
func (d *FS) create(at slot, n *inode) (*inode, error) {
	if n == nil {
		n = newFile()
		d.journal.record(&change{effects: []effect{{at, n}}})
	}
	if n.isDir {
		return nil, errIsDir
	}
	return n, nil
}

// Stat describes a file or a directory.
func (d *FS) Stat(name string) (vfs.Info, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	n, err := d.lookup(name)
	if err != nil {
		return vfs.Info{}, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return vfs.Info{Size: n.size, Dir: n.isDir}, nil
}

// Lock takes the lock of that name.
func (d *FS) Lock(name string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, n, err := d.find(name)
	if err == nil {
		_, err = d.create(at, n)
	}
	key := clean(name)
	if err == nil && d.locks[key] {
		err = vfs.ErrLocked
	}
	if err != nil {
		return nil, &fs.PathError{Op: "lock", Path: name, Err: err}
	}
	d.locks[key] = true
	return &held{disk: d, name: key}, nil
}

// held is a lock that is held until it is closed.
type held struct {
	disk   *FS
	name   string
	closed bool // Guarded by disk.mu.
}

func (h *held) Close() error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	switch {
	case h.closed:
		return &fs.PathError{Op: "unlock", Path: h.name, Err: fs.ErrClosed}
	case h.disk.dead:
		return &fs.PathError{Op: "unlock", Path: h.name, Err: ErrCrashed}
	}
	h.closed = true
	delete(h.disk.locks, h.name)
	return nil
}

func clean(name string) string { return path.Clean("/" + name) }

// find is walk on a disk that was not killed.
func (d *FS) find(name string) (slot, *inode, error) {
	if d.dead {
		return slot{}, nil, ErrCrashed
	}
	return d.walk(name)
}

// walk returns the slot of a name, and what it leads to, or nil if nothing does.
// The root has a slot without a directory.
func (d *FS) walk(name string) (slot, *inode, error) {
	if name == "" {
		return slot{}, nil, fs.ErrNotExist
	}
	at, n := slot{}, d.root
	for part := range strings.SplitSeq(clean(name)[1:], "/") {
		switch {
		case part == "": // The root.
			return at, n, nil
		case n == nil:
			return slot{}, nil, fs.ErrNotExist
		case !n.isDir:
			return slot{}, nil, errNotDir
		}
		at = slot{n, part}
		n = n.names[part]
	}
	return at, n, nil
}

func (d *FS) lookup(name string) (*inode, error) {
	_, n, err := d.find(name)
	if err == nil && n == nil {
		err = fs.ErrNotExist
	}
	return n, err
}

func (d *FS) lookupFile(name string) (*inode, error) {
	n, err := d.lookup(name)
	if err == nil && n.isDir {
		err = errIsDir
	}
	return n, err
}

func (d *FS) lookupDir(name string) (*inode, error) {
	n, err := d.lookup(name)
	if err == nil && !n.isDir {
		err = errNotDir
	}
	return n, err
}
