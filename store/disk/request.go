package disk

import (
	"context"
	"slices"
	"sync"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// request is a commit on its way through the committer and the syncer. The caller fills it in, with copies of
// everything that belongs to the user; from the queue on it belongs to the committer, and after its outcome to the caller again.
type request struct {
	ctx      context.Context
	key      string
	tracking *store.Tracking
	guards   []store.Guard   // a NoneMatch is a pointer into conditions
	guardOf  []int           // for each guard its stream in streams, -1 for none
	commit   *segment.Commit // nil for a commit without events and tracking
	entries  []index.Entry   // one for each event; positions, places, versions and times are the committer's
	hashes   []uint64        // of the names of entries
	streams  []index.Wanted  // each stream that is touched or guarded, once; the committer adds what the newest tables know
	entryOf  []int           // for each event its stream in streams, -1 for none
	restored *restored       // nil unless the commit comes with positions and times
	barrier  *barrier        // nil unless the request is no commit but wants something done in its place
	hurried  bool            // it does not wait for tables to be written, because that may wait for it

	facts facts
	done  chan outcome // receives exactly one

	// What follows is memory for the next request; see requests.keep.
	body     segment.Commit
	payloads []segment.Payload
	salts    []byte
	names    []string // of entries and guards
	items    []store.Item
	track    store.Tracking

	conditions []store.NoneMatch
	byHash     []int32 // open addressing: numbers of streams plus 1, 0 for none; see stream
	seed       uint64  // of the hashes
}

// requests keeps the memory of requests that were answered, for those of the same store: a channel that was made in a bubble of
// testing/synctest must not be used outside of it. The zero value is empty and ready; any number of goroutines may use it.
type requests struct {
	kept sync.Pool
	seed uint64 // of the index's hashes
}

// take returns a request without content.
func (p *requests) take() *request {
	if r, ok := p.kept.Get().(*request); ok {
		return r
	}
	return &request{done: make(chan outcome, 1), seed: p.seed}
}

// keep lets another request have the memory of r. The caller has taken the outcome out of done, or the request was never queued, and
// nothing that was returned to the user refers to it.
func (p *requests) keep(r *request) {
	const keptBytes, keptEvents = 64 << 10, 256
	if cap(r.body.Body) > keptBytes || cap(r.entries) > keptEvents || cap(r.hashes) > 8*keptEvents || cap(r.streams) > keptEvents || cap(r.names) > 4*keptEvents ||
		cap(r.items) > 2*keptEvents || cap(r.conditions) > 2*keptEvents {
		return
	}
	clear(r.guards) // what belongs to the user is not held on to
	clear(r.entries)
	clear(r.streams)
	clear(r.names)
	clear(r.items)
	clear(r.conditions)
	*r = request{
		guards: r.guards[:0], guardOf: r.guardOf[:0], entries: r.entries[:0], hashes: r.hashes[:0], streams: r.streams[:0], entryOf: r.entryOf[:0], byHash: r.byHash[:0], seed: r.seed,
		facts: facts{matched: r.facts.matched[:0]}, done: r.done,
		body: r.body, payloads: r.payloads[:0], salts: r.salts, names: r.names[:0], items: r.items[:0], conditions: r.conditions[:0],
	}
	p.kept.Put(r)
}

// restoreRun is one call of Restore. Its field is the committer's own.
type restoreRun struct {
	refused bool // a commit was, so that those behind it are too: what is restored is a prefix
}

// restored is what a commit that is restored brings along.
type restored struct {
	run      *restoreRun
	first    store.Position // of its first event; without events, of the last event before it
	time     int64
	versions []uint64
}

// barrier asks for the log to be synced, whatever the sync policy, and for a new segment if roll is set.
type barrier struct {
	roll bool
	when func(index.End) // called by the syncer when it is done, before the outcome; may be nil
}

// facts are what the caller found out before it queued the request: in the index files, and in the tables up to the
// visible head of that moment.
type facts struct {
	view     *view
	head     store.Position   // the visible head of that moment
	keyFirst store.Position   // first position of the commit that has the key, 0 for none
	tracked  uint64           // last position of the tracking's source
	matched  []store.Position // for each guard a match of its NoneMatch up to head, 0 for none
}

// outcome is what became of a request.
type outcome struct {
	res       store.Result
	err       error          // nil: written, or nothing was to be written
	duplicate store.Position // of the commit that has the key, 0 for none
	failed    []failedGuard  // guards that failed
	at        store.Position // the last position decided before the request
}

type failedGuard struct {
	guard  store.Guard
	actual uint64
}

// of returns a request with copies of what the committer needs of a valid commit.
func (p *requests) of(ctx context.Context, c *store.Commit) *request {
	r := p.take()
	r.ctx, r.key = ctx, c.Key
	if c.Tracking != nil {
		r.track = *c.Tracking
		r.tracking = &r.track
	}
	r.entries = slices.Grow(r.entries, len(c.Events))
	r.entryOf = slices.Grow(r.entryOf, len(c.Events))
	for i := range c.Events {
		e := &c.Events[i]
		entry := index.Entry{Stream: e.Stream, Type: e.Type, Tags: r.copyNames(e.Tags)}
		entry.ID, entry.HasID = segment.ParseID(e.ID)
		r.entries = append(r.entries, entry)
		of := -1
		if e.Stream != "" {
			of = r.stream(e.Stream, i)
		}
		r.entryOf = append(r.entryOf, of)
	}
	for i, g := range c.Guards {
		of := -1
		switch g := g.(type) {
		case store.StreamAt:
			of = r.stream(g.Stream, i)
		case store.StreamExists:
			of = r.stream(g.Stream, i)
		}
		r.guardOf = append(r.guardOf, of)
		r.guards = append(r.guards, r.copyGuard(g, len(c.Guards)-i-1))
	}
	if r.key != "" && len(r.entries) > 0 {
		r.entries[0].Key = r.key
	}
	r.hashes = slices.Grow(r.hashes, 4*len(r.entries))
	for i := range r.entries {
		stream := uint64(0)
		if j := r.entryOf[i]; j >= 0 {
			stream = r.streams[j].Hash
		}
		r.hashes = index.AppendHashes(r.hashes, p.seed, &r.entries[i], stream)
	}
	return r
}

// copyNames returns a copy in the memory of the request.
func (r *request) copyNames(names []string) []string {
	if len(names) == 0 {
		return names
	}
	at := len(r.names)
	r.names = append(r.names, names...)
	return r.names[at:len(r.names):len(r.names)]
}

// copyGuard returns a guard that shares nothing with the user's; a condition is in the memory of the request. As many are still to come as more says.
func (r *request) copyGuard(g store.Guard, more int) store.Guard {
	n, ok := g.(store.NoneMatch)
	if !ok {
		return g
	}
	at := len(r.items)
	r.items = append(slices.Grow(r.items, len(n.Query)+more), n.Query...)
	n.Query = r.items[at:len(r.items):len(r.items)]
	for i := range n.Query {
		n.Query[i].Types = r.copyNames(n.Query[i].Types)
		n.Query[i].Tags = r.copyNames(n.Query[i].Tags)
	}
	r.conditions = append(slices.Grow(r.conditions, 1+more), n)
	return &r.conditions[len(r.conditions)-1]
}

// ownGuard returns a guard that shares nothing with the request's, for the user to keep.
func ownGuard(g store.Guard) store.Guard {
	c, ok := g.(*store.NoneMatch)
	if !ok {
		return g
	}
	n := store.NoneMatch{Query: slices.Clone(c.Query), After: c.After}
	for i := range n.Query {
		n.Query[i].Types = slices.Clone(n.Query[i].Types)
		n.Query[i].Tags = slices.Clone(n.Query[i].Tags)
	}
	return n
}

// frameSize returns how long the request's frame is, 0 when it writes none.
func (r *request) frameSize() int {
	if r.commit == nil {
		return 0
	}
	return r.commit.FrameSize()
}
