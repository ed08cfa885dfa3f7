package index

import (
	"slices"

	"github.com/gestadb/gesta/store"
)

// Stream returns the newest version of a stream, and the position of its last event. It is false for a stream without an event in the table.
func (t *Table) Stream(name string) (version uint64, last store.Position, ok bool) {
	hash := t.hasher.term(kindStream, name)
	t.mu.RLock()
	defer t.mu.RUnlock()
	i, ok := t.streams.find(&t.names, hash, kindStream, name)
	if !ok {
		return 0, 0, false
	}
	line := t.timeline()
	return *t.versions.at(i), line.position(t.streams.all.at(i).last), true
}

// StreamAt is Stream as of until.
func (t *Table) StreamAt(name string, until store.Position) (version uint64, last store.Position, ok bool) {
	hash := t.hasher.term(kindStream, name)
	t.mu.RLock()
	line := t.timeline()
	i, ok := t.streams.find(&t.names, hash, kindStream, name)
	if !ok {
		t.mu.RUnlock()
		return 0, 0, false
	}
	term, newest, lists := *t.streams.all.at(i), *t.versions.at(i), t.lists
	t.mu.RUnlock()
	n, version, ok := streamAt(&lists, &term, newest, line.upTo(until))
	if !ok {
		return 0, 0, false
	}
	return version, line.position(n), true
}

// streamAt returns the last event before ordinal high of the stream, and its version. Versions rise by one from event to event.
func streamAt(lists *arena[uint32], stream *term, newest uint64, high uint32) (n uint32, version uint64, ok bool) {
	if high == 0 {
		return 0, 0, false
	}
	o := newOrdinals(lists, stream, 0, true)
	count := o.upTo(uint64(high - 1))
	if count == 0 {
		return 0, 0, false
	}
	return o.number(count - 1), newest - uint64(stream.count-count), true
}

// Key returns the position of the first event of the commit with this key. With several it is the newest.
func (t *Table) Key(key string) (first store.Position, ok bool) {
	hash := t.hasher.term(kindKey, key)
	t.mu.RLock()
	defer t.mu.RUnlock()
	i, ok := t.others.find(&t.names, hash, kindKey, key)
	if !ok {
		return 0, false
	}
	line := t.timeline()
	return line.position(t.others.all.at(i).last), true
}

// Tracking returns the newest tracking position of a source.
func (t *Table) Tracking(source string) (uint64, bool) {
	return t.TrackingAt(source, ^Place(0))
}

// TrackingAt returns the newest tracking position of a source in a frame that starts before until.
func (t *Table) TrackingAt(source string, until Place) (uint64, bool) {
	hash := t.hasher.term(kindTracking, source)
	t.mu.RLock()
	i, ok := t.others.find(&t.names, hash, kindTracking, source)
	if !ok {
		t.mu.RUnlock()
		return 0, false
	}
	n, trackings := t.others.all.at(i).last+1, t.trackings
	t.mu.RUnlock()
	for ; n > 0; n = trackings.at(n - 1).before {
		if tr := trackings.at(n - 1); tr.frame < until {
			return tr.position, true
		}
	}
	return 0, false
}

// AnyMatch returns the position of the newest event in (after, until] that matches q. Names are compared. It looks at no more than the newest event
// of each term where that lies at or before after.
func (t *Table) AnyMatch(q store.Query, after, until store.Position) (store.Position, bool) {
	if q.All() {
		q = nil
	}
	p := plans.get()
	defer p.release()
	lists, line, low, high := t.plan(p, q, after, until)
	if low >= high {
		return 0, false
	}
	if len(q) == 0 {
		return line.position(high - 1), true
	}
	matched := false
	best := low
	for _, item := range p.items {
		if n, ok := p.newest(&lists, item, best, high); ok {
			matched, best = true, n
		}
	}
	if !matched {
		return 0, false
	}
	return line.position(best), true
}

// IDCandidates appends the positions in (after, until] of events whose id may be this one, rising.
func (t *Table) IDCandidates(dst []store.Position, id [16]byte, after, until store.Position) ([]store.Position, error) {
	hash := t.hasher.id(&id)
	t.mu.RLock()
	line := t.timeline()
	n, ok := t.ids.newest(hash)
	list := t.ids.again
	t.mu.RUnlock()
	begin := len(dst)
	low, high := line.upTo(after), line.upTo(until)
	for ; ok && n >= low; n, ok = before(&list, n) {
		if n < high {
			dst = append(dst, line.position(n))
		}
	}
	slices.Reverse(dst[begin:])
	return dst, nil
}

// KeyCandidates appends the position of the first event of the commit with this key, of each if there are several.
func (t *Table) KeyCandidates(dst []store.Position, key string) ([]store.Position, error) {
	hash := t.hasher.term(kindKey, key)
	t.mu.RLock()
	i, ok := t.others.find(&t.names, hash, kindKey, key)
	if !ok {
		t.mu.RUnlock()
		return dst, nil
	}
	line, lists, found := t.timeline(), t.lists, *t.others.all.at(i)
	t.mu.RUnlock()
	o := newOrdinals(&lists, &found, 0, false)
	for i := range found.count {
		dst = append(dst, line.position(o.number(i)))
	}
	return dst, nil
}

// Places appends the places of positions. An error names the first that has no event here.
func (t *Table) Places(dst []Place, positions []store.Position) ([]Place, error) {
	t.mu.RLock()
	line := t.timeline()
	t.mu.RUnlock()
	return line.places(dst, positions)
}
