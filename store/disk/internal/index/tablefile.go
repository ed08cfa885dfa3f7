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

func (f *frozen) eachStream(add func(name string, s *streamState)) error {
	all := f.sortedNames(&f.streams, kindStream)
	for i := range all {
		t := f.streams.at(all[i].n)
		add(all[i].name, &streamState{*f.versions.at(all[i].n), uint64(t.count), f.position(t.last), f.recordedAt(t.last)})
	}
	return nil
}

func (f *frozen) eachType(add func(name string, events uint64)) error {
	all := f.sortedNames(&f.others, kindType)
	for i := range all {
		add(all[i].name, uint64(f.others.at(all[i].n).count))
	}
	return nil
}

func (f *frozen) eachTracking(add func(source string, position uint64)) error {
	all := f.sortedNames(&f.others, kindTracking)
	for i := range all {
		add(all[i].name, f.trackings.at(f.others.at(all[i].n).last).position)
	}
	return nil
}

func (f *frozen) sortedNames(ts *arena[term], k kind) []keyed {
	var all []keyed
	for n := range ts.n {
		if t := ts.at(n); t.kind() == k {
			all = append(all, keyed{name: nameAt(&f.names, t.name, t.length()), n: n})
		}
	}
	sortNames(all)
	return all
}
