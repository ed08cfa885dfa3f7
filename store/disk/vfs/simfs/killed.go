package simfs

// CrashBest returns what is found after the process was killed and the machine
// was not: everything, as it was last seen, without locks. What was not durable
// is still not, on the image: a crash of that one can lose it. So a program
// that opens the image and relies on what it reads without syncing it again is
// found out. d goes on unchanged.
func (d *FS) CrashBest() *FS {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := cloner{}
	img := withRoot(c.inode(d.root))
	for _, ch := range d.journal.changes {
		img.journal.changes = append(img.journal.changes, c.change(ch))
	}
	return img
}

// cloner maps the inodes of a disk to their copies.
type cloner map[*inode]*inode

func (c cloner) inode(n *inode) *inode {
	if n == nil {
		return nil
	}
	if m := c[n]; m != nil {
		return m
	}
	if !n.isDir {
		m := &inode{contents: n.contents.clone()}
		c[n] = m
		return m
	}
	m := newDir()
	c[n] = m // Before its names: what was removed may still lead back here.
	for name, child := range n.names {
		m.names[name] = c.inode(child)
	}
	for name, child := range n.durableNames {
		m.durableNames[name] = c.inode(child)
	}
	return m
}

func (c cloner) change(ch *change) *change {
	copied := &change{moved: ch.moved, emptied: c.inode(ch.emptied)}
	for _, e := range ch.effects {
		copied.effects = append(copied.effects, effect{slot{c.inode(e.dir), e.name}, c.inode(e.to)})
	}
	for _, dir := range ch.unsynced {
		copied.unsynced = append(copied.unsynced, c.inode(dir))
	}
	return copied
}
