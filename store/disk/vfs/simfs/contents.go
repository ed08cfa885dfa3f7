package simfs

import "slices"

// maxVersions bounds what is remembered of a sector that is never synced.
const maxVersions = 64

// contents is what a file holds: as programs read it, and as a crash may find
// it. It is guarded by the lock of its disk. Bytes beyond a size are zeros.
type contents struct {
	now  sectors
	size int64

	durable     sectors
	durableSize int64

	// unsynced has the sectors which may differ between now and durable.
	unsynced map[int]*history

	// spans has the sizes since the last sync: the first span begins with
	// durableSize, and each cut begins another. It is never empty.
	spans []span
}

// span is a time between two cuts, during which the size grew from lo to hi.
type span struct{ lo, hi int64 }

// history is what was written to one sector since it was last durable.
type history struct {
	versions []version
	dirty    bool // Whether the next sync writes the sector.
}

// version is one state of a sector.
type version struct {
	sector *sector

	// cut is not 0 if this state is the work of a cut: of the one that began
	// spans[cut], and that left the first keep bytes of the sector in place.
	cut, keep int
}

func newContents() contents {
	return contents{unsynced: map[int]*history{}, spans: make([]span, 1)}
}

// image returns contents that are all durable.
func image(s sectors, size int64) contents {
	c := newContents()
	c.now, c.size = s, size
	c.durable, c.durableSize = s.clone(), size
	c.spans[0] = span{size, size}
	return c
}

// clone returns an independent copy with all that is known.
func (c *contents) clone() contents {
	d := contents{
		now: c.now.clone(), size: c.size,
		durable: c.durable.clone(), durableSize: c.durableSize,
		unsynced: make(map[int]*history, len(c.unsynced)),
		spans:    slices.Clone(c.spans),
	}
	for i, h := range c.unsynced {
		d.unsynced[i] = &history{versions: slices.Clone(h.versions), dirty: h.dirty}
	}
	return d
}

// writeAt writes p at off and lets the file grow to hold it.
func (c *contents) writeAt(p []byte, off int64) {
	if len(p) == 0 {
		return
	}
	c.grow(max(c.size, off+int64(len(p))))
	for len(p) > 0 {
		i, at := int(off/sectorSize), int(off%sectorSize)
		s := *(*sector)(c.now.get(i).bytes())
		n := copy(s[at:], p)
		c.put(i, version{sector: newSector(s[:])})
		p, off = p[n:], off+int64(n)
	}
}

// truncate sets the size.
func (c *contents) truncate(size int64) {
	if size >= c.size {
		c.grow(size)
		return
	}
	c.spans = append(c.spans, span{size, size})
	keep := int(size % sectorSize)
	for i := int(size / sectorSize); int64(i)*sectorSize < c.size; i++ {
		c.put(i, version{sector: c.now.get(i).head(keep), cut: len(c.spans) - 1, keep: keep})
		keep = 0
	}
	c.size = size
}

func (c *contents) grow(size int64) {
	c.size = size
	c.spans[len(c.spans)-1].hi = size
}

// put makes v the state of sector i.
func (c *contents) put(i int, v version) {
	h := c.unsynced[i]
	if h == nil && v.sector == nil && c.durable.get(i) == nil {
		return // Zeros over zeros: a file that is filled ahead costs nothing.
	}
	c.now.set(i, v.sector)
	if h == nil {
		h = &history{}
		c.unsynced[i] = h
	}
	if len(h.versions) >= maxVersions {
		h.thin()
	}
	h.versions = append(h.versions, v)
	h.dirty = true
}

// thin forgets every second version, but none that a cut left.
func (h *history) thin() {
	n := 0
	h.versions = slices.DeleteFunc(h.versions, func(v version) bool {
		n++
		return n%2 == 1 && v.cut == 0
	})
}

// sync makes the size, the cuts and the dirty sectors durable.
func (c *contents) sync() {
	for i, h := range c.unsynced {
		if h.dirty {
			c.durable.set(i, c.now.get(i))
			delete(c.unsynced, i)
			continue
		}
		base, later := h.after(c.durable.get(i), len(c.spans)-1)
		c.durable.set(i, base)
		h.versions = slices.Clone(later)
		for j := range h.versions {
			h.versions[j].cut, h.versions[j].keep = 0, 0
		}
	}
	c.durableSize = c.size
	c.spans = append(c.spans[:0], span{c.size, c.size})
}

// syncFailed makes all sectors clean without making any durable.
func (c *contents) syncFailed() {
	for _, h := range c.unsynced {
		h.dirty = false
	}
}

// after returns what a sector may hold if the file is found in spans[at]: base,
// which is the durable state less what the cuts up to then took, or one of later.
// The result shares the memory of h.
func (h *history) after(durable *sector, at int) (base *sector, later []version) {
	base, first := durable, 0
	for i, v := range h.versions {
		switch {
		case v.cut == 0:
		case v.cut <= at:
			base, first = base.head(v.keep), i
		case v.keep == 0:
			// The sector was freed by a cut that is lost, and with it all that
			// was written to its successor.
			return base, h.versions[first:i]
		}
	}
	return base, h.versions[first:]
}

// flip inverts one bit, counted from the first of the file, in every state in
// which its sector may be found.
func (c *contents) flip(bit int64) {
	i, in := int(bit/8/sectorSize), int(bit%(8*sectorSize))
	c.now.set(i, c.now.get(i).flip(in))
	if bit/8 < c.durableSize {
		c.durable.set(i, c.durable.get(i).flip(in))
	}
	if h := c.unsynced[i]; h != nil {
		for j, v := range h.versions {
			h.versions[j].sector = v.sector.flip(in)
		}
	}
}
