package index

import (
	"slices"

	"github.com/gestadb/gesta/store/disk/vfs"
)

// writeTable writes the index file of a table, with at least one event, into an empty file.
func writeTable(file vfs.File, t *Table, storeID [16]byte) error {
	f := t.freeze()
	sorter := termSorters.get()
	defer termSorters.put(sorter)
	sorted, distinct := sorter.sort(f)
	h := header{
		storeID: storeID, seedCheck: seedCheck(t.hasher.seed), start: f.start, end: f.end,
		firstRecordedAt: f.recordedAt(0), lastRecordedAt: f.recordedAt(f.events - 1), events: uint64(f.events), terms: distinct,
	}
	h.layout()
	w := newTermWriter(file, &h)
	if err := f.writeTerms(w, sorted); err != nil {
		return err
	}
	return h.finish(file, w, f)
}

// nameSource has the names of a file to be, each kind in byte order.
type nameSource interface {
	eachStream(add func(name []byte, s *streamState)) error
	eachType(add func(name []byte, events uint64)) error
	eachTracking(add func(source []byte, position uint64)) error
}

// finish writes the names behind the terms, and the header.
func (h *header) finish(file vfs.File, w *termWriter, src nameSource) error {
	h.postings = w.postings
	h.sections[sectionTerms].length = w.out.offset() - h.sections[sectionTerms].offset

	streams := newNameWriter(w.out)
	from := h.origin()
	if err := src.eachStream(func(name []byte, s *streamState) {
		v := from.values(s)
		streams.addBytes(name, v[:]...)
	}); err != nil {
		return err
	}
	streams.end()
	h.streams, h.sections[sectionStreams], h.sections[sectionStreamBlocks] = streams.names, streams.section, streams.extents

	types := newNameWriter(w.out)
	if err := src.eachType(func(name []byte, events uint64) { types.addBytes(name, events) }); err != nil {
		return err
	}
	types.end()
	h.types, h.sections[sectionTypes], h.sections[sectionTypeBlocks] = types.names, types.section, types.extents

	trackings := newNameWriter(w.out)
	if err := src.eachTracking(func(source []byte, position uint64) { trackings.addBytes(source, position) }); err != nil {
		return err
	}
	trackings.end()
	h.trackings, h.sections[sectionTrackings], h.sections[sectionTrackingBlocks] = trackings.names, trackings.section, trackings.extents

	if err := w.out.finish(); err != nil {
		return err
	}
	_, err := file.WriteAt(h.encode(), 0)
	return err
}

// The values of a name in each section.
const (
	streamValues   = 4
	typeValues     = 1
	trackingValues = 1
)

// origin returns what the numbers of the streams are relative to.
func (h *header) origin() origin { return origin{h.begin(), h.firstRecordedAt} }

// streamEntry is all that is known of a stream, side by side: in the order of the names nothing else has to be looked at but its name.
type streamEntry struct {
	streamState
	name, length uint32
}

// streamSorter has the memory for the streams of a table: 72 bytes for each.
type streamSorter struct {
	all    []streamEntry
	sorted []keyed
	names  nameSorter

	block [namesPerBlock]streamEntry // those that are next: gathered first, so that the processor waits for the memory of all at once
	first byte                       // of their names: of no use but that these have been read
}

// streamSorters keeps it for the next table.
var streamSorters pool[streamSorter]

func (f *frozen) eachStream(add func(name []byte, s *streamState)) error {
	s := streamSorters.get()
	defer streamSorters.put(s)
	s.all, s.sorted = slices.Grow(s.all[:0], int(f.streams.n)), slices.Grow(s.sorted[:0], int(f.streams.n))
	at := uint32(0)
	for n, t := range f.streams.all() {
		at = f.timeNear(t.last, at)
		s.all = append(s.all, streamEntry{
			streamState{*f.versions.at(n), uint64(t.count), f.position(t.last), f.timeAt(t.last, at)}, t.name, uint32(t.length()),
		})
		s.sorted = append(s.sorted, keyed{n: n})
	}
	name := func(n uint32) []byte { return bytesAt(&f.names, s.all[n].name, int(s.all[n].length)) }
	s.names.sortBytes(s.sorted, name)
	var breath breather
	for next := range slices.Chunk(s.sorted, namesPerBlock) {
		breath.steps(namesPerBlock)
		for i, k := range next {
			s.block[i] = s.all[k.n]
		}
		for i := range next {
			n := &s.block[i]
			s.first += bytesAt(&f.names, n.name, int(n.length))[0]
		}
		for i := range next {
			n := &s.block[i]
			add(bytesAt(&f.names, n.name, int(n.length)), &n.streamState)
		}
	}
	return nil
}

func (f *frozen) nameOf(t *term) []byte { return bytesAt(&f.names, t.name, t.length()) }

func (f *frozen) eachType(add func(name []byte, events uint64)) error {
	for _, k := range f.sortedNames(&f.others, kindType) {
		t := f.others.at(k.n)
		add(f.nameOf(t), uint64(t.count))
	}
	return nil
}

func (f *frozen) eachTracking(add func(source []byte, position uint64)) error {
	for _, k := range f.sortedNames(&f.others, kindTracking) {
		t := f.others.at(k.n)
		add(f.nameOf(t), f.trackings.at(t.last).position)
	}
	return nil
}

func (f *frozen) sortedNames(ts *arena[term], k kind) []keyed {
	var all []keyed
	for n := range ts.n {
		if ts.at(n).kind() == k {
			all = append(all, keyed{n: n})
		}
	}
	var s nameSorter
	s.sortBytes(all, func(n uint32) []byte { return f.nameOf(ts.at(n)) })
	return all
}
