package disk

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
)

// erasures knows which erasures are not finished: their $erasure event is decided, and the payload may still be in its
// segment. It also remembers some that are, because finding them takes a look-up. It may be used by many goroutines.
type erasures struct {
	mu      sync.RWMutex
	pending map[store.Position]store.Position // erased position → position of its $erasure
	known   map[store.Position]store.Position // the same for finished ones; at most maxKnown
	any     atomic.Bool                       // there is, or was, something in either
}

const maxKnown = 1 << 16

func newErasures() *erasures {
	return &erasures{pending: map[store.Position]store.Position{}, known: map[store.Position]store.Position{}}
}

// note makes an erasure pending when an event records one; see [erasures.finished].
func (e *erasures) note(entry *index.Entry) {
	if entry.Stream != store.ErasureStream {
		return
	}
	target, ok := store.ErasedPosition(&store.Event{Stream: entry.Stream, Type: entry.Type, Tags: entry.Tags})
	if !ok || target >= entry.Position {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.any.Store(true)
	if _, ok := e.pending[target]; !ok {
		e.pending[target] = entry.Position
	}
}

// by returns the position of the $erasure that erases p as far as it is remembered, 0 for none.
func (e *erasures) by(p store.Position) store.Position {
	if !e.any.Load() {
		return 0
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if by := e.pending[p]; by != 0 {
		return by
	}
	return e.known[p]
}

// list returns what is pending.
func (e *erasures) list() map[store.Position]store.Position {
	e.mu.RLock()
	defer e.mu.RUnlock()
	out := make(map[store.Position]store.Position, len(e.pending))
	maps.Copy(out, e.pending)
	return out
}

// finished says that payloads are gone from their segments.
func (e *erasures) finished(done map[store.Position]store.Position) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for target, by := range done {
		e.remember(target, by)
		delete(e.pending, target)
	}
}

// found keeps what a look-up found.
func (e *erasures) found(target, by store.Position) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.remember(target, by)
}

// remember is called with mu held.
func (e *erasures) remember(target, by store.Position) {
	if len(e.known) >= maxKnown {
		clear(e.known)
	}
	e.known[target] = by
	e.any.Store(true)
}
