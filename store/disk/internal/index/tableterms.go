package index

import (
	"cmp"
	"slices"
)

// frozen is a snapshot of a table for writing it to a file.
type frozen struct {
	timeline
	start, end End
	names      arena[byte]
	lists      arena[uint32]
	streams    arena[term]
	versions   arena[uint64]
	others     arena[term]
	hashes     arena[uint64]
	again      arena[again]
	trackings  arena[tracking]
}

// freeze returns a snapshot. Nothing is added to the table any more.
func (t *Table) freeze() *frozen {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return &frozen{
		timeline: t.timeline(), start: t.start, end: t.end, names: t.names, lists: t.lists, streams: t.streams.all, versions: t.versions,
		others: t.others.all, hashes: t.ids.hashes, again: t.ids.again, trackings: t.trackings,
	}
}

// termRef names a term of a table: which arena, and the number in it; of an id it is the newest ordinal.
type termRef uint32

const (
	refStream termRef = iota << 30
	refOther
	refID
	refNumber = 1<<30 - 1
)

func (f *frozen) hashOf(r termRef) uint64 {
	n := uint32(r & refNumber)
	switch r &^ refNumber {
	case refStream:
		return f.streams.at(n).hash()
	case refOther:
		return f.others.at(n).hash()
	default: // refID
		return *f.hashes.at(n) &^ present
	}
}

// refs calls yield for each term that has postings.
func (f *frozen) refs(yield func(termRef)) {
	for n := range f.streams.n {
		yield(refStream | termRef(n))
	}
	for n := range f.others.n {
		if f.others.at(n).kind() != kindTracking {
			yield(refOther | termRef(n))
		}
	}
	older := make(map[uint32]struct{}, f.again.n)
	for n := range f.again.n {
		older[f.again.at(n).before] = struct{}{}
	}
	for n := range f.hashes.n {
		if *f.hashes.at(n) == 0 {
			continue
		}
		if len(older) > 0 {
			if _, ok := older[n]; ok {
				continue
			}
		}
		yield(refID | termRef(n))
	}
}

// sortable is a term with its hash. Most terms have one event; then the ordinal of that is here, so that in the order of the hashes, which is none
// of the memory, nothing else has to be looked at.
type sortable struct {
	hash   uint64
	n      uint32 // the term's reference, or the ordinal
	single bool
}

func (f *frozen) sortable(r termRef) sortable {
	n := uint32(r & refNumber)
	if r&^refNumber == refID {
		_, more := before(&f.again, n)
		return sortable{f.hashOf(r), cond(more, uint32(r), n), !more}
	}
	ts := &f.streams
	if r&^refNumber == refOther {
		ts = &f.others
	}
	t := ts.at(n)
	return sortable{t.hash(), cond(t.count > 1, uint32(r), t.last), t.count == 1}
}

func cond(is bool, a, b uint32) uint32 {
	if is {
		return a
	}
	return b
}

// sortedTerms returns all terms in the order of their hashes, and how many different hashes those are. Hashes are spread evenly,
// so they are dealt out to many small heaps first.
func (f *frozen) sortedTerms() (sorted []sortable, distinct uint64) {
	total := 0
	f.refs(func(termRef) { total++ })
	heaps := uint64(total/8 + 1)
	ends := make([]uint32, heaps+1)
	f.refs(func(r termRef) { ends[spread(f.hashOf(r), heaps)+1]++ })
	for i := range heaps {
		ends[i+1] += ends[i]
	}
	sorted = make([]sortable, total)
	f.refs(func(r termRef) {
		s := f.sortable(r)
		h := spread(s.hash, heaps)
		sorted[ends[h]] = s
		ends[h]++
	})
	begin := uint32(0)
	for _, end := range ends[:heaps] {
		sortHeap(sorted[begin:end])
		begin = end
	}
	for i := range sorted {
		if i == 0 || sorted[i-1].hash != sorted[i].hash {
			distinct++
		}
	}
	return sorted, distinct
}

func sortHeap(heap []sortable) {
	if len(heap) > 32 {
		slices.SortFunc(heap, func(a, b sortable) int { return cmp.Compare(a.hash, b.hash) })
		return
	}
	for i := 1; i < len(heap); i++ {
		for j := i; j > 0 && heap[j].hash < heap[j-1].hash; j-- {
			heap[j], heap[j-1] = heap[j-1], heap[j]
		}
	}
}

// appendOrdinals appends the ordinals of a term, rising.
func (f *frozen) appendOrdinals(dst []uint32, s sortable) []uint32 {
	if s.single {
		return append(dst, s.n)
	}
	r := termRef(s.n)
	n := uint32(r & refNumber)
	switch r &^ refNumber {
	case refStream:
		return appendList(dst, &f.lists, f.streams.at(n))
	case refOther:
		return appendList(dst, &f.lists, f.others.at(n))
	default: // refID
		begin := len(dst)
		for ok := true; ok; n, ok = before(&f.again, n) {
			dst = append(dst, n)
		}
		slices.Reverse(dst[begin:])
		return dst
	}
}

func appendList(dst []uint32, lists *arena[uint32], t *term) []uint32 {
	begin := len(dst)
	dst = slices.Grow(dst, int(t.count))[:begin+int(t.count)]
	dst[len(dst)-1] = t.last
	ref := t.chunk
	for end := t.count - 1; end > 0; {
		_, first := chunkOf(end - 1)
		at := ref + 1
		copy(dst[begin+int(first):begin+int(end)], lists.blocks[at>>blockShift][at&blockMask:])
		ref, end = *lists.at(ref), first
	}
	return dst
}

// writeTerms writes all terms.
func (f *frozen) writeTerms(w *termWriter, sorted []sortable) error {
	var list []uint32
	for i := 0; i < len(sorted); {
		list = f.appendOrdinals(list[:0], sorted[i])
		equal := i + 1
		for ; equal < len(sorted) && sorted[equal].hash == sorted[i].hash; equal++ {
			list = f.appendOrdinals(list, sorted[equal])
		}
		if equal > i+1 {
			slices.Sort(list)
			list = slices.Compact(list)
		}
		w.begin(sorted[i].hash)
		for _, n := range list {
			w.add(f.position(n))
		}
		w.end()
		i = equal
	}
	return w.finish()
}
