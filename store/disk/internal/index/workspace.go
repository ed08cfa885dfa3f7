package index

// workspace is the memory of one look-up in files: buffers of blocks and cursors, which the next look-up uses again. It belongs to one goroutine.
type workspace struct {
	query        hashedQuery
	page, bucket []byte

	lists         slab[listCursor]
	intersections slab[intersection]
	unions        slab[union]
	cursors       []cursor // that are being gathered

	asked [askedFiles]groupFile
	files int // of asked
	wants []want
	spots [spotsAtOnce]spot
	seen  byte // of what was touched
}

var workspaces pool[workspace]

// maxPooledLists bounds what a kept workspace holds on to: each list has about 4 KiB.
const maxPooledLists = 64

// begin makes the memory of all cursors free for other ones.
func (w *workspace) begin() {
	w.cursors = w.cursors[:0]
	w.lists.used, w.intersections.used, w.unions.used = 0, 0, 0
}

// release keeps the workspace for the next look-up, but holds on to no file.
func (w *workspace) release() {
	if len(w.lists.all) > maxPooledLists {
		return
	}
	for _, c := range w.lists.all[:w.lists.used] {
		c.file, c.from = nil, nil
	}
	clear(w.asked[:w.files])
	clear(w.wants)
	w.files, w.wants = 0, w.wants[:0]
	workspaces.put(w)
}

// slab is values that are used again. They do not move.
type slab[T any] struct {
	all  []*T
	used int
}

// next returns a value that is not in use, as it was left.
func (s *slab[T]) next() *T {
	if s.used == len(s.all) {
		s.all = append(s.all, new(T))
	}
	s.used++
	return s.all[s.used-1]
}

// intersect is newIntersection in the memory of w. It does not keep the slice.
func (w *workspace) intersect(cursors []cursor, backward bool) cursor {
	if len(cursors) == 1 {
		return cursors[0]
	}
	x := w.intersections.next()
	x.reset(append(x.cursors[:0], cursors...), backward)
	return x
}

// unite is newUnion in the memory of w. It does not keep the slice.
func (w *workspace) unite(cursors []cursor, backward bool) cursor {
	if len(cursors) == 1 {
		return cursors[0]
	}
	u := w.unions.next()
	u.reset(cursors, backward)
	return u
}
