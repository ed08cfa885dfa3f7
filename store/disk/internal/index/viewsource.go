package index

import (
	"math"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

var _ Source = (*View)(nil)

// Range implements [Source].
func (v *View) Range() (first, last store.Position) {
	if len(v.spans) == 0 {
		return 1, 0
	}
	return v.spans[0].first, v.spans[len(v.spans)-1].last
}

// within returns which files have something in (after, until].
func (v *View) within(after, until store.Position) (low, high int) {
	high = len(v.spans)
	for high > 0 && v.spans[high-1].first > until {
		high--
	}
	low = high
	for low > 0 && v.spans[low-1].last > after {
		low--
	}
	return low, high
}

// Candidates implements [Source].
func (v *View) Candidates(
	dst []store.Position, q store.Query, after, until store.Position, backward bool, limit int,
) (out []store.Position, done bool, err error) {
	low, high := v.within(after, until)
	if low == high || after >= until {
		return dst, true, nil
	}
	w := workspaces.get()
	defer w.release()
	all := q.All()
	if !all {
		w.query.hash(v.files[0].core.hasher, q)
	}
	s := sweep{View: v, w: w, out: dst, after: after, until: until, backward: backward, rest: limit}
	err = vfs.Guard(func() error {
		if all {
			return s.everything(low, high)
		}
		return s.files(low, high)
	})
	return s.out, s.done && err == nil, err
}

// IDCandidates implements [Source].
func (v *View) IDCandidates(dst []store.Position, id [16]byte, after, until store.Position) ([]store.Position, error) {
	if len(v.files) == 0 {
		return dst, nil
	}
	return v.appendList(dst, v.files[0].core.hasher.id(&id), after, until)
}

// KeyCandidates implements [Source].
func (v *View) KeyCandidates(dst []store.Position, key string) ([]store.Position, error) {
	if len(v.files) == 0 {
		return dst, nil
	}
	return v.appendList(dst, v.files[0].core.hasher.term(kindKey, key), 0, store.MaxPosition)
}

// appendList appends the postings of a hash in (after, until].
func (v *View) appendList(dst []store.Position, hash uint64, after, until store.Position) ([]store.Position, error) {
	low, high := v.within(after, until)
	if low == high {
		return dst, nil
	}
	w := workspaces.get()
	defer w.release()
	w.query.one(hash)
	s := sweep{View: v, w: w, out: dst, after: after, until: until, rest: math.MaxInt}
	err := vfs.Guard(func() error { return s.files(low, high) })
	return s.out, err
}

// Tracked implements [Source].
func (v *View) Tracked(source string, until Place) (position uint64, ok bool, err error) {
	for i := len(v.files) - 1; i >= 0 && !ok && err == nil; i-- {
		position, ok, err = v.files[i].Tracked(source, until)
	}
	return position, ok, err
}

// Places implements [Source].
func (v *View) Places(dst []Place, positions []store.Position) (out []Place, err error) {
	out = dst
	if len(positions) == 0 {
		return out, nil
	}
	w := workspaces.get()
	defer w.release()
	err = vfs.Guard(func() (err error) {
		for len(positions) > 0 && err == nil {
			n := min(len(positions), spotsAtOnce)
			out, err = v.somePlaces(w, out, positions[:n])
			positions = positions[n:]
		}
		return err
	})
	return out, err
}

// spotsAtOnce bounds the places that are read side by side.
const spotsAtOnce = 32

// spot is where in a mapping the place of an event is.
type spot struct {
	offset  []byte // nil if it is not known without more ado
	segment uint32
}

// somePlaces appends the places of at most spotsAtOnce positions: it finds all spots first, and then reads them, so that the processor's reads are under way
// side by side.
func (v *View) somePlaces(w *workspace, dst []Place, positions []store.Position) ([]Place, error) {
	for i, p := range positions {
		w.spots[i] = v.spot(p)
	}
	begin, slow := len(dst), false
	for i := range positions {
		place := Place(0)
		if s := &w.spots[i]; s.offset != nil {
			place = MakePlace(s.segment, le.Uint32(s.offset))
		}
		dst = append(dst, place)
	}
	for i, p := range positions {
		if w.spots[i].offset != nil {
			continue
		}
		if !slow {
			slow = true
			v.fetchPlaces(positions[i:], w.spots[i:])
		}
		place, err := v.slowPlace(p)
		if err != nil {
			return dst[:begin+i], err
		}
		dst[begin+i] = place
	}
	return dst, nil
}

// spot returns where the place of the event at p is.
func (v *View) spot(p store.Position) spot {
	if f := v.placesOf(p); f != nil {
		return f.spot(p)
	}
	return spot{}
}

// placesOf returns the last file of places that begins at p or before it, nil for none.
func (v *View) placesOf(p store.Position) *placesFile {
	low, high := 0, len(v.begins)
	for low < high {
		if mid := int(uint(low+high) / 2); v.begins[mid] <= p {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low == 0 {
		return nil
	}
	return v.places[low-1]
}

// fetchPlaces has the disk begin to read the blocks of places that were not read before. Files that were not read at all are opened for that, after it has
// begun to read of all of them what opening needs. What fails is left to who reads the places.
func (v *View) fetchPlaces(positions []store.Position, spots []spot) {
	for i, p := range positions {
		if spots[i].offset == nil {
			if f := v.placesOf(p); f != nil {
				f.fetch(p)
			}
		}
	}
	for i, p := range positions {
		if spots[i].offset != nil {
			continue
		}
		if f := v.placesOf(p); f != nil && f.open() == nil && f.mapping != nil {
			if n := f.blockOf(p); n >= 0 && f.verified[n].Load() == 0 {
				f.fetchBlock(n)
			}
		}
	}
}

// slowPlace returns the place of the event at p.
func (v *View) slowPlace(p store.Position) (Place, error) {
	r := placesReaders.get()
	r.files, r.mapped = v.places, true
	defer r.release()
	return r.place(p)
}
