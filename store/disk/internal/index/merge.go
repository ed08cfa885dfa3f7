package index

import (
	"context"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// merger writes one file of the contents of neighbours. In memory it has a bucket and a leaf of each.
type merger struct {
	ctx   context.Context
	files []*indexFile // in the order of their positions
	scans []*termScan
	live  []bool // whether a scan has a current term
	work  int
	leaf  []store.Position
}

// workPerCheck is after how many terms and leaves the context is looked at.
const workPerCheck = 1024

// mergedHeader returns the header of what files become, but for the numbers of terms and names.
func mergedHeader(files []*indexFile) header {
	h := files[0].header
	last := files[len(files)-1]
	h.end, h.lastRecordedAt = last.end, last.lastRecordedAt
	h.events, h.terms, h.postings, h.streams, h.types, h.trackings = 0, 0, 0, 0, 0, 0
	h.sections = [sections]section{}
	for _, f := range files {
		h.events += f.events
	}
	return h
}

// writeMerged writes what files have into an empty file.
func writeMerged(ctx context.Context, file vfs.File, files []*indexFile) error {
	m := &merger{ctx: ctx, files: files}
	h := mergedHeader(files)
	if err := m.each(func(uint64) error { h.terms++; return nil }); err != nil {
		return err
	}
	h.layout()
	w := newTermWriter(file, &h)
	if err := m.each(func(hash uint64) error {
		w.begin(hash)
		if err := m.copyPostings(w, hash); err != nil {
			return err
		}
		w.end()
		return w.out.err
	}); err != nil {
		return err
	}
	if err := w.finish(); err != nil {
		return err
	}
	return h.finish(file, w, m)
}

// each calls yield for each hash in any of the files, in order. The scans that have it are at it then.
func (m *merger) each(yield func(hash uint64) error) error {
	m.scans, m.live = nil, make([]bool, len(m.files))
	for i, f := range m.files {
		m.scans = append(m.scans, newTermScan(f))
		if err := m.step(i); err != nil {
			return err
		}
	}
	for {
		lowest, more := uint64(0), false
		for i, s := range m.scans {
			if m.live[i] && (!more || s.entry.hash < lowest) {
				lowest, more = s.entry.hash, true
			}
		}
		if !more {
			return nil
		}
		if err := m.check(); err != nil {
			return err
		}
		if err := yield(lowest); err != nil {
			return err
		}
		for i, s := range m.scans {
			if m.live[i] && s.entry.hash == lowest {
				if err := m.step(i); err != nil {
					return err
				}
			}
		}
	}
}

func (m *merger) step(i int) (err error) {
	m.live[i], err = m.scans[i].next()
	return err
}

func (m *merger) check() error {
	if m.work++; m.work%workPerCheck == 0 {
		return m.ctx.Err()
	}
	return nil
}

// copyPostings writes the postings of a hash.
func (m *merger) copyPostings(w *termWriter, hash uint64) error {
	for i, s := range m.scans {
		if !m.live[i] || s.entry.hash != hash {
			continue
		}
		if err := s.file.eachPosting(&s.entry, &m.leaf, func(leaf []store.Position) error {
			for _, p := range leaf {
				w.add(p)
			}
			return m.check()
		}); err != nil {
			return err
		}
	}
	return nil
}

// eachPosting calls yield with the postings of an entry, leaf by leaf. The buffer is for those of a short list.
func (f *indexFile) eachPosting(e *entry, buffer *[]store.Position, yield func(leaf []store.Position) error) error {
	if e.count <= blockPostings {
		leaf, ok := decodePostings((*buffer)[:0], e.postings, f.first, f.last(), e.count)
		*buffer = leaf
		if !ok {
			return f.damaged(f.sections[sectionTerms].offset, "the postings of the term %012x make no sense", e.hash)
		}
		return yield(leaf)
	}
	c, err := f.newListCursor(e, f.last(), false)
	if err != nil {
		return err
	}
	n := uint64(0)
	for at := f.first; ; at = c.leaf[len(c.leaf)-1] + 1 {
		_, s, err := c.seek(uint64(at))
		if err != nil {
			return err
		}
		if s == ended {
			break
		}
		n += uint64(len(c.leaf))
		if err := yield(c.leaf); err != nil {
			return err
		}
	}
	if n != e.count {
		return f.damaged(e.root.offset, "a list of %d postings has %d", e.count, n)
	}
	return nil
}
