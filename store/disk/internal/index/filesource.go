package index

import (
	"time"

	"github.com/gestadb/gesta/store"
)

// File is a part of the index on disk: an immutable index file, and the places of its events. It is valid while a [View] that has it is held. All
// methods may be called by any number of goroutines at once. Bytes that are not what was written are a [*store.DamagedError] when they are read.
type File struct {
	core   *indexFile
	places []*placesFile // in the order of their positions
}

var buffers pool[lookupBuffers]

// Range implements [Source]. After truncation the first events of the range may be gone.
func (f *File) Range() (first, last store.Position) { return f.core.first, f.core.last() }

// Start returns where the file begins.
func (f *File) Start() End { return f.core.start }

// End returns where the file ends.
func (f *File) End() End { return f.core.end }

// Name returns the name of the index file, relative to the store.
func (f *File) Name() string { return f.core.name }

// Events returns the number of events.
func (f *File) Events() uint64 { return f.core.events }

// RecordedAt returns the times of the first and of the last event, in microseconds since the Unix epoch.
func (f *File) RecordedAt() (first, last int64) {
	return f.core.firstRecordedAt, f.core.lastRecordedAt
}

// Candidates implements [Source].
func (f *File) Candidates(
	dst []store.Position, q store.Query, after, until store.Position, backward bool, limit int,
) (out []store.Position, done bool, err error) {
	low, high := max(after+1, f.core.first), min(until, f.core.last())
	if low > high {
		return dst, true, nil
	}
	if q.All() {
		return f.allPositions(dst, low, high, backward, limit)
	}
	bound := high
	if backward {
		bound = low
	}
	b := buffers.get()
	defer buffers.put(b)
	var items []cursor
	for i := range q {
		c, err := f.core.item(b, &q[i], bound, backward)
		if err != nil {
			return dst, false, err
		}
		if c != nil {
			items = append(items, c)
		}
	}
	if len(items) == 0 {
		return dst, true, nil
	}
	return appendWalk(dst, newUnion(items, backward), uint64(low), uint64(high)+1, backward, limit, func(n uint64) store.Position {
		return store.Position(n)
	})
}

// item returns a cursor on the events that may match an item, and nil if there are none. Before anything is read, the filter is asked for each term.
func (f *indexFile) item(b *lookupBuffers, it *store.Item, bound store.Position, backward bool) (cursor, error) {
	hashes := make([]uint64, 0, 8)
	if it.Stream != "" {
		hashes = append(hashes, f.hasher.term(kindStream, it.Stream))
	}
	if it.Category != "" {
		hashes = append(hashes, f.hasher.term(kindCategory, it.Category))
	}
	for _, tag := range it.Tags {
		hashes = append(hashes, f.hasher.term(kindTag, tag))
	}
	for _, hash := range hashes {
		if ok, err := f.filter.has(hash); err != nil || !ok {
			return nil, err
		}
	}
	var cursors []cursor
	if len(it.Types) > 0 {
		types := make([]uint64, len(it.Types))
		for i, name := range it.Types {
			types[i] = f.hasher.term(kindType, name)
		}
		typed, err := f.cursors(b, types, bound, backward)
		if err != nil || len(typed) == 0 {
			return nil, err
		}
		cursors = append(cursors, newUnion(typed, backward))
	}
	all, err := f.cursors(b, hashes, bound, backward)
	if err != nil || len(all) < len(hashes) {
		return nil, err
	}
	return newIntersection(append(cursors, all...), backward), nil
}

// cursors returns a cursor for each of the hashes that are in the file.
func (f *indexFile) cursors(b *lookupBuffers, hashes []uint64, bound store.Position, backward bool) ([]cursor, error) {
	out := make([]cursor, 0, len(hashes))
	for _, hash := range hashes {
		e, ok, err := f.find(b, hash)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		c, err := f.newListCursor(&e, bound, backward)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// appendList appends the postings of a hash in (after, until].
func (f *indexFile) appendList(dst []store.Position, hash uint64, after, until store.Position) ([]store.Position, error) {
	low, high := max(after+1, f.first), min(until, f.last())
	if low > high {
		return dst, nil
	}
	b := buffers.get()
	defer buffers.put(b)
	cursors, err := f.cursors(b, []uint64{hash}, high, false)
	if err != nil || len(cursors) == 0 {
		return dst, err
	}
	for {
		n, s, err := cursors[0].seek(uint64(low))
		if err != nil || s == ended {
			return dst, err
		}
		dst = append(dst, store.Position(n))
		low = store.Position(n) + 1
	}
}

// IDCandidates implements [Source].
func (f *File) IDCandidates(dst []store.Position, id [16]byte, after, until store.Position) ([]store.Position, error) {
	return f.core.appendList(dst, f.core.hasher.id(&id), after, until)
}

// KeyCandidates implements [Source].
func (f *File) KeyCandidates(dst []store.Position, key string) ([]store.Position, error) {
	return f.core.appendList(dst, f.core.hasher.term(kindKey, key), 0, store.MaxPosition)
}

// Tracked implements [Source]. All that the file covers lies before any until that readers ask for.
func (f *File) Tracked(source string, _ Place) (position uint64, ok bool, err error) {
	values, ok, err := f.core.sources().find(source)
	if err != nil || !ok {
		return 0, false, err
	}
	return values[0], true, nil
}

// Stream returns what the file knows of a stream: its state at the end of the range. Names are compared.
func (f *File) Stream(name string) (store.StreamInfo, bool, error) {
	if ok, err := f.core.filter.has(f.core.hasher.term(kindStream, name)); err != nil || !ok {
		return store.StreamInfo{}, false, err
	}
	values, ok, err := f.core.streamNames().find(name)
	if err != nil || !ok {
		return store.StreamInfo{}, false, err
	}
	s := f.core.origin().state(values)
	return s.info(name), true, nil
}

func (s *streamState) info(name string) store.StreamInfo {
	return store.StreamInfo{Stream: name, Version: s.version, LastPosition: s.last, LastRecordedAt: time.UnixMicro(s.recordedAt).UTC()}
}
