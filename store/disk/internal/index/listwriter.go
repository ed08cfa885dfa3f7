package index

import (
	"github.com/gestadb/gesta/store"
)

// A list of more than blockPostings is a tree. Its leaves have blockPostings postings each, the last one fewer; a node has as many children at the
// most, 16 bytes each: the last posting below the child, and the child's extent. Nodes are written as soon as they are full.
const (
	blockPostings = 128
	childLen      = 16
)

// child is an entry of a node.
type child struct {
	last store.Position
	extent
}

func appendChild(b []byte, c child) []byte {
	b = le.AppendUint64(b, uint64(c.last))
	return le.AppendUint64(b, uint64(c.length)<<40|uint64(c.offset))
}

func childAt(node []byte, i int) child {
	b := node[i*childLen:]
	v := le.Uint64(b[8:])
	return child{store.Position(le.Uint64(b)), extent{int64(v & maxExtentAt), int(v >> 40)}}
}

// depth returns the number of levels of nodes above the leaves of a list of n postings.
func depth(n uint64) int {
	d := 1
	for full := uint64(blockPostings * blockPostings); n > full; full *= blockPostings {
		d++
	}
	return d
}

// maxDepth is the depth of a list of all positions that there can be.
const maxDepth = 7

// listWriter writes the list of one term after the other.
type listWriter struct {
	sink  *sink
	first store.Position // of the range: postings are written relative to it

	count   uint64
	short   [blockPostings]store.Position // the postings since the last leaf
	pending int                           // how many those are
	leaf    []byte
	nodes   [maxDepth + 1][]byte // by level
}

// add appends a posting; postings rise.
func (w *listWriter) add(p store.Position) {
	if w.pending == blockPostings {
		w.endLeaf()
	}
	w.short[w.pending] = p
	w.pending++
	w.count++
}

// addAll appends postings.
func (w *listWriter) addAll(ps []store.Position) {
	w.count += uint64(len(ps))
	for len(ps) > 0 {
		if w.pending == blockPostings {
			w.endLeaf()
		}
		n := copy(w.short[w.pending:], ps)
		w.pending += n
		ps = ps[n:]
	}
}

// appendPostings encodes rising positions: the first relative to that of the range, each other one to the one before it.
func appendPostings(b []byte, first store.Position, postings []store.Position) []byte {
	before := first
	for _, p := range postings {
		b = appendUvarint(b, uint64(p-before))
		before = p
	}
	return b
}

func (w *listWriter) endLeaf() {
	w.leaf = appendPostings(w.leaf[:0], w.first, w.short[:w.pending])
	last := w.short[w.pending-1]
	w.pending = 0
	w.addChild(0, child{last, extent{w.sink.block(w.leaf), len(w.leaf)}})
}

func (w *listWriter) addChild(level int, c child) {
	w.nodes[level] = appendChild(w.nodes[level], c)
	if len(w.nodes[level]) == blockPostings*childLen {
		w.endNode(level)
	}
}

func (w *listWriter) endNode(level int) {
	node := w.nodes[level]
	last := childAt(node, len(node)/childLen-1).last
	c := child{last, extent{w.sink.block(node), len(node)}}
	w.nodes[level] = node[:0]
	w.addChild(level+1, c)
}

// end appends the list to an entry of a bucket, and begins the next.
func (w *listWriter) end(entry []byte) []byte {
	if w.count <= blockPostings {
		entry = appendShort(entry, w.first, w.short[:w.pending])
		w.count, w.pending = 0, 0
		return entry
	}
	w.endLeaf()
	top := depth(w.count)
	for level := range top {
		if len(w.nodes[level]) > 0 {
			w.endNode(level)
		}
	}
	root := childAt(w.nodes[top], 0)
	w.nodes[top] = w.nodes[top][:0]
	entry = appendUvarint(entry, w.count)
	entry = appendUvarint(entry, uint64(root.offset))
	entry = appendUvarint(entry, uint64(root.length))
	w.count = 0
	return entry
}

// appendShort appends a list that fits into its entry: how many, how many bytes unless it is one, postings.
func appendShort(entry []byte, first store.Position, postings []store.Position) []byte {
	entry = appendUvarint(entry, uint64(len(postings)))
	if len(postings) == 1 {
		return appendUvarint(entry, uint64(postings[0]-first))
	}
	n := 0
	before := first
	for _, p := range postings {
		n += uvarintLen(uint64(p - before))
		before = p
	}
	entry = appendUvarint(entry, uint64(n))
	return appendPostings(entry, first, postings)
}
