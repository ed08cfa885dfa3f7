package simfs

import (
	"errors"
	"io/fs"
	"path"
)

// Remove removes a file or an empty directory.
func (d *FS) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, n, err := d.find(name)
	switch {
	case err != nil:
	case n == nil:
		err = fs.ErrNotExist
	case at.dir == nil:
		err = fs.ErrInvalid
	case len(n.names) > 0:
		err = errNotEmpty
	default:
		d.remove(at, n)
		return nil
	}
	return &fs.PathError{Op: "remove", Path: name, Err: err}
}

// RemoveAll removes a file, or a directory and all below it, by one change each.
func (d *FS) RemoveAll(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, n, err := d.find(name)
	if err == nil && n == d.root {
		err = fs.ErrInvalid
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return &fs.PathError{Op: "removeAll", Path: name, Err: err}
	case n != nil:
		d.removeAll(at, n)
	}
	return nil
}

func (d *FS) removeAll(at slot, n *inode) {
	for _, name := range n.sortedNames() {
		d.removeAll(slot{n, name}, n.names[name])
	}
	d.remove(at, n)
}

func (d *FS) remove(at slot, n *inode) {
	c := &change{effects: []effect{{at, nil}}}
	if n.isDir {
		c.emptied = n
	}
	d.journal.record(c)
}

// Rename moves a file or a directory.
func (d *FS) Rename(oldName, newName string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	from, n, err := d.find(oldName)
	if err == nil && n == nil {
		err = fs.ErrNotExist
	}
	if err == nil && n == d.root {
		err = fs.ErrInvalid
	}
	if err != nil {
		return &fs.PathError{Op: "rename", Path: oldName, Err: err}
	}
	to, replaced, err := d.find(newName)
	switch {
	case err != nil:
	case replaced != nil && replaced.isDir:
		err = fs.ErrExist
	case replaced != nil && n.isDir:
		err = errNotDir
	case n.isDir && to.dir.isWithin(n):
		err = fs.ErrInvalid
	case replaced == n:
		return nil
	default:
		d.journal.record(&change{effects: []effect{{from, nil}, {to, n}}, moved: n.isDir})
		return nil
	}
	return &fs.PathError{Op: "rename", Path: newName, Err: err}
}

// MkdirAll makes a directory and those above it.
func (d *FS) MkdirAll(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.mkdirAll(clean(name)); err != nil {
		return &fs.PathError{Op: "mkdir", Path: name, Err: err}
	}
	return nil
}

func (d *FS) mkdirAll(name string) error {
	if name != "/" {
		if err := d.mkdirAll(path.Dir(name)); err != nil {
			return err
		}
	}
	at, n, err := d.find(name)
	switch {
	case err != nil:
		return err
	case n == nil:
		d.journal.record(&change{effects: []effect{{at, newDir()}}})
	case !n.isDir:
		return errNotDir
	}
	return nil
}

// ReadDir returns the base names in a directory, sorted.
func (d *FS) ReadDir(name string) ([]string, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	n, err := d.lookupDir(name)
	if err != nil {
		return nil, &fs.PathError{Op: "readDir", Path: name, Err: err}
	}
	return n.sortedNames(), nil
}

// SyncDir makes the changes to the names in a directory durable.
func (d *FS) SyncDir(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.lookupDir(name)
	if err != nil {
		return &fs.PathError{Op: "syncDir", Path: name, Err: err}
	}
	d.journal.sync(n)
	return nil
}
