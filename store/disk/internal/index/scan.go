package index

import "github.com/gestadb/gesta/store"

// termScan goes through all terms of a file in the order of their hashes.
type termScan struct {
	file      *indexFile
	directory extentScan
	terms     blockScan
	entries   bucket
	entry     entry // the current one; its bytes are in the buffer of terms

	leaf  []store.Position // the postings of a short list
	lists treeScan         // the long ones
}

// newTermScan returns a scan at the beginning, which reads about size bytes at once.
func newTermScan(f *indexFile, size int) *termScan {
	return &termScan{
		file:      f,
		directory: newExtentScan(&f.blockFile, f.sections[sectionDirectory], f.buckets(), max(size/8, pageLen)),
		terms:     blockScan{file: &f.blockFile, section: f.sections[sectionTerms], size: size},
		lists:     newTreeScan(f, size),
	}
}

// next goes to the next term, and is false after the last one.
func (s *termScan) next() (bool, error) {
	for {
		ok, problem := s.entries.read(&s.entry)
		if ok {
			return true, nil
		}
		if problem != "" {
			return false, s.file.damaged(s.terms.at, "%s", problem)
		}
		if !s.directory.more() {
			return false, nil
		}
		s.entries.hash = bucketBase(s.directory.next, s.directory.n)
		x, err := s.directory.extent()
		if err != nil {
			return false, err
		}
		if x.length > 0 {
			if s.entries.rest, err = s.terms.read(x); err != nil {
				return false, err
			}
		}
	}
}

// single returns the posting of a current term that has one alone, in the range of the file.
func (s *termScan) single() (store.Position, bool) {
	e := &s.entry
	return s.file.first + store.Position(e.single), e.count == 1 && e.single <= uint64(s.file.last()-s.file.first)
}

// eachPosting calls yield with the postings of the current term, leaf by leaf.
func (s *termScan) eachPosting(yield func(leaf []store.Position) error) error {
	e := &s.entry
	if e.count > blockPostings {
		return s.lists.each(e, yield)
	}
	leaf, ok := decodePostings(s.leaf[:0], e.postings, s.file.first, s.file.last(), e.count)
	s.leaf = leaf
	if !ok {
		return s.file.damaged(s.terms.at, "the postings of the term %012x make no sense", e.hash)
	}
	return yield(leaf)
}
