package memory

import (
	"context"
	"sort"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/gestadb/gesta/store"
)

// Options make a store. The zero value works.
type Options struct {
	// Clock gives the time of recording; it is called by one goroutine at a time. Defaults to time.Now.
	Clock func() time.Time

	// ID names the store, see [store.Identity]. Defaults to a new random UUID.
	ID string
}

// Store is an event store in memory. It has every power of package store.
type Store struct {
	clock func() time.Time
	id    string

	mu      sync.RWMutex                // guards all below
	events  []event                     // by position; Erase alone changes what is there, Truncate drops from the front
	commits []*commit                   // in the order in which they were committed; never changed
	keys    map[string]*commit          // the commits that have a key
	heads   map[string]store.StreamInfo // each stream that ever had an event
	tracked map[string]uint64           // the last tracking position of each source
	head    store.Position              // of the last event there ever was
	dropped store.Position              // what lies up to here was truncated away; 0 for nothing
	kept    []*commit                   // without events, for the last tracking of each source in what was truncated away
	last    time.Time                   // RecordedAt of the last commit
	moved   chan struct{}               // closed, and replaced, when head moves; closed by Close
	closed  bool
}

// event is an event as it is kept.
type event struct {
	store.Recorded
	salt []byte // store.SaltBytes random bytes; empty when the payload is erased
}

// commit is what is kept of a commit beside its events.
type commit struct {
	key         string
	tracking    *store.Tracking
	recordedAt  time.Time
	first, last store.Position // both 0 for a commit without events
	after       store.Position // the head before the commit
}

// end is the head right after the commit.
func (c *commit) end() store.Position { return max(c.after, c.last) }

// New makes an empty store.
func New(o Options) *Store {
	if o.Clock == nil {
		o.Clock = time.Now //nolint:forbidigo // the default of an option is the one place where the clock comes from
	}
	if o.ID == "" {
		o.ID = uuid.NewString()
	}
	return &Store{
		clock: o.Clock, id: o.ID,
		keys: map[string]*commit{}, heads: map[string]store.StreamInfo{}, tracked: map[string]uint64{},
		moved: make(chan struct{}),
	}
}

// Head returns the position of the last event, 0 when there never was one.
func (s *Store) Head(ctx context.Context) (store.Position, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return 0, store.ErrClosed
	}
	return s.head, nil
}

// Close ends readers with [store.ErrClosed] and lets go of everything. Closing again returns nil.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.close()
	}
	return nil
}

// close lets go of everything and wakes followers. The caller holds mu.
func (s *Store) close() {
	s.closed = true
	s.events, s.commits, s.keys, s.heads, s.tracked = nil, nil, nil, nil, nil
	close(s.moved)
}

// above returns the index of the first event whose position lies above p. The caller holds mu.
func (s *Store) above(p store.Position) int {
	return sort.Search(len(s.events), func(i int) bool { return s.events[i].Position > p })
}

// first returns the first position that is left; right above the head when none is. The caller holds mu.
func (s *Store) first() store.Position {
	if len(s.events) > 0 {
		return s.events[0].Position
	}
	return s.head + 1
}

// of returns the events of a commit. The caller holds mu.
func (s *Store) of(c *commit) []event {
	if c.first == 0 {
		return nil
	}
	return s.events[s.above(c.first-1):s.above(c.last)]
}
