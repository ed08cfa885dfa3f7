package httpapi

import (
	"context"

	"github.com/gestadb/gesta/store"
)

// Start queues a commit: see [store.Starter]. All commits that are started go over one connection, in their order, and those that are on
// their way when it breaks are sent again, in their order and before any later one, if they have a key; the outcome of the others is
// unknown.
func (c *Client) Start(ctx context.Context, commit store.Commit) func() (store.Result, error) {
	leave, err := c.enter(ctx)
	if err != nil {
		return func() (store.Result, error) { return store.Result{}, err }
	}
	defer leave()
	frame, err := c.pack(nil, &commit)
	if err != nil {
		return func() (store.Result, error) { return store.Result{}, err }
	}
	p := newStarted(frame, &commit)
	p.ahead = true
	if err := c.starts.add(ctx, p); err != nil {
		return func() (store.Result, error) { return store.Result{}, err }
	}
	return func() (store.Result, error) { return c.starts.wait(ctx, p) }
}

// started is a commit on its way.
type started struct {
	frame []byte
	key   bool
	ahead bool // later appends go behind it
	sent  bool // guarded by starts.mu: some of it went over the connection that is there
	maybe bool // guarded by starts.mu: it was sent over one that broke
	ended bool // guarded by starts.mu: done is closed

	done   chan struct{} // closed when there is an outcome
	result store.Result
	err    error
	busy   bool // the server was too busy for it, or cannot be used for now: nothing was written
}

func newStarted(frame []byte, c *store.Commit) *started {
	return &started{frame: frame, key: c.Key != "", done: make(chan struct{})}
}

// end gives a commit its outcome. The caller holds mu.
func (p *started) end(r store.Result, err error) {
	if !p.ended {
		p.result, p.err, p.ended = r, err, true
		close(p.done)
	}
}
