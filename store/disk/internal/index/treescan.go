package index

import "github.com/gestadb/gesta/store"

// treeScan goes through the leaves of long lists, one list after the other. They lie side by side, so many are read at once.
type treeScan struct {
	file   *indexFile
	leaves blockScan
	nodes  [maxDepth][]byte // by level: the one read last
	leaf   []store.Position

	left   uint64         // postings of the list that are still to come
	before store.Position // the last posting of the leaf before
}

func newTreeScan(f *indexFile, size int) treeScan {
	return treeScan{file: f, leaves: blockScan{file: &f.blockFile, section: f.sections[sectionTerms], size: size}}
}

// each calls yield with the postings of a long list, leaf by leaf.
func (s *treeScan) each(e *entry, yield func(leaf []store.Position) error) error {
	s.left, s.before = e.count, 0
	if err := s.node(depth(e.count)-1, child{s.file.last(), e.root}, yield); err != nil {
		return err
	}
	if s.left > 0 {
		return s.file.damaged(e.root.offset, "a list of %d postings has %d", e.count, e.count-s.left)
	}
	return nil
}

// node goes through what is below a node, up to the last posting that the child says.
func (s *treeScan) node(level int, c child, yield func(leaf []store.Position) error) error {
	raw, err := s.file.readTerms(s.nodes[level], c.extent)
	if err != nil {
		return err
	}
	s.nodes[level] = raw
	if len(raw) == 0 || len(raw)%childLen != 0 {
		return s.file.damaged(c.offset, "a node of a list makes no sense")
	}
	for i := range len(raw) / childLen {
		next := childAt(raw, i)
		if next.last > c.last {
			return s.file.damaged(c.offset, "a node of a list does not end where its parent says")
		}
		if level > 0 {
			err = s.node(level-1, next, yield)
		} else if err = s.load(next); err == nil {
			err = yield(s.leaf)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// load reads a leaf.
func (s *treeScan) load(c child) error {
	raw, err := s.leaves.read(c.extent)
	if err != nil {
		return err
	}
	n := min(s.left, blockPostings)
	leaf, ok := decodePostings(s.leaf[:0], raw, s.file.first, c.last, n)
	s.leaf = leaf
	if !ok || n == 0 || leaf[0] <= s.before || leaf[n-1] != c.last {
		return s.file.damaged(c.offset, "a leaf of a list makes no sense")
	}
	s.left -= n
	s.before = c.last
	return nil
}
