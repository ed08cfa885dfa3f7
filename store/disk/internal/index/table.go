package index

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/gestadb/gesta/store"
)

// Table is the index of the newest part of the log, in memory. One goroutine adds; any number read at the same time, up to the position that they
// pass as until: one that was published to them after Add or AddAll had returned. A table takes about 120 bytes for an event with a stream, an id
// and a tag, in arrays without pointers, and holds at most 2^30 events, as many terms, and 4 GiB of names.
//
// Names of the events are those that [store] allows: no longer than [store.MaxNameBytes].
//
// The lock is held by AddAll for at most [eventsPerHold] events, and by readers while they look terms up, at most [lookupsPerHold] at a time. Lists
// are then walked without it: what was written is never changed.
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

	// Used by Add alone, without the lock.
	hashes   []uint64 // of the event that is added alone
	touched  uint32   // of no use but that memory has been read
	category termMemo
}

// termMemo is the category that came last: those of neighbours are mostly the same.
type termMemo struct {
	name string
	n    uint32 // number among the others
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

// Next returns an empty table for what follows start in the log, which is where t ends or will end. It has the memory from the first that a table
// like t comes to need for finding names; filling it is quicker. Where t needed little of what it had, the next one has half as much. It is called by
// who adds to t.
func (t *Table) Next(start End) *Table {
	next := NewTable(t.hasher.seed, start)
	for _, s := range []struct{ to, from *slots }{
		{&next.streams.slots, &t.streams.slots}, {&next.others.slots, &t.others.slots}, {&next.ids.slots, &t.ids.slots},
	} {
		if size := len(s.from.numbers); size > 0 {
			if s.from.n < size/4 { // mostly empty: half of it would do
				size /= 2
			}
			s.to.reset(size)
		}
	}
	return next
}

// eventsPerHold bounds the events that are added while the lock is held.
const eventsPerHold = 64

// Add indexes the next event. Its position, place and RecordedAt go on from the event before.
func (t *Table) Add(e *Entry) {
	t.hashes = t.hasher.appendHashes(t.hashes[:0], e, t.streamHash(e))
	t.addSome(unsafe.Slice(e, 1), t.hashes)
}

func (t *Table) streamHash(e *Entry) uint64 {
	if e.Stream == "" {
		return 0
	}
	return t.hasher.term(kindStream, e.Stream)
}

// AddAll indexes the next events, one after the other, in less time than Add takes for each. The hashes are those that [AppendHashes] made of them
// with the seed of the table.
func (t *Table) AddAll(events []Entry, hashes []uint64) {
	for some := range slices.Chunk(events, eventsPerHold) {
		hashes = t.addSome(some, hashes)
	}
}

// AppendHashes appends the hashes of the names of an event as [Table.AddAll] takes them, with that of its stream, see [StreamHash], if it has one.
func AppendHashes(dst []uint64, seed uint64, e *Entry, stream uint64) []uint64 {
	return hasher{seed}.appendHashes(dst, e, stream)
}

func (h hasher) appendHashes(dst []uint64, e *Entry, stream uint64) []uint64 {
	if e.Stream != "" {
		dst = append(dst, stream)
	}
	dst = append(dst, h.term(kindType, e.Type))
	for _, tag := range e.Tags {
		dst = append(dst, h.term(kindTag, tag))
	}
	if e.HasID {
		dst = append(dst, h.id(&e.ID))
	}
	if e.Key != "" {
		dst = append(dst, h.term(kindKey, e.Key))
	}
	return dst
}

// addSome adds events, and returns the hashes that are not theirs.
func (t *Table) addSome(events []Entry, hashes []uint64) []uint64 {
	if len(events) > 1 {
		t.touch(events, hashes)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range events {
		hashes = t.add(&events[i], hashes)
	}
	return hashes
}

// touch looks at the slots where the names of events will be searched, so that the processor has their memory by then: it waits for that of many at
// once.
func (t *Table) touch(events []Entry, hashes []uint64) {
	sum := uint32(0)
	for i := range events {
		e := &events[i]
		if e.Stream != "" {
			sum += t.streams.slots.touch(hashes[0])
			hashes = hashes[1:]
		}
		hashes = hashes[1:] // there are few types
		for j := range e.Tags {
			sum += t.others.slots.touch(hashes[j])
		}
		hashes = hashes[len(e.Tags):]
		if e.HasID {
			sum += t.ids.slots.touch(hashes[0])
			hashes = hashes[1:]
		}
		if e.Key != "" {
			hashes = hashes[1:]
		}
	}
	t.touched += sum
}

// add indexes an event, and returns the hashes that are not its own.
func (t *Table) add(e *Entry, hashes []uint64) []uint64 {
	n := t.events
	t.addEnvelope(n, e)
	if e.Stream != "" {
		t.addStream(n, hashes[0], e)
		hashes = hashes[1:]
		t.addCategory(n, store.Category(e.Stream))
	}
	t.addTerm(n, hashes[0], kindType, e.Type)
	hashes = hashes[1:]
	for i, tag := range e.Tags {
		t.addTerm(n, hashes[i], kindTag, tag)
	}
	hashes = hashes[len(e.Tags):]
	if e.HasID {
		t.ids.add(n, hashes[0])
		hashes = hashes[1:]
	}
	if e.Key != "" {
		t.addTerm(n, hashes[0], kindKey, e.Key)
		hashes = hashes[1:]
	}
	t.events++
	t.newest = e.Position
	return hashes
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

// addCategory adds an event to the category of its stream, unless that is empty.
func (t *Table) addCategory(n uint32, name string) {
	if name == "" {
		return
	}
	if m := &t.category; m.name != name {
		m.n, _ = t.others.intern(&t.names, t.hasher.term(kindCategory, name), kindCategory, name)
		m.name = t.others.name(&t.names, m.n)
	}
	push(&t.lists, t.others.all.at(t.category.n), n)
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
