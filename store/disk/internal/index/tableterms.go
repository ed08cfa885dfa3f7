package index

import (
	"math/bits"
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

// sortable is a term with its hash. Most terms have one event; then the ordinal of that is here, so that in the order of the hashes, which is none
// of the memory, nothing else has to be looked at.
type sortable struct {
	hash   uint64
	n      uint32 // the term's reference, or the ordinal
	single bool
}

// appendTerms appends the terms of an arena that have postings.
func appendTerms(dst []sortable, ts *arena[term], ref termRef) []sortable {
	for n, t := range ts.all() {
		switch {
		case t.kind() == kindTracking:
		case t.count == 1:
			dst = append(dst, sortable{t.hash(), t.last, true})
		default:
			dst = append(dst, sortable{t.hash(), uint32(ref) | n, false})
		}
	}
	return dst
}

// appendIDs appends the ids, each with its newest ordinal.
func (f *frozen) appendIDs(dst []sortable) []sortable {
	older := make(map[uint32]struct{}, f.again.n)
	for _, a := range f.again.all() {
		older[a.before] = struct{}{}
	}
	next := uint32(0) // the first of again that is not below n
	for n, h := range f.hashes.all() {
		if *h == 0 {
			continue
		}
		single := true
		if f.again.n > 0 {
			if _, ok := older[n]; ok {
				continue
			}
			for next < f.again.n && f.again.at(next).ordinal < n {
				next++
			}
			single = next == f.again.n || f.again.at(next).ordinal != n
		}
		dst = append(dst, sortable{*h &^ present, n | cond(single, 0, uint32(refID)), single})
	}
	return dst
}

func cond(is bool, a, b uint32) uint32 {
	if is {
		return a
	}
	return b
}

// termSorter has the memory for sorting the terms of a table: 32 bytes for each.
type termSorter struct{ sorted, scratch []sortable }

// termSorters keeps it for the next table.
var termSorters pool[termSorter]

// sort returns all terms in the order of their hashes, and how many different hashes those are. The memory is the sorter's.
func (s *termSorter) sort(f *frozen) (sorted []sortable, distinct uint64) {
	all := slices.Grow(s.sorted[:0], int(f.streams.n+f.others.n+f.hashes.n))
	all = appendTerms(all, &f.streams, refStream)
	all = appendTerms(all, &f.others, refOther)
	all = f.appendIDs(all)
	s.sorted, s.scratch = all, slices.Grow(s.scratch[:0], len(all))[:len(all)]
	s.sortByTop(all)
	for i := range all {
		if i == 0 || all[i-1].hash != all[i].hash {
			distinct++
		}
	}
	return all, distinct
}

const (
	heapBits = 8  // terms are dealt out by as many bits first: few enough that the heaps being written to stay in the processor's cache
	dealBits = 11 // at the most, of a heap
)

// sortByTop sorts by the upper bits of the hashes, heap after heap by those below, and then those that are equal there, which are few because hashes
// are spread evenly.
func (s *termSorter) sortByTop(all []sortable) {
	heaps := deal(s.scratch, all, hashBits-heapBits, heapBits)
	begin := uint32(0)
	for _, end := range heaps[:1<<heapBits] {
		width := min(bits.Len32(end-begin), dealBits)
		deal(all[begin:end], s.scratch[begin:end], hashBits-heapBits-width, width)
		begin = end
	}
	for i := 1; i < len(all); i++ {
		t := all[i]
		j := i
		for ; j > 0 && t.hash < all[j-1].hash; j-- {
			all[j] = all[j-1]
		}
		all[j] = t
	}
}

// deal copies terms in the order of some bits of their hashes, and returns where the heap of each value ends.
func deal(to, from []sortable, shift, width int) (ends [1 << dealBits]uint32) {
	mask := uint64(1)<<width - 1
	for i := range from {
		ends[from[i].hash>>shift&mask&(1<<dealBits-1)]++
	}
	sum := uint32(0)
	for i, n := range ends[:mask+1] {
		ends[i] = sum
		sum += n
	}
	for _, t := range from {
		end := &ends[t.hash>>shift&mask&(1<<dealBits-1)]
		to[*end] = t
		*end++
	}
	return ends
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
	var breath breather
	for i := 0; i < len(sorted); {
		breath.step()
		t := sorted[i]
		equal := i + 1
		if t.single && (equal == len(sorted) || sorted[equal].hash != t.hash) {
			w.single(t.hash, f.position(t.n))
			i = equal
			continue
		}
		w.begin(t.hash)
		list = f.appendOrdinals(list[:0], t)
		for ; equal < len(sorted) && sorted[equal].hash == t.hash; equal++ {
			list = f.appendOrdinals(list, sorted[equal])
		}
		if equal > i+1 {
			slices.Sort(list)
			list = slices.Compact(list)
		}
		for _, n := range list {
			w.add(f.position(n))
		}
		w.end()
		i = equal
	}
	return w.finish()
}
