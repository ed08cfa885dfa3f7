package simfs

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// Crash returns what a disk may hold after power was lost now: all that is
// durable and any part of the rest, as rng decides; the package comment says
// which parts there are. The same operations and the same numbers give the same image.
// What rng gives differs from image to image also in how much is kept, between
// nothing and everything. The image is a disk of its own, all of it durable,
// without locks; d goes on unchanged. It costs little: the two share their bytes.
func (d *FS) Crash(rng *rand.Rand) *FS {
	return d.crash(&dice{rng: rng})
}

// CrashTorn is Crash where sectors may also be torn: a later version of a
// sector up to some byte, and an earlier one from there on.
func (d *FS) CrashTorn(rng *rand.Rand) *FS {
	return d.crash(&dice{rng: rng, torn: true})
}

// CrashWorst is Crash without chance: all that is not durable is lost.
func (d *FS) CrashWorst() *FS {
	return d.crash(nothing{})
}

// fate decides what a crash keeps.
type fate interface {
	// keepNames returns the question that is asked about each change of names.
	keepNames() func() bool

	// size returns the span in which a file is found, and its size.
	size(spans []span) (at int, size int64)

	// sectors returns the question that is asked about each sector of one file:
	// what becomes of one that held base and then later.
	sectors() func(base *sector, later []version) *sector
}

func (d *FS) crash(f fate) *FS {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := d.journal.survivors(f.keepNames())
	byDir := map[*inode]map[string]*inode{}
	for s, n := range kept {
		if byDir[s.dir] == nil {
			byDir[s.dir] = map[string]*inode{}
		}
		byDir[s.dir][s.name] = n
	}
	return withRoot(d.root.crash(f, byDir))
}

// crash returns the image of a file or directory. kept has what the names in
// directories lead to where that differs from what is durable.
func (n *inode) crash(f fate, kept map[*inode]map[string]*inode) *inode {
	if !n.isDir {
		return &inode{contents: n.contents.crash(f)}
	}
	found := maps.Clone(n.durableNames)
	maps.Copy(found, kept[n])
	img := newDir()
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if child := found[name]; child != nil {
			img.names[name] = child.crash(f, kept)
		}
	}
	img.durableNames = maps.Clone(img.names)
	return img
}

func (c *contents) crash(f fate) contents {
	at, size := f.size(c.spans)
	found := c.durable.clone()
	if len(c.unsynced) > 0 {
		choose := f.sectors()
		for _, i := range slices.Sorted(maps.Keys(c.unsynced)) {
			base, later := c.unsynced[i].after(c.durable.get(i), at)
			found.set(i, choose(base, later))
		}
	}
	found.cut(size)
	return image(found, size)
}

// nothing is the fate that keeps nothing which is not durable.
type nothing struct{}

func (nothing) keepNames() func() bool { return func() bool { return false } }

func (nothing) size(spans []span) (int, int64) { return 0, spans[0].lo }

func (nothing) sectors() func(*sector, []version) *sector {
	return func(base *sector, _ []version) *sector { return base }
}
