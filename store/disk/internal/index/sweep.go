package index

import "github.com/gestadb/gesta/store"

// The filters of askedFiles files are asked at once, and of those that may have something, groupFiles are worked on at once: enough for their cache
// misses to be under way side by side, and few enough that little is fetched in vain where the first ones have all that is asked for. Where few events
// are asked for, they are fewer.
const (
	askedFiles = 64
	groupFiles = 8
)

// sweep is a look-up in several files, one after the other in the direction of the walk. It is used inside [vfs.Guard].
type sweep struct {
	*View
	w            *workspace
	out          []store.Position
	after, until store.Position
	backward     bool
	rest         int  // how many may still be appended
	done         bool // there are no more
}

// groupFile is a file of a group, and what of the query may be in it.
type groupFile struct {
	file     *indexFile
	possible itemSet
}

// want is a bucket that is to be read: first, where the directory says where it is.
type want struct {
	file   *indexFile
	extent extent
}

// maxWants bounds the buckets that are touched for one group.
const maxWants = 64

// files looks in the files from low up to high, high not included.
func (s *sweep) files(low, high int) error {
	for low < high {
		from, to := low, min(low+askedFiles, high)
		if s.backward {
			from, to = max(high-askedFiles, low), high
		}
		asked, err := s.ask(from, to)
		if err != nil {
			return err
		}
		for len(asked) > 0 {
			group := asked[:min(groupFiles, max(s.rest, 2), len(asked))]
			asked = asked[len(group):]
			s.touch(group)
			for _, g := range group {
				if more, err := s.file(g); err != nil || !more {
					return err
				}
			}
		}
		if s.backward {
			high = from
		} else {
			low = to
		}
	}
	s.done = true
	return nil
}

// ask asks the filters of the files from from up to to, and returns the files that may have something, in the direction of the walk.
func (s *sweep) ask(from, to int) ([]groupFile, error) {
	q := &s.w.query
	files := s.View.files[from:to]
	if len(q.items) == 1 {
		for _, hash := range q.all(q.items[0]) {
			for _, f := range files {
				s.w.seen += f.core.filter.touch(hash)
			}
		}
	}
	n := 0
	for i := range files {
		at := i
		if s.backward {
			at = len(files) - 1 - i
		}
		f := files[at].core
		possible, err := f.possible(q)
		if err != nil {
			return nil, err
		}
		if possible != 0 {
			s.w.asked[n] = groupFile{f, possible}
			n++
		}
	}
	s.w.files = max(s.w.files, n)
	return s.w.asked[:n], nil
}

// touch has the processor fetch what will be read of mapped files: first all entries of the directories, then all buckets. What is fetched is not looked
// at here. What was never asked for is most likely not in memory at all: the disk begins to read all of that before any of it is waited for.
func (s *sweep) touch(group []groupFile) {
	if len(group) < 2 {
		return
	}
	w := s.w
	w.wants = w.wants[:0]
	for _, g := range group {
		if g.file.look.mapped == nil {
			continue
		}
		for i, it := range w.query.items {
			if !g.possible.has(i) {
				continue
			}
			for _, hash := range w.query.all(it) {
				if len(w.wants) < maxWants {
					at := g.file.directoryAt(hash)
					g.file.seen.fetch(at, extentLen) // the rest of its page of the directory lies in the same page of the file, most often
					w.wants = append(w.wants, want{file: g.file, extent: extent{offset: at}})
				}
			}
		}
	}
	for i := range w.wants {
		want := &w.wants[i]
		want.extent = extentIn(want.file.look.mapped[want.extent.offset:])
	}
	for i := range w.wants {
		w.wants[i].file.seen.fetch(w.wants[i].extent.offset, w.wants[i].extent.length+sumLen)
	}
	for i := range w.wants {
		w.seen += w.wants[i].file.touch(w.wants[i].extent)
	}
}

// file looks in one file, and says whether to go on.
func (s *sweep) file(g groupFile) (more bool, err error) {
	low, high := max(s.after+1, g.file.first), min(s.until, g.file.last())
	n := len(s.out)
	var done bool
	s.out, done, err = g.file.candidates(s.w, s.out, g.possible, low, high, s.backward, s.rest)
	if s.rest -= len(s.out) - n; err != nil || !done {
		return false, err
	}
	return s.rest > 0, nil
}

// everything appends all positions of the files from low up to high, high not included.
func (s *sweep) everything(low, high int) error {
	for low < high {
		at := low
		if s.backward {
			at = high - 1
		}
		f := s.View.files[at]
		n := len(s.out)
		out, done, err := f.allPositions(s.out, max(s.after+1, f.core.first), min(s.until, f.core.last()), s.backward, s.rest)
		s.out = out
		if s.rest -= len(out) - n; err != nil || !done {
			return err
		}
		if s.backward {
			high--
		} else {
			low++
		}
		if s.rest == 0 && low < high {
			return nil
		}
	}
	s.done = true
	return nil
}

// touch reads a byte of each of the first cache lines of a block, if that lies in the mapping at all.
func (f *indexFile) touch(e extent) (sum byte) {
	const line, most = 64, 8 * 64
	m := f.look.mapped
	end := min(e.offset+int64(min(e.length, most)), int64(len(m)))
	for at := e.offset; at < end; at += line {
		sum += m[at]
	}
	return sum
}
