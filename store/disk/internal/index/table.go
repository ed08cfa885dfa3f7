package index

import (
	"sync"
	"unsafe"

	"github.com/gestadb/gesta/store"
)

// Table is the index of the newest part of the log, in memory. One goroutine adds; any number read at the same time, up to the position that they
// pass as until: one that was published to them after Add had returned. A table takes about 120 bytes for an event with a stream, an id and a tag,
// in arrays without pointers, and holds at most 2^30 events, as many terms, and 4 GiB of names.
//
// Names of the events are those that [store] allows: no longer than [store.MaxNameBytes].
//
// The lock is held by Add for one event, and by readers while they look terms up, at most [lookupsPerHold] at a time. Lists are then walked without
// it: what was written is never changed.
type Table struct {
	hasher hasher

	mu        sync.RWMutex // guards all below
	start     End
	end       End
	newest    store.Position // of the events, 0 for none
	events    uint32
	offsets   arena[uint32]  // of each event in its segment
	segments  arena[fromOrd] // the segment of the events from an ordinal on
	runs      arena[fromOrd] // the position of an ordinal; those after it follow without holes
	times     arena[timeLow] // when RecordedAt changed: its lower half
	epochs    arena[fromOrd] // when the upper half of RecordedAt changed
	names     arena[byte]
	lists     arena[uint32] // see chunks.go
	streams   terms
	versions  arena[uint64] // the newest version of each stream
	others    terms         // of all kinds but streams and ids
	ids       ids
	trackings arena[tracking]

	scratch []uint64 // hashes of tags; used by Add alone, without the lock
}

// fromOrd is a value that holds from an ordinal on.
type fromOrd struct {
	value   uint64
	ordinal uint32
}

// timeLow is the lower half of RecordedAt from an ordinal on.
type timeLow struct{ low, ordinal uint32 }

// tracking is one tracking of a source.
type tracking struct {
	position uint64
	frame    Place
	before   uint32 // the one of the same source before it, plus 1; 0 for none
}

// NewTable returns an empty table for what follows start in the log. The seed is that of the index files.
func NewTable(seed uint64, start End) *Table {
	return &Table{hasher: hasher{seed}, start: start, end: start}
}

// Add indexes the next event. Its position, place and RecordedAt go on from the event before.
func (t *Table) Add(e *Entry) {
	stream := t.hasher.term(kindStream, e.Stream)
	category := store.Category(e.Stream)
	t.scratch = append(t.scratch[:0], t.hasher.term(kindCategory, category), t.hasher.term(kindType, e.Type))
	for _, tag := range e.Tags {
		t.scratch = append(t.scratch, t.hasher.term(kindTag, tag))
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.events
	t.addEnvelope(n, e)
	if e.Stream != "" {
		t.addStream(n, stream, e)
	}
	if category != "" {
		t.addTerm(n, t.scratch[0], kindCategory, category)
	}
	t.addTerm(n, t.scratch[1], kindType, e.Type)
	for i, tag := range e.Tags {
		t.addTerm(n, t.scratch[2+i], kindTag, tag)
	}
	if e.HasID {
		t.ids.add(n, t.hasher.id(&e.ID))
	}
	if e.Key != "" {
		t.addTerm(n, t.hasher.term(kindKey, e.Key), kindKey, e.Key)
	}
	t.events++
	t.newest = e.Position
}

// addEnvelope keeps position, place and time of event n.
func (t *Table) addEnvelope(n uint32, e *Entry) {
	t.offsets.add(e.Place.Offset())
	setFrom(&t.segments, n, uint64(e.Place.Segment()))
	if t.runs.n == 0 || e.Position != t.newest+1 {
		t.runs.add(fromOrd{uint64(e.Position), n})
	}
	high := setFrom(&t.epochs, n, uint64(e.RecordedAt>>32))
	if low := uint32(e.RecordedAt); high || t.times.at(t.times.n-1).low != low {
		t.times.add(timeLow{low, n})
	}
}

// setFrom notes that value holds from ordinal n on, and says whether that is new.
func setFrom(a *arena[fromOrd], n uint32, value uint64) bool {
	if a.n > 0 && a.at(a.n-1).value == value {
		return false
	}
	a.add(fromOrd{value, n})
	return true
}

func (t *Table) addStream(n uint32, hash uint64, e *Entry) {
	i, known := t.streams.intern(&t.names, hash, kindStream, e.Stream)
	if !known {
		t.versions.add(0)
	}
	*t.versions.at(i) = e.Version
	push(&t.lists, t.streams.all.at(i), n)
}

func (t *Table) addTerm(n uint32, hash uint64, k kind, name string) {
	i, _ := t.others.intern(&t.names, hash, k, name)
	if term := t.others.all.at(i); term.count == 0 || term.last != n {
		push(&t.lists, term, n)
	}
}

// AddTracking notes that the frame at a place tracks a source. It comes after the events of the frame and before its SetEnd.
func (t *Table) AddTracking(source string, position uint64, frame Place) {
	hash := t.hasher.term(kindTracking, source)
	t.mu.Lock()
	defer t.mu.Unlock()
	i, _ := t.others.intern(&t.names, hash, kindTracking, source)
	term := t.others.all.at(i)
	before := uint32(0)
	if term.count > 0 {
		before = term.last + 1
	}
	term.last = t.trackings.add(tracking{position, frame, before})
	term.count++
}

// SetEnd says where the table ends; it comes after the events of each frame.
func (t *Table) SetEnd(end End) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = end
}

// Start returns where the table begins.
func (t *Table) Start() End {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.start
}

// End returns the end that was set last.
func (t *Table) End() End {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.end
}

// Len returns the number of events.
func (t *Table) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return int(t.events)
}

// Bytes returns about how much memory the table takes.
func (t *Table) Bytes() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return 4*t.offsets.capacity() + 16*(t.segments.capacity()+t.runs.capacity()+t.epochs.capacity()) + 8*t.times.capacity() +
		t.names.capacity() + 4*t.lists.capacity() + t.streams.bytes() + 8*t.versions.capacity() + t.others.bytes() + t.ids.bytes() +
		t.trackings.capacity()*int(unsafe.Sizeof(tracking{}))
}
