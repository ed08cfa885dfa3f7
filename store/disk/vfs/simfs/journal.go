package simfs

import "slices"

// journal has the changes to names since they were last durable, oldest first.
// It is guarded by the lock of its disk.
type journal struct{ changes []*change }

// change is one creation, removal or rename.
type change struct {
	effects []effect

	// unsynced are the directories of the effects that have not been synced since.
	unsynced []*inode

	// moved is set if a directory was moved; emptied is the directory that was
	// removed, if one was. See the package comment for the order they impose.
	moved   bool
	emptied *inode
}

// effect is what a change does to one name.
type effect struct {
	slot
	to *inode // What the name leads to then; nil if to nothing.
}

// slot is a place for a name.
type slot struct {
	dir  *inode
	name string
}

// record applies a change to what programs see and remembers it.
func (j *journal) record(c *change) {
	for _, e := range c.effects {
		if e.to == nil {
			delete(e.dir.names, e.name)
		} else {
			e.dir.names[e.name] = e.to
		}
		if !slices.Contains(c.unsynced, e.dir) {
			c.unsynced = append(c.unsynced, e.dir)
		}
	}
	j.changes = append(j.changes, c)
}

// sync makes durable what awaits the sync of dir and of no other directory,
// and all that must come before it.
func (j *journal) sync(dir *inode) {
	j.settle(func(c *change) bool {
		c.unsynced = slices.DeleteFunc(c.unsynced, func(d *inode) bool { return d == dir })
		return len(c.unsynced) == 0
	})
}

// settle makes durable the changes that chosen picks, and all that must come
// before them.
func (j *journal) settle(chosen func(*change) bool) {
	var later frontier
	settled := make([]bool, len(j.changes))
	for i, c := range slices.Backward(j.changes) {
		// chosen is asked about every change: it keeps count.
		if chosen(c) || later.mustFollow(c) {
			settled[i] = true
			later.add(c)
		}
	}
	rest := j.changes[:0]
	for i, c := range j.changes {
		if !settled[i] {
			rest = append(rest, c)
			continue
		}
		for _, e := range c.effects {
			if e.to == nil {
				delete(e.dir.durableNames, e.name)
			} else {
				e.dir.durableNames[e.name] = e.to
			}
		}
	}
	clear(j.changes[len(rest):])
	j.changes = rest
}

// survivors returns what the names of a crashed disk lead to where that differs
// from what is durable: keep is asked in order about each change that may be kept.
func (j *journal) survivors(keep func() bool) map[slot]*inode {
	kept := map[slot]*inode{}
	var lost frontier
	for _, c := range j.changes {
		if lost.mustPrecede(c) || !keep() {
			lost.add(c)
			continue
		}
		for _, e := range c.effects {
			kept[e.slot] = e.to
		}
	}
	return kept
}

// frontier is a set of changes, as far as their order with others goes. The
// zero value is the empty set.
type frontier struct {
	slots   map[slot]bool
	dirs    map[*inode]bool // Directories of the slots.
	emptied map[*inode]bool
	moved   bool
}

func (f *frontier) add(c *change) {
	if f.slots == nil {
		f.slots, f.dirs, f.emptied = map[slot]bool{}, map[*inode]bool{}, map[*inode]bool{}
	}
	for _, e := range c.effects {
		f.slots[e.slot] = true
		f.dirs[e.dir] = true
	}
	if c.emptied != nil {
		f.emptied[c.emptied] = true
	}
	f.moved = f.moved || c.moved
}

// mustFollow reports whether the set, all later than c, has a change that can
// be kept only if c is.
func (f *frontier) mustFollow(c *change) bool {
	for _, e := range c.effects {
		if f.slots[e.slot] || f.emptied[e.dir] {
			return true
		}
	}
	return c.moved && f.moved
}

// mustPrecede reports whether the set, all earlier than c, has a change
// without which c cannot be kept.
func (f *frontier) mustPrecede(c *change) bool {
	for _, e := range c.effects {
		if f.slots[e.slot] {
			return true
		}
	}
	return c.moved && f.moved || c.emptied != nil && f.dirs[c.emptied]
}
