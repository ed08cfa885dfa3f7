package index

import (
	"sort"

	"github.com/gestadb/gesta/store"
)

// listCursor walks the postings of one term in a file. It is a [cursor], and belongs to one goroutine.
type listCursor struct {
	file     *indexFile
	count    uint64
	bound    store.Position // the walk ends before it passes this position
	backward bool

	leaf   []store.Position // the leaf read last, or a short list
	buffer []byte

	// Of a long list.
	root   []byte
	at     int64 // of the leaf
	levels []levelNode
}

// levelNode is the node read last on a level; level 0 is above the leaves.
type levelNode struct {
	at  int64
	raw []byte
}

// newListCursor returns a cursor on the list of e. It reads the root of a long one.
func (f *indexFile) newListCursor(e *entry, bound store.Position, backward bool) (*listCursor, error) {
	c := &listCursor{file: f, count: e.count, bound: bound, backward: backward}
	if e.count <= blockPostings {
		var ok bool
		c.leaf, ok = decodePostings(make([]store.Position, 0, e.count), e.postings, f.first, f.last(), e.count)
		if !ok {
			return nil, f.damaged(f.sections[sectionTerms].offset, "the postings of the term %012x make no sense", e.hash)
		}
		return c, nil
	}
	c.levels = make([]levelNode, depth(e.count)-1)
	var err error
	c.root, err = f.readTerms(nil, e.root)
	return c, err
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

// inLeaf returns the first posting of the leaf at p or beyond it.
func (c *listCursor) inLeaf(p store.Position) (store.Position, bool) {
	i := sort.Search(len(c.leaf), func(i int) bool { return c.leaf[i] >= p })
	if c.backward && (i == len(c.leaf) || c.leaf[i] > p) {
		i--
	}
	if i < 0 || i == len(c.leaf) {
		return 0, false
	}
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
	raw, err := c.file.readTerms(n.raw, next.extent)
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 || len(raw)%childLen != 0 || childAt(raw, len(raw)/childLen-1).last != next.last {
		return nil, c.file.damaged(next.offset, "a node of a list does not end where its parent says")
	}
	n.at, n.raw = next.offset, raw
	return raw, nil
}

// loadLeaf reads leaf number i of the list.
func (c *listCursor) loadLeaf(next child, i uint64) error {
	if c.at == next.offset {
		return nil
	}
	c.at, c.leaf = 0, c.leaf[:0]
	raw, err := c.file.readTerms(c.buffer, next.extent)
	if err != nil {
		return err
	}
	c.buffer = raw
	if i*blockPostings >= c.count {
		return c.file.damaged(next.offset, "a list has more leaves than postings")
	}
	leaf, ok := decodePostings(c.leaf, raw, c.file.first, next.last, min(c.count-i*blockPostings, blockPostings))
	if !ok || leaf[len(leaf)-1] != next.last {
		return c.file.damaged(next.offset, "a leaf of a list does not end where its parent says")
	}
	c.at, c.leaf = next.offset, leaf
	return nil
}
