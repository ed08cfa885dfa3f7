package index

import (
	"fmt"
	"sort"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// placesReader walks the places of a file of the index. It belongs to one goroutine.
type placesReader struct {
	files  []*placesFile
	file   *placesFile // that block is from
	block  placesBlock
	mapped bool // blocks may be in mappings: it is used inside [vfs.Guard]
}

var placesReaders pool[placesReader]

func (f *File) placesReader(mapped bool) *placesReader {
	r := placesReaders.get()
	r.files, r.mapped = f.places, mapped
	return r
}

func (r *placesReader) release() {
	r.files, r.file, r.block.offsets = nil, nil, nil
	placesReaders.put(r)
}

// load makes the block that has p, if any does, the current one. It returns false if no block begins at p or before it; then the
// first one is current, unless there is none at all.
func (r *placesReader) load(p store.Position) (bool, error) {
	for i := r.fileOf(p); i >= 0; i-- {
		f := r.files[i]
		if err := f.open(); err != nil {
			return false, err
		}
		if n := f.blockOf(p); n >= 0 {
			return true, r.set(f, n)
		}
	}
	return false, nil
}

// fileOf returns the last file that begins at p or before it, -1 for none.
func (r *placesReader) fileOf(p store.Position) int {
	low, high := 0, len(r.files)
	for low < high {
		if mid := (low + high) / 2; r.files[mid].first <= p {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low - 1
}

func (r *placesReader) set(f *placesFile, n int) error {
	if r.file == f && r.block.number == n {
		return nil
	}
	r.file = nil
	load := r.block.load
	if r.mapped {
		load = r.block.look
	}
	if err := load(f, n); err != nil {
		return err
	}
	r.file = f
	return nil
}

// next makes the block after the current one the current one; with none yet it is the very first.
func (r *placesReader) next() (bool, error) {
	i, n := 0, 0
	if r.file != nil {
		i, n = r.indexOf(r.file), r.block.number+1
	}
	for ; i < len(r.files); i, n = i+1, 0 {
		f := r.files[i]
		if err := f.open(); err != nil {
			return false, err
		}
		if n < len(f.index) {
			return true, r.set(f, n)
		}
	}
	return false, nil
}

func (r *placesReader) indexOf(f *placesFile) int {
	return sort.Search(len(r.files), func(i int) bool { return r.files[i].first >= f.first })
}

// Places implements [Source].
func (f *File) Places(dst []Place, positions []store.Position) (out []Place, err error) {
	out = dst
	if len(positions) == 0 {
		return out, nil
	}
	err = vfs.Guard(func() error {
		r := f.placesReader(true)
		defer r.release()
		for _, p := range positions {
			place, err := r.place(p)
			if err != nil {
				return err
			}
			out = append(out, place)
		}
		return nil
	})
	return out, err
}

// place returns the place of the event at p.
func (r *placesReader) place(p store.Position) (Place, error) {
	ok, err := r.load(p)
	if err != nil {
		return 0, err
	}
	var place Place
	if ok {
		place, ok = r.block.find(p)
	}
	if !ok {
		return 0, fmt.Errorf("place of position %d: %w", p, store.ErrNotFound)
	}
	return place, nil
}

// allPositions appends the positions of all events in [low, high], at most limit. It is called inside [vfs.Guard].
func (f *File) allPositions(dst []store.Position, low, high store.Position, backward bool, limit int) ([]store.Position, bool, error) {
	r := f.placesReader(true)
	defer r.release()
	for low <= high {
		if limit <= 0 {
			return dst, false, nil
		}
		n := len(dst)
		var err error
		if backward {
			dst, high, err = r.appendDown(dst, low, high, limit)
		} else {
			dst, low, err = r.appendUp(dst, low, high, limit)
		}
		if err != nil {
			return dst, false, err
		}
		limit -= len(dst) - n
	}
	return dst, true, nil
}

// appendUp appends positions from low on that are in one block, and returns where to go on: above high when there is no more.
func (r *placesReader) appendUp(dst []store.Position, low, high store.Position, limit int) ([]store.Position, store.Position, error) {
	ok, err := r.load(low)
	if err != nil {
		return dst, low, err
	}
	i := 0
	if ok {
		i = r.block.upTo(low - 1)
	}
	if !ok || i == r.block.n {
		if !ok {
			r.file = nil
		}
		if ok, err = r.next(); err != nil || !ok {
			return dst, high + 1, err
		}
		i = 0
	}
	for ; i < r.block.n && limit > 0; i, limit = i+1, limit-1 {
		if r.block.position(i) > high {
			return dst, high + 1, nil
		}
		dst = append(dst, r.block.position(i))
		low = r.block.position(i) + 1
	}
	return dst, low, nil
}

// appendDown appends positions from high down that are in one block, and returns where to go on: below low when there is no more.
func (r *placesReader) appendDown(dst []store.Position, low, high store.Position, limit int) ([]store.Position, store.Position, error) {
	ok, err := r.load(high)
	if err != nil || !ok {
		return dst, low - 1, err
	}
	for i := r.block.upTo(high) - 1; i >= 0 && limit > 0; i, limit = i-1, limit-1 {
		if r.block.position(i) < low {
			return dst, low - 1, nil
		}
		dst = append(dst, r.block.position(i))
		high = r.block.position(i) - 1
	}
	return dst, high, nil
}
