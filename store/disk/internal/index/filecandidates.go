package index

import "github.com/gestadb/gesta/store"

// candidates appends the positions in [low, high] of events that may match one of the items of w's query that are possible. It is called inside
// [vfs.Guard].
func (f *indexFile) candidates(
	w *workspace, dst []store.Position, possible itemSet, low, high store.Position, backward bool, limit int,
) ([]store.Position, bool, error) {
	w.begin()
	begin := len(w.cursors)
	for i, it := range w.query.items {
		if !possible.has(i) {
			continue
		}
		c, err := f.item(w, it, low, high, backward)
		if err != nil {
			return dst, false, err
		}
		if c != nil {
			w.cursors = append(w.cursors, c)
		}
	}
	items := w.cursors[begin:]
	if len(items) == 0 {
		return dst, true, nil
	}
	c := w.unite(items, backward)
	if list, ok := c.(*listCursor); ok && list.root == nil {
		dst, done := list.appendLeaf(dst, low, high, limit)
		return dst, done, nil
	}
	return appendWalk(dst, c, uint64(low), uint64(high)+1, backward, limit, func(n uint64) store.Position { return store.Position(n) })
}

// item returns a cursor on the events in [low, high] that may match an item, and nil if there are none. Lists that end before low end the search: most
// terms that a guard asks for have nothing new. The types, whose lists are the longest, come last.
func (f *indexFile) item(w *workspace, it hashedItem, low, high store.Position, backward bool) (cursor, error) {
	var room [8]cursor
	parts := room[:0]
	for _, hash := range w.query.all(it) {
		c, err := f.list(w, hash, low, high, backward)
		if err != nil || c == nil {
			return nil, err
		}
		parts = append(parts, c)
	}
	if it.types < it.end {
		begin := len(w.cursors)
		for _, hash := range w.query.any(it) {
			if ok, err := f.filter.has(hash); err != nil {
				return nil, err
			} else if !ok {
				continue
			}
			c, err := f.list(w, hash, low, high, backward)
			if err != nil {
				return nil, err
			}
			if c != nil {
				w.cursors = append(w.cursors, c)
			}
		}
		if begin == len(w.cursors) {
			return nil, nil
		}
		typed := w.unite(w.cursors[begin:], backward)
		w.cursors = w.cursors[:begin]
		parts = append(parts, typed)
	}
	return w.intersect(parts, backward), nil
}

// list returns a cursor on the postings of a hash. It is nil if none lies in [low, high], as far as can be told without a leaf.
func (f *indexFile) list(w *workspace, hash uint64, low, high store.Position, backward bool) (cursor, error) {
	e, ok, err := f.find(w, hash)
	if err != nil || !ok {
		return nil, err
	}
	c := w.lists.next()
	bound := high
	if backward {
		bound = low
	}
	if err := c.open(f, &f.look, &e, bound, backward); err != nil {
		return nil, err
	}
	if c.last() < low {
		return nil, nil
	}
	return c, nil
}

// appendLeaf appends the postings of a short list that lie in [low, high], at most limit.
func (c *listCursor) appendLeaf(dst []store.Position, low, high store.Position, limit int) (out []store.Position, done bool) {
	leaf := c.leaf
	for len(leaf) > 0 && leaf[0] < low {
		leaf = leaf[1:]
	}
	for len(leaf) > 0 && leaf[len(leaf)-1] > high {
		leaf = leaf[:len(leaf)-1]
	}
	n := min(limit, len(leaf))
	if !c.backward {
		return append(dst, leaf[:n]...), n == len(leaf)
	}
	for i := range n {
		dst = append(dst, leaf[len(leaf)-1-i])
	}
	return dst, n == len(leaf)
}
