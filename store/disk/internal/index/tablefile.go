package index

import (
	"github.com/gestadb/gesta/store/disk/vfs"
)

// writeTable writes the index file of a table, with at least one event, into an empty file.
func writeTable(file vfs.File, t *Table, storeID [16]byte) error {
	f := t.freeze()
	sorted, distinct := f.sortedTerms()
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
	eachStream(add func(name string, s *streamState)) error
	eachType(add func(name string, events uint64)) error
	eachTracking(add func(source string, position uint64)) error
}

// finish writes the names behind the terms, and the header.
func (h *header) finish(file vfs.File, w *termWriter, src nameSource) error {
	h.postings = w.postings
	h.sections[sectionTerms].length = w.out.offset() - h.sections[sectionTerms].offset

	streams := newNameWriter(w.out)
	from := h.origin()
	if err := src.eachStream(func(name string, s *streamState) {
		v := from.values(s)
		streams.add(name, v[:]...)
	}); err != nil {
		return err
	}
	streams.end()
	h.streams, h.sections[sectionStreams], h.sections[sectionStreamBlocks] = streams.names, streams.section, streams.extents

	types := newNameWriter(w.out)
	if err := src.eachType(func(name string, events uint64) { types.add(name, events) }); err != nil {
		return err
	}
	types.end()
	h.types, h.sections[sectionTypes], h.sections[sectionTypeBlocks] = types.names, types.section, types.extents

	trackings := newNameWriter(w.out)
	if err := src.eachTracking(func(source string, position uint64) { trackings.add(source, position) }); err != nil {
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

// eachStream gathers all that is known of each stream side by side first: in the order of the names nothing else has to be looked at.
func (f *frozen) eachStream(add func(name string, s *streamState)) error {
	type stream struct {
		name  string
		state streamState
	}
	all := make([]stream, f.streams.n)
	sorted := make([]keyed, f.streams.n)
	for n := range f.streams.n {
		t := f.streams.at(n)
		all[n] = stream{f.nameOf(t), streamState{*f.versions.at(n), uint64(t.count), f.position(t.last), f.recordedAt(t.last)}}
		sorted[n].n = n
	}
	sortNames(sorted, func(n uint32) string { return all[n].name })
	for _, k := range sorted {
		add(all[k.n].name, &all[k.n].state)
	}
	return nil
}

func (f *frozen) nameOf(t *term) string { return nameAt(&f.names, t.name, t.length()) }

func (f *frozen) eachType(add func(name string, events uint64)) error {
	for _, k := range f.sortedNames(&f.others, kindType) {
		t := f.others.at(k.n)
		add(f.nameOf(t), uint64(t.count))
	}
	return nil
}

func (f *frozen) eachTracking(add func(source string, position uint64)) error {
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
	sortNames(all, func(n uint32) string { return f.nameOf(ts.at(n)) })
	return all
}
