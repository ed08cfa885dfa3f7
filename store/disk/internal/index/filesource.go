package index

import (
	"math"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// File is a part of the index on disk: an immutable index file, and the places of its events. It is valid while a [View] that has it is held. All
// methods may be called by any number of goroutines at once. Bytes that are not what was written are a [*store.DamagedError] when they are read; a mapped
// page that cannot be read is a [*vfs.FaultError].
type File struct {
	core   *indexFile
	places []*placesFile // in the order of their positions
}

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
	out = dst
	w := workspaces.get()
	defer w.release()
	w.query.hash(f.core.hasher, q)
	err = vfs.Guard(func() (err error) {
		if q.All() {
			out, done, err = f.allPositions(dst, low, high, backward, limit)
			return err
		}
		possible, err := f.core.possible(&w.query)
		if err != nil {
			return err
		}
		if done = possible == 0; !done {
			out, done, err = f.core.candidates(w, dst, possible, low, high, backward, limit)
		}
		return err
	})
	return out, done && err == nil, err
}

// appendList appends the postings of a hash in (after, until].
func (f *indexFile) appendList(dst []store.Position, hash uint64, after, until store.Position) (out []store.Position, err error) {
	low, high := max(after+1, f.first), min(until, f.last())
	if low > high {
		return dst, nil
	}
	out = dst
	w := workspaces.get()
	defer w.release()
	w.query.one(hash)
	err = vfs.Guard(func() error {
		possible, err := f.possible(&w.query)
		if err == nil && possible != 0 {
			out, _, err = f.candidates(w, dst, possible, low, high, false, math.MaxInt)
		}
		return err
	})
	return out, err
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
	if f.core.header.trackings == 0 {
		return 0, false, nil
	}
	err = vfs.Guard(func() error {
		values, found, err := f.core.names(&f.core.look, sectionTrackings, f.core.header.trackings, trackingValues).find(source)
		if found && err == nil {
			position, ok = values[0], true
		}
		return err
	})
	return position, ok, err
}

// Stream returns what the file knows of a stream: its state at the end of the range. Names are compared.
func (f *File) Stream(name string) (store.StreamInfo, bool, error) {
	var s streamState
	found := false
	err := vfs.Guard(func() error {
		if ok, err := f.core.filter.has(f.core.hasher.term(kindStream, name)); err != nil || !ok {
			return err
		}
		values, ok, err := f.core.names(&f.core.look, sectionStreams, f.core.streams, streamValues).find(name)
		if ok && err == nil {
			s, found = f.core.origin().state(values), true
		}
		return err
	})
	if err != nil || !found {
		return store.StreamInfo{}, false, err
	}
	return s.info(name), true, nil
}

func (s *streamState) info(name string) store.StreamInfo {
	return store.StreamInfo{Stream: name, Version: s.version, LastPosition: s.last, LastRecordedAt: time.UnixMicro(s.recordedAt).UTC()}
}
