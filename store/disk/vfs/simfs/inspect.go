package simfs

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// ReadFile returns the bytes of a file, as programs see them.
func (d *FS) ReadFile(name string) ([]byte, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	n, err := d.walkFile(name)
	if err != nil {
		return nil, &fs.PathError{Op: "read file", Path: name, Err: err}
	}
	p := make([]byte, n.size)
	n.now.readAt(p, 0)
	return p, nil
}

// WriteFile makes a file have these bytes, durably: they, and the name in its
// directory, survive every crash. The directory must exist.
func (d *FS) WriteFile(name string, data []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, n, err := d.walk(name)
	if err == nil {
		n, err = d.create(at, n)
	}
	if err != nil {
		return &fs.PathError{Op: "write file", Path: name, Err: err}
	}
	n.truncate(0)
	n.writeAt(data, 0)
	n.sync()
	d.journal.settle(func(c *change) bool {
		return slices.ContainsFunc(c.effects, func(e effect) bool { return e.to == n })
	})
	return nil
}

// Flip inverts one bit of a file, durably: bit 0 is the lowest of the first byte.
// Whatever a crash finds of that sector has the bit inverted. A bit beyond
// the end of the file is an error.
func (d *FS) Flip(name string, bit int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.walkFile(name)
	if err != nil {
		return &fs.PathError{Op: "flip", Path: name, Err: err}
	}
	if bit < 0 || bit/8 >= n.size {
		return fmt.Errorf("flip bit %d of %s: the file has %d bytes", bit, name, n.size)
	}
	n.flip(bit)
	return nil
}

// Files returns the names of all files, from the root and without a leading
// slash, sorted. Directories are not among them.
func (d *FS) Files() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var names []string
	var walk func(n *inode, name string)
	walk = func(n *inode, name string) {
		if !n.isDir {
			names = append(names, name)
		}
		for _, base := range n.sortedNames() {
			walk(n.names[base], path.Join(name, base))
		}
	}
	walk(d.root, "")
	slices.Sort(names)
	return names
}

// walkFile finds a file, also on a disk that was killed.
func (d *FS) walkFile(name string) (*inode, error) {
	_, n, err := d.walk(name)
	switch {
	case err != nil:
		return nil, err
	case n == nil:
		return nil, fs.ErrNotExist
	case n.isDir:
		return nil, errIsDir
	}
	return n, nil
}
