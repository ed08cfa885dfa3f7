package index

import (
	"sort"

	"github.com/gestadb/gesta/store"
)

// listCursor walks the postings of one term in a file. It is a [cursor], and belongs to one goroutine. Its memory can be used again, for any list of
// any file.
type listCursor struct {
	file     *indexFile
	from     *blockFile // of the file: what blocks are read from
	count    uint64
	bound    store.Position // the walk ends before it passes this position
	backward bool

	leaf   []store.Position // the leaf read last, or a short list
	near   int              // of the leaf: the posting that was found last
	buffer []byte

	// Of a long list.
	root   []byte // nil for a short one
	at     int64  // of the leaf
	levels []levelNode
	above  levelNode // memory for the root
}

// levelNode is the node read last on a level; level 0 is above the leaves.
type levelNode struct {
	at     int64
	raw    []byte
	buffer []byte
}

// open makes c a cursor on the list of e, at its beginning. It reads the root of a long list.
func (c *listCursor) open(f *indexFile, from *blockFile, e *entry, bound store.Position, backward bool) error {
	c.file, c.from, c.count, c.bound, c.backward = f, from, e.count, bound, backward
	c.leaf, c.near, c.root, c.at = c.leaf[:0], 0, nil, 0
	if e.count <= blockPostings {
		var ok bool
		if c.leaf, ok = decodePostings(c.leaf, e.postings, f.first, f.last(), e.count); !ok {
			return f.badPostings(e)
		}
		return nil
	}
	for len(c.levels) < depth(e.count)-1 {
		c.levels = append(c.levels, levelNode{})
	}
	c.levels = c.levels[:depth(e.count)-1]
	for i := range c.levels {
		c.levels[i].at = 0
	}
	root, err := f.viewTerms(from, &c.above.buffer, e.root)
	if err != nil {
		return err
	}
	c.root = root
	return nil
}

func (f *indexFile) badPostings(e *entry) error {
	return f.damaged(f.sections[sectionTerms].offset, "the postings of the term %012x make no sense", e.hash)
}

// last returns the last posting of the list, which needs no leaf.
func (c *listCursor) last() store.Position {
	if c.root == nil {
		return c.leaf[len(c.leaf)-1]
	}
	return childAt(c.root, len(c.root)/childLen-1).last
}

func (c *listCursor) size() uint64 { return c.count }

// seek implements [cursor].
func (c *listCursor) seek(target uint64) (uint64, status, error) {
	p := store.Position(target)
	var n store.Position
	var ok bool
	if c.root == nil {
		n, ok = c.inLeaf(p)
	} else {
		var err error
		if n, ok, err = c.inTree(p); err != nil {
			return 0, ended, err
		}
	}
	if !ok || c.backward && n < c.bound || !c.backward && n > c.bound {
		return 0, ended, nil
	}
	return uint64(n), found, nil
}

// inLeaf returns the first posting of the leaf at p or beyond it. Most often that is the one next to the one found before.
func (c *listCursor) inLeaf(p store.Position) (store.Position, bool) {
	i := c.near
	if c.backward {
		if i--; i < 0 || c.leaf[i] > p || c.leaf[i+1] <= p {
			i = sort.Search(len(c.leaf), func(i int) bool { return c.leaf[i] > p }) - 1
		}
	} else if i++; i >= len(c.leaf) || c.leaf[i] < p || c.leaf[i-1] >= p {
		i = sort.Search(len(c.leaf), func(i int) bool { return c.leaf[i] >= p })
	}
	if i < 0 || i == len(c.leaf) {
		return 0, false
	}
	c.near = i
	return c.leaf[i], true
}

// inTree returns the first posting at p or beyond it.
func (c *listCursor) inTree(p store.Position) (store.Position, bool, error) {
	if n := len(c.leaf); n > 0 && p >= c.leaf[0] && p <= c.leaf[n-1] {
		found, ok := c.inLeaf(p)
		return found, ok, nil
	}
	var before store.Position // the last posting before the leaf; 0 for none
	node, index := c.root, uint64(0)
	for level := len(c.levels); ; level-- {
		i := sort.Search(len(node)/childLen, func(i int) bool { return childAt(node, i).last >= p })
		if i > 0 {
			before = childAt(node, i-1).last
		}
		if i == len(node)/childLen { // only of the root: the last child of any other reaches as far as its parent says
			return before, c.backward, nil
		}
		index = index*blockPostings + uint64(i)
		next := childAt(node, i)
		if level == 0 {
			if err := c.loadLeaf(next, index); err != nil {
				return 0, false, err
			}
			break
		}
		var err error
		if node, err = c.loadNode(level-1, next); err != nil {
			return 0, false, err
		}
	}
	if found, ok := c.inLeaf(p); ok {
		return found, true, nil
	}
	return before, c.backward && before > 0, nil
}

// loadNode reads the node of a level.
func (c *listCursor) loadNode(level int, next child) ([]byte, error) {
	n := &c.levels[level]
	if n.at == next.offset {
		return n.raw, nil
	}
	n.at = 0
	raw, err := c.file.viewTerms(c.from, &n.buffer, next.extent)
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 || len(raw)%childLen != 0 || childAt(raw, len(raw)/childLen-1).last != next.last {
		return nil, c.from.damaged(next.offset, "a node of a list does not end where its parent says")
	}
	n.at, n.raw = next.offset, raw
	return raw, nil
}

// loadLeaf reads leaf number i of the list.
func (c *listCursor) loadLeaf(next child, i uint64) error {
	if c.at == next.offset {
		return nil
	}
	c.at, c.leaf, c.near = 0, c.leaf[:0], 0
	raw, err := c.file.viewTerms(c.from, &c.buffer, next.extent)
	if err != nil {
		return err
	}
	if i*blockPostings >= c.count {
		return c.from.damaged(next.offset, "a list has more leaves than postings")
	}
	leaf, ok := decodePostings(c.leaf, raw, c.file.first, next.last, min(c.count-i*blockPostings, blockPostings))
	if !ok || leaf[len(leaf)-1] != next.last {
		return c.from.damaged(next.offset, "a leaf of a list does not end where its parent says")
	}
	c.at, c.leaf = next.offset, leaf
	return nil
}
