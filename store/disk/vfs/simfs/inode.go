package simfs

import (
	"maps"
	"slices"
)

// inode is a file or a directory, whatever names lead to it. It is guarded by
// the lock of its disk.
type inode struct {
	isDir bool

	// Of a directory: the names as programs see them, and those that a crash
	// keeps. What lies between the two is in the journal of the disk.
	names        map[string]*inode
	durableNames map[string]*inode

	contents // Of a file.
}

func newDir() *inode {
	return &inode{isDir: true, names: map[string]*inode{}, durableNames: map[string]*inode{}}
}

func newFile() *inode { return &inode{contents: newContents()} }

// isWithin reports whether n is top or lies below it.
func (n *inode) isWithin(top *inode) bool {
	if n == top {
		return true
	}
	for _, child := range top.names {
		if child.isDir && n.isWithin(child) {
			return true
		}
	}
	return false
}

// sortedNames returns the names in a directory.
func (n *inode) sortedNames() []string {
	return slices.Sorted(maps.Keys(n.names))
}
