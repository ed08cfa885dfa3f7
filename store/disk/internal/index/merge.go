package index

import (
	"context"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// merger writes one file of the contents of neighbours. In memory it has scanMemory for what it reads.
type merger struct {
	ctx    context.Context
	files  []*indexFile // in the order of their positions, at most maxInputs
	scans  []*termScan
	lowest tournament // hash << inputBits | number of the file, of the next term of each
	breath breather
}

const (
	inputBits  = 64 - hashBits
	maxInputs  = 256      // files that are merged at once, below 1 << inputBits
	scanMemory = 16 << 20 // bytes that a merge takes for what it has read
	minScanLen = 16 << 10
	noTerm     = ^uint64(0) // after the last one; no hash with a file, of which there are fewer
)

// scanSize returns how many bytes a merge reads at once of each file: each may have two buffers, and most of a directory's.
func (m *merger) scanSize() int {
	return max(minScanLen, min(scanLen, scanMemory/(3*len(m.files))))
}

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
	var err error
	if h.terms, err = m.countTerms(); err != nil {
		return err
	}
	h.layout()
	w := newTermWriter(file, &h)
	if err := m.copyTerms(w); err != nil {
		return err
	}
	if err := w.finish(); err != nil {
		return err
	}
	return h.finish(file, w, m)
}

// begin puts a scan of each file at its first term.
func (m *merger) begin() error {
	m.scans = make([]*termScan, len(m.files))
	first := make([]uint64, len(m.files))
	for i, f := range m.files {
		m.scans[i] = newTermScan(f, m.scanSize())
		var err error
		if first[i], err = m.next(i); err != nil {
			return err
		}
	}
	m.lowest = newTournament(first)
	return nil
}

// next moves the scan of file i on.
func (m *merger) next(i int) (uint64, error) {
	s := m.scans[i]
	ok, err := s.next()
	if !ok {
		return noTerm, err
	}
	return s.entry.hash<<inputBits | uint64(i), nil
}

// advance moves the scan on that has the lowest term.
func (m *merger) advance() error {
	i := int(m.lowest.lowest() & (1<<inputBits - 1))
	next, err := m.next(i)
	if err != nil {
		return err
	}
	m.lowest.replace(i, next)
	return m.check()
}

// check says now and then whether the merge is to end.
func (m *merger) check() error {
	if !m.breath.step() {
		return nil
	}
	return m.ctx.Err()
}

// countTerms returns how many different terms the files have.
func (m *merger) countTerms() (uint64, error) {
	if err := m.begin(); err != nil {
		return 0, err
	}
	n, before := uint64(0), uint64(0)
	for {
		lowest := m.lowest.lowest()
		if lowest == noTerm {
			return n, nil
		}
		if hash := lowest >> inputBits; n == 0 || hash != before {
			n, before = n+1, hash
		}
		if err := m.advance(); err != nil {
			return 0, err
		}
	}
}

// copyTerms writes the terms, each with the postings of one file after the other. Most are in one file alone, with one posting.
func (m *merger) copyTerms(w *termWriter) error {
	if err := m.begin(); err != nil {
		return err
	}
	for m.lowest.lowest() != noTerm {
		lowest := m.lowest.lowest()
		hash, s := lowest>>inputBits, m.scans[lowest&(1<<inputBits-1)]
		p, single := s.single()
		if single {
			if err := m.advance(); err != nil {
				return err
			}
			if !m.more(hash) {
				w.single(hash, p)
				continue
			}
		}
		w.begin(hash)
		if single {
			w.add(p)
		}
		for m.more(hash) {
			if err := m.copyPostings(w, m.scans[m.lowest.lowest()&(1<<inputBits-1)]); err != nil {
				return err
			}
			if err := m.advance(); err != nil {
				return err
			}
		}
		w.end()
		if w.out.err != nil {
			return w.out.err
		}
	}
	return w.out.err
}

// more says whether the lowest term has this hash.
func (m *merger) more(hash uint64) bool {
	lowest := m.lowest.lowest()
	return lowest>>inputBits == hash && lowest != noTerm
}

// copyPostings writes the postings of the current term of a scan.
func (m *merger) copyPostings(w *termWriter, s *termScan) error {
	if p, ok := s.single(); ok {
		w.add(p)
		return nil
	}
	return s.eachPosting(func(leaf []store.Position) error {
		w.addAll(leaf)
		return m.check()
	})
}
