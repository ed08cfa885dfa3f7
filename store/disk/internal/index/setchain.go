package index

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gestadb/gesta/store"
)

// chain finds the files to take in a directory.
type chain struct {
	set      *Set
	names    []string // of everything in the directory that belongs to an index
	indexes  []listed
	allPlace []listed

	open     map[string]*indexFile  // files looked into, with a reference
	places   map[string]*placesFile // likewise
	files    []*File                // those taken
	problems []store.Problem
}

// list reads the directory. Files that are open in the set are taken over.
func (c *chain) list() error {
	names, err := c.set.o.FS.ReadDir(c.set.o.Dir)
	if c.set.o.ReadOnly && errors.Is(err, fs.ErrNotExist) {
		return nil // no writer has made it yet
	}
	if err != nil {
		return fmt.Errorf("list index: %w", err)
	}
	for _, name := range names {
		bare := strings.TrimSuffix(name, extTmp)
		index, isIndex := parseName(bare, extIndex)
		places, isPlaces := parseName(bare, extPlaces)
		if !isIndex && !isPlaces {
			continue
		}
		c.names = append(c.names, name)
		switch {
		case bare != name:
		case isIndex:
			c.indexes = append(c.indexes, index)
		case isPlaces:
			c.allPlace = append(c.allPlace, places)
		}
	}
	for _, f := range c.set.view.files {
		f.core.retain()
		c.open[path.Base(f.core.path)] = f.core
		for _, p := range f.places {
			if c.places[path.Base(p.path)] == nil {
				p.retain()
				c.places[path.Base(p.path)] = p
			}
		}
	}
	return nil
}

// release gives the references back.
func (c *chain) release() {
	for _, f := range c.open {
		_ = f.release()
	}
	for _, p := range c.places {
		_ = p.release()
	}
}

// follow takes file after file from the base on: of those that begin where the one before ended, the widest that is valid.
func (c *chain) follow() error {
	slices.SortFunc(c.indexes, func(a, b listed) int { return cmp.Compare(b.last, a.last) })
	slices.SortFunc(c.allPlace, func(a, b listed) int { return cmp.Compare(a.first, b.first) })
	at := c.set.base
	for first := true; ; first = false {
		f, err := c.next(at, first)
		if err != nil {
			return err
		}
		if f == nil {
			return nil
		}
		c.files = append(c.files, f)
		at = f.core.end
	}
}

// next returns the widest file that goes on from an end, nil for none. The first file may begin below the base, of which the rest was truncated.
func (c *chain) next(at End, first bool) (*File, error) {
	for _, l := range c.indexes {
		if l.last <= at.Position || l.first > at.Position+1 || !first && l.first != at.Position+1 {
			continue
		}
		core, err := c.index(l)
		if err != nil {
			return nil, err
		}
		if core == nil || !follows(core.start, at, first) {
			continue
		}
		if valid := c.set.o.Valid; valid != nil && !valid(core.end) {
			continue
		}
		places, ok, err := c.tile(nil, at, core.end, first)
		if err != nil {
			return nil, err
		}
		if ok {
			return &File{core, places}, nil
		}
	}
	return nil, nil
}

func follows(start, at End, first bool) bool {
	if first {
		return start.Position <= at.Position && start.Next <= at.Next
	}
	return start == at
}

// index opens an index file. It is nil for a damaged one, which is a problem.
func (c *chain) index(l listed) (*indexFile, error) {
	if f, ok := c.open[l.name]; ok {
		return f, nil
	}
	o := &c.set.o
	f, err := openIndexFile(o.FS, c.set.path(l.name), errorName(l.name), o.StoreID, o.Seed)
	if err == nil && path.Base(l.name) != fileName(f.start, f.end, extIndex) {
		err = errors.Join(f.damaged(0, "the range %d to %d is not that of the name", f.begin(), f.last()), f.release())
	}
	if err != nil {
		return nil, c.problem(l, err)
	}
	c.open[l.name] = f
	return f, nil
}

// tile appends the files of places that cover what lies between two ends.
func (c *chain) tile(dst []*placesFile, from, to End, first bool) ([]*placesFile, bool, error) {
	if from == to {
		return dst, true, nil
	}
	i := 0
	if !first {
		i, _ = slices.BinarySearchFunc(c.allPlace, from.Position+1, func(l listed, p store.Position) int { return cmp.Compare(l.first, p) })
	}
	for ; i < len(c.allPlace) && c.allPlace[i].first <= from.Position+1; i++ {
		l := c.allPlace[i]
		if l.last <= from.Position || l.last > to.Position {
			continue
		}
		p, err := c.place(l)
		if err != nil {
			return nil, false, err
		}
		if p == nil || !follows(p.start, from, first) {
			continue
		}
		out, ok, err := c.tile(append(dst, p), p.end, to, false)
		if err != nil || ok {
			return out, ok, err
		}
	}
	return dst, false, nil
}

func (c *chain) place(l listed) (*placesFile, error) {
	if f, ok := c.places[l.name]; ok {
		return f, nil
	}
	f, err := readPlacesHeader(c.set.o.FS, c.set.handles, c.set.path(l.name), errorName(l.name), c.set.o.StoreID)
	if err == nil && l.name != fileName(f.start, f.end, extPlaces) {
		err = f.damaged(0, "the range %d to %d is not that of the name", f.first, f.end.Position)
	}
	if err != nil {
		return nil, c.problem(l, err)
	}
	c.places[l.name] = f
	return f, nil
}

// problem notes a file that cannot be taken. It returns an error that ends the search instead: of the medium, or for a format that is not known.
func (c *chain) problem(l listed, err error) error {
	p := store.Problem{Code: "index", File: errorName(l.name), Position: l.first, Message: err.Error()}
	var damaged *store.DamagedError
	switch {
	case errors.As(err, &damaged):
		p.Offset, p.Message = damaged.Offset, damaged.Problem
	case !errors.Is(err, errOtherStore):
		return err
	}
	if len(c.problems) < maxProblems && !slices.Contains(c.problems, p) {
		c.problems = append(c.problems, p)
	}
	return nil
}

// tidy removes all files of an index that were not taken.
func (c *chain) tidy() error {
	if c.set.o.ReadOnly {
		return nil
	}
	taken := map[string]bool{}
	for _, f := range c.files {
		taken[path.Base(f.core.path)] = true
		for _, p := range f.places {
			taken[path.Base(p.path)] = true
		}
	}
	removed := false
	for _, name := range c.names {
		if !taken[name] {
			removed = true
			if err := removeIfThere(c.set.o.FS, c.set.path(name)); err != nil {
				return err
			}
		}
	}
	if !removed {
		return nil
	}
	if err := c.set.o.FS.SyncDir(c.set.o.Dir); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}
