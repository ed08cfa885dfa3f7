package disk

import "github.com/gestadb/gesta/store/disk/internal/index"

// fewStreams is up to how many streams a request looks through them one by one.
const fewStreams = 8

// stream returns the number of a stream in streams, where it is put if it is not there. The guess is where it may be: guards mostly name the
// streams of the events, in the same order.
func (r *request) stream(name string, guess int) int {
	if guess < len(r.streams) && r.streams[guess].Name == name {
		return guess
	}
	hash := index.StreamHash(r.seed, name)
	if len(r.streams) <= fewStreams {
		for i := range r.streams {
			if w := &r.streams[i]; w.Hash == hash && w.Name == name {
				return i
			}
		}
		r.streams = append(r.streams, index.Wanted{Name: name, Hash: hash})
		if len(r.streams) > fewStreams {
			r.spread(8 * fewStreams)
		}
		return len(r.streams) - 1
	}
	slot := r.slot(name, hash)
	if n := r.byHash[slot]; n > 0 {
		return int(n) - 1
	}
	r.streams = append(r.streams, index.Wanted{Name: name, Hash: hash})
	r.byHash[slot] = int32(len(r.streams))
	if 2*len(r.streams) > len(r.byHash) {
		r.spread(2 * len(r.byHash))
	}
	return len(r.streams) - 1
}

// slot returns where in byHash the number of a stream is, or the free slot where it belongs.
func (r *request) slot(name string, hash uint64) int {
	end := len(r.byHash) - 1
	for slot := int(hash) & end; ; slot = (slot + 1) & end {
		n := r.byHash[slot]
		if n == 0 {
			return slot
		}
		if w := &r.streams[n-1]; w.Hash == hash && w.Name == name {
			return slot
		}
	}
}

// spread makes byHash, which is to have so many slots, a power of two above twice the streams.
func (r *request) spread(slots int) {
	if cap(r.byHash) < slots {
		r.byHash = make([]int32, slots)
	}
	r.byHash = r.byHash[:slots]
	clear(r.byHash)
	for i := range r.streams {
		w := &r.streams[i]
		r.byHash[r.slot(w.Name, w.Hash)] = int32(i + 1)
	}
}
