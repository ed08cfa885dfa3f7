package index

import (
	"fmt"
	"sort"

	"github.com/gestadb/gesta/store"
)

// timeline is a snapshot of what a table knows of its events one by one. It needs no lock.
type timeline struct {
	events   uint32
	newest   store.Position
	offsets  arena[uint32]
	segments arena[fromOrd]
	runs     arena[fromOrd]
	times    arena[timeLow]
	epochs   arena[fromOrd]
}

// timeline returns a snapshot; the lock must be held.
func (t *Table) timeline() timeline {
	return timeline{t.events, t.newest, t.offsets, t.segments, t.runs, t.times, t.epochs}
}

// upTo returns how many events are at p or before it.
func (l *timeline) upTo(p store.Position) uint32 {
	if p >= l.newest {
		return l.events
	}
	i := uint32(sort.Search(int(l.runs.n), func(i int) bool { return l.runs.at(uint32(i)).value > uint64(p) }))
	if i == 0 {
		return 0
	}
	end := l.events
	if i < l.runs.n {
		end = l.runs.at(i).ordinal
	}
	r := l.runs.at(i - 1)
	return uint32(min(uint64(end), uint64(r.ordinal)+uint64(p)-r.value+1))
}

// position returns the position of event n.
func (l *timeline) position(n uint32) store.Position {
	r := holding(&l.runs, n)
	return store.Position(r.value + uint64(n-r.ordinal))
}

// place returns where the event n is.
func (l *timeline) place(n uint32) Place {
	return MakePlace(uint32(holding(&l.segments, n).value), *l.offsets.at(n))
}

// recordedAt returns the time of event n.
func (l *timeline) recordedAt(n uint32) int64 { return l.timeAt(n, l.timeNear(n, l.times.n)) }

// timeAt returns the time of event n, whose lower half is the one numbered i.
func (l *timeline) timeAt(n, i uint32) int64 {
	return int64(holding(&l.epochs, n).value<<32 | uint64(l.times.at(i).low))
}

// timeNear returns which lower half of RecordedAt is that of event n. It is found at once if it is the one numbered guess, or the next one.
func (l *timeline) timeNear(n, guess uint32) uint32 {
	for i := guess; i < l.times.n && i < guess+2 && l.times.at(i).ordinal <= n; i++ {
		if i+1 == l.times.n || l.times.at(i+1).ordinal > n {
			return i
		}
	}
	return uint32(sort.Search(int(l.times.n), func(i int) bool { return l.times.at(uint32(i)).ordinal > n }) - 1)
}

// holding returns the value that holds for event n.
func holding(a *arena[fromOrd], n uint32) *fromOrd {
	if last := a.at(a.n - 1); last.ordinal <= n {
		return last
	}
	return a.at(uint32(sort.Search(int(a.n), func(i int) bool { return a.at(uint32(i)).ordinal > n }) - 1))
}

// places appends the places of positions.
func (l *timeline) places(dst []Place, positions []store.Position) ([]Place, error) {
	for _, p := range positions {
		n := l.upTo(p)
		if n == 0 || l.position(n-1) != p {
			return dst, fmt.Errorf("place of position %d: %w", p, store.ErrNotFound)
		}
		dst = append(dst, l.place(n-1))
	}
	return dst, nil
}
