package index

import "github.com/gestadb/gesta/store"

// Source is what reads use of the parts of an index: a [Table], a [File], or all files as a [View]. All of it may be called by any number of goroutines at once.
type Source interface {
	// Range returns the positions covered. It may be empty: first above last.
	Range() (first, last store.Position)

	// Candidates appends to dst at most limit positions in (after, until] of events that may match q, rising, or falling with backward, and
	// says whether these were all; otherwise go on behind the last one. It may append fewer than limit, but at least one, and not be done. The
	// caller reads each event and compares it with q. Limit is at least 1. A [File] that was truncated may still name events that are gone.
	Candidates(
		dst []store.Position, q store.Query, after, until store.Position, backward bool, limit int,
	) (out []store.Position, done bool, err error)

	// IDCandidates appends the positions in (after, until] of events whose id may be this one, rising.
	IDCandidates(dst []store.Position, id [16]byte, after, until store.Position) ([]store.Position, error)

	// KeyCandidates appends the positions of the first events of commits whose key may be this one, rising.
	KeyCandidates(dst []store.Position, key string) ([]store.Position, error)

	// Places appends the places of events. An error that is [store.ErrNotFound] names the first position that has no event here.
	Places(dst []Place, positions []store.Position) ([]Place, error)

	// Tracked returns the newest tracking position of a source in a frame that starts before until.
	Tracked(source string, until Place) (position uint64, ok bool, err error)
}

// Range implements [Source].
func (t *Table) Range() (first, last store.Position) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.start.Position + 1, t.end.Position
}

// Tracked implements [Source].
func (t *Table) Tracked(source string, until Place) (uint64, bool, error) {
	position, ok := t.TrackingAt(source, until)
	return position, ok, nil
}

// Candidates implements [Source]. It compares names: what it appends matches, but for what it may append where lists that share little make it stop.
func (t *Table) Candidates(
	dst []store.Position, q store.Query, after, until store.Position, backward bool, limit int,
) (out []store.Position, done bool, err error) {
	if q.All() {
		q = nil
	}
	p := plans.get()
	defer p.release()
	lists, line, low, high := t.plan(p, q, after, until)
	if low >= high {
		return dst, true, nil
	}
	if len(q) == 0 {
		dst, done = line.appendAll(dst, low, high, backward, limit)
		return dst, done, nil
	}
	if len(p.items) == 0 {
		return dst, true, nil
	}
	bound := high - 1
	if backward {
		bound = low
	}
	items := make([]cursor, len(p.items))
	for i, item := range p.items {
		items[i] = p.cursor(&lists, item, bound, backward)
	}
	return appendWalk(dst, newUnion(items, backward), uint64(low), uint64(high), backward, limit, func(n uint64) store.Position {
		return line.position(uint32(n))
	})
}

// appendAll appends the positions of the events from low up to high, high not included, at most limit.
func (l *timeline) appendAll(dst []store.Position, low, high uint32, backward bool, limit int) ([]store.Position, bool) {
	for ; low < high && limit > 0; limit-- {
		if backward {
			high--
			dst = append(dst, l.position(high))
		} else {
			dst = append(dst, l.position(low))
			low++
		}
	}
	return dst, low >= high
}

// appendWalk appends what c has from low up to high, high not included, at most limit numbers, each as position says.
func appendWalk(
	dst []store.Position, c cursor, low, high uint64, backward bool, limit int, position func(uint64) store.Position,
) (out []store.Position, done bool, err error) {
	target := low
	if backward {
		target = high - 1
	}
	for ; limit > 0; limit-- {
		n, s, err := c.seek(target)
		if err != nil || s == ended {
			return dst, err == nil, err
		}
		dst = append(dst, position(n))
		if s == paused {
			return dst, false, nil
		}
		if backward && n == low || !backward && n+1 == high {
			return dst, true, nil
		}
		if target = n + 1; backward {
			target = n - 1
		}
	}
	return dst, false, nil
}
