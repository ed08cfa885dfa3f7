// Package group commits many appends in one transaction, for the rivals that have no group commit of their
// own: while a transaction is being written and synced, the appends that arrive form the next group.
package group

import (
	"context"
	"runtime"
	"sync"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/guard"
)

// Limits of a group: it is closed once it holds this many requests or events.
const (
	maxRequests = 1024
	maxEvents   = 8192
)

// Request is one append that waits to be committed.
type Request struct {
	// Events is the commit, Guards what it expects. Neither may be changed, nor kept after the commit.
	Events []rival.Event
	Guards []guard.Guard
	// Err is set by the function that commits if this request alone was refused, with [rival.ErrConflict]
	// say; nothing of it was written then.
	Err error

	// wake is told true when the request's goroutine is to commit the next group, its own request first,
	// and false when the request is done.
	wake chan bool
}

// Committer forms the groups. The goroutine of the group's oldest request commits it for all, so that a
// single writer pays for no switch of goroutines.
type Committer struct {
	commit func([]*Request) error
	events int
	pool   sync.Pool

	mu      sync.Mutex
	waiting []*Request // guarded by mu, oldest first
	busy    bool       // guarded by mu: a goroutine commits, or was woken to
	group   []*Request // owned by the goroutine that commits
}

// New returns a Committer. It calls commit with one group at a time, never an empty one; commit sets Err of
// the requests that it refuses, or returns an error if nothing of the group was written. A group holds at
// most events events, 0 for the default of 8192, unless a single request has more.
func New(events int, commit func([]*Request) error) *Committer {
	if events == 0 {
		events = maxEvents
	}
	c := &Committer{commit: commit, events: events}
	c.pool.New = func() any { return &Request{wake: make(chan bool, 1)} }
	return c
}

// Append hands the commit over and returns when its group is written. The context is asked once, at the
// start: a commit that waits in a group is not called back.
func (c *Committer) Append(ctx context.Context, events []rival.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(events) == 0 {
		return nil
	}
	request, ok := c.pool.Get().(*Request)
	if !ok {
		request = &Request{wake: make(chan bool, 1)}
	}
	guards, err := guard.Append(request.Guards[:0], events)
	request.Events, request.Guards, request.Err = events, guards, err
	if err == nil {
		c.run(request)
		err = request.Err
	}
	request.Events = nil
	clear(request.Guards)
	c.pool.Put(request)
	return err
}

// Waiting returns the number of requests that wait for the next group.
func (c *Committer) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting)
}

// run queues the request and returns when it is done: by another goroutine, or by this one, which then
// commits the group that begins with it.
func (c *Committer) run(request *Request) {
	c.mu.Lock()
	c.waiting = append(c.waiting, request)
	if c.busy {
		c.mu.Unlock()
		if lead := <-request.wake; !lead {
			return
		}
	} else {
		c.busy = true
		c.mu.Unlock()
	}
	// Those whose group has just been written are about to append again: let them in.
	runtime.Gosched()
	group := c.take()
	if err := c.commit(group); err != nil {
		for _, r := range group {
			r.Err = err
		}
	}
	for _, r := range group {
		if r != request {
			r.wake <- false
		}
	}
	clear(group)
	c.next()
}

// take returns the requests of the next group, which begins with the oldest.
func (c *Committer) take() []*Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, events := 0, 0
	for n < len(c.waiting) && n < maxRequests {
		events += len(c.waiting[n].Events)
		if n > 0 && events > c.events {
			break
		}
		n++
	}
	c.group = append(c.group[:0], c.waiting[:n]...)
	rest := copy(c.waiting, c.waiting[n:])
	clear(c.waiting[rest:])
	c.waiting = c.waiting[:rest]
	return c.group
}

// next wakes the oldest request that waits to commit the next group.
func (c *Committer) next() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.busy = false
		return
	}
	c.waiting[0].wake <- true
}
