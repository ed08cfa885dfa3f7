package index

import (
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// LastEvents appends for each hash of a stream's name, see [StreamHash], the position of the last event whose stream has that hash, and 0 where no file
// has one. The caller reads the event and compares the name. What is fetched for one stream is under way while the others are looked at, so that a stream
// among many takes a fraction of the time that it takes alone. A file that was truncated may name an event that is gone. After an error dst is
// returned as it was.
func (v *View) LastEvents(dst []store.Position, hashes []uint64) ([]store.Position, error) {
	begin := len(dst)
	for range hashes {
		dst = append(dst, 0)
	}
	if len(v.files) == 0 || len(hashes) == 0 {
		return dst, nil
	}
	m := manyStreamsPool.get()
	m.View, m.w = v, workspaces.get()
	err := vfs.Guard(func() error {
		for from := begin; from < len(dst); from += streamsAtOnce {
			to := min(from+streamsAtOnce, len(dst))
			m.hashes, m.out = hashes[from-begin:to-begin], dst[from:to]
			if err := m.find(); err != nil {
				return err
			}
		}
		return nil
	})
	m.release()
	if err != nil {
		return dst[:begin], err
	}
	return dst, nil
}

// streamsAtOnce bounds the streams that are looked for side by side, and filtersAtOnce the filters that are touched before any is asked.
const (
	streamsAtOnce = 128
	filtersAtOnce = 64
)

// manyStreams is a look-up of several streams. It is used inside [vfs.Guard] by one goroutine.
type manyStreams struct {
	*View
	w      *workspace
	hashes []uint64
	out    []store.Position // for each hash

	left []int32 // numbers of the hashes that were not found yet
	hits []hit
}

// hit is a hash that the filter of a file has, and where in the file is what there is to be read of it next.
type hit struct {
	n      int32 // number of the hash
	file   int   // number in the view
	extent extent
}

var manyStreamsPool pool[manyStreams]

func (m *manyStreams) release() {
	m.w.release()
	m.View, m.w, m.hashes, m.out = nil, nil, nil, nil
	manyStreamsPool.put(m)
}

// find goes through the files from the newest to the oldest, as many at a time as keep the processor busy with fetching: for one stream that
// is all of them, for many one after the other.
func (m *manyStreams) find() error {
	m.left = m.left[:0]
	for n := range m.hashes {
		m.left = append(m.left, int32(n))
	}
	for end := len(m.files); end > 0 && len(m.left) > 0; {
		begin := max(0, end-max(1, filtersAtOnce/len(m.left)))
		if err := m.ask(begin, end); err != nil {
			return err
		}
		m.touch()
		if err := m.read(begin); err != nil {
			return err
		}
		m.left = m.unfound(m.left)
		end = begin
	}
	return nil
}

// unfound returns those of left that were not found, in the same memory.
func (m *manyStreams) unfound(left []int32) []int32 {
	still := left[:0]
	for _, n := range left {
		if m.out[n] == 0 {
			still = append(still, n)
		}
	}
	return still
}

// ask asks the filters of the files from begin to end, end not included, and makes of each hash that is left a hit in the newest of them that has it.
func (m *manyStreams) ask(begin, end int) error {
	m.hits = m.hits[:0]
	for i := begin; i < end; i++ {
		f := &m.files[i].core.filter
		for _, n := range m.left {
			m.w.seen += f.touch(m.hashes[n])
		}
	}
	for _, n := range m.left {
		i, err := m.newest(m.hashes[n], begin, end)
		if err != nil {
			return err
		}
		if i >= begin {
			m.hits = append(m.hits, hit{n: n, file: i})
		}
	}
	return nil
}

// newest returns the newest file from begin to end, end not included, whose filter has a hash, and a number below begin if none has.
func (m *manyStreams) newest(hash uint64, begin, end int) (int, error) {
	for end--; end >= begin; end-- {
		if ok, err := m.files[end].core.filter.has(hash); ok || err != nil {
			return end, err
		}
	}
	return end, nil
}

// touch has the processor fetch what will be read for the hits: first all entries of the directories, then all buckets. What is not in memory at all the
// disk begins to read before any of it is waited for.
func (m *manyStreams) touch() {
	for i := range m.hits {
		h := &m.hits[i]
		f := m.files[h.file].core
		if f.look.mapped == nil {
			continue
		}
		h.extent.offset = f.directoryAt(m.hashes[h.n])
		f.seen.fetch(h.extent.offset, extentLen)
		m.w.seen += f.look.mapped[h.extent.offset]
	}
	for i := range m.hits {
		h := &m.hits[i]
		if f := m.files[h.file].core; f.look.mapped != nil {
			h.extent = extentIn(f.look.mapped[h.extent.offset:])
			f.seen.fetch(h.extent.offset, h.extent.length+sumLen)
		}
	}
	for i := range m.hits {
		h := &m.hits[i]
		if f := m.files[h.file].core; f.look.mapped != nil {
			m.w.seen += f.touch(h.extent)
		}
	}
}

// read reads the hits. Where a filter was wrong, the older files from begin on are asked one by one.
func (m *manyStreams) read(begin int) error {
	for i := range m.hits {
		h := &m.hits[i]
		hash := m.hashes[h.n]
		for file := h.file; file >= begin; {
			p, err := m.files[file].core.lastOf(m.w, hash)
			if err != nil {
				return err
			}
			if p > 0 {
				m.out[h.n] = p
				break
			}
			if file, err = m.newest(hash, begin, file); err != nil {
				return err
			}
		}
	}
	return nil
}

// lastOf returns the last posting of a hash, 0 for none. It is called inside [vfs.Guard].
func (f *indexFile) lastOf(w *workspace, hash uint64) (store.Position, error) {
	e, ok, err := f.find(w, hash)
	if err != nil || !ok {
		return 0, err
	}
	if e.count == 1 && e.single <= uint64(f.last()-f.first) {
		return f.first + store.Position(e.single), nil
	}
	w.begin()
	c := w.lists.next()
	if err := c.open(f, &f.look, &e, f.first, true); err != nil {
		return 0, err
	}
	return c.last(), nil
}
