// Package authtest lets the suite of all stores run on a store that writes into the metadata of each event who appended it: what comes back is compared with what was sent, but
// for the actor.
package authtest

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/gestadb/gesta/store"
)

// User is the name of the user, an admin, in whose hands the store behind a [Client] is.
const User = "root"

// Client is a store that sends metadata in such a form that [User] can be written into it as the actor, and takes the form back, and the actor out, of what it reads. It has the powers
// of the store behind it, and its own limits. Any number of goroutines may use it if they may use the store behind it.
type Client struct {
	store.Store
	powers map[store.Power]store.Answer
}

// NewClient returns a client of a store, which Close closes.
func NewClient(s store.Store) *Client {
	c := &Client{Store: s, powers: map[store.Power]store.Answer{}}
	for _, p := range store.Powers() {
		c.powers[p] = store.Forwards
	}
	c.powers["store.Limiter"] = store.Provides
	provide[store.Starter](c, "store.Starter")
	provide[store.Dumper](c, "store.Dumper")
	provide[store.IDs](c, "store.IDs")
	return c
}

// provide answers for a power that the store behind has.
func provide[T any](c *Client, p store.Power) {
	if _, ok := store.As[T](c.Store); ok {
		c.powers[p] = store.Provides
	}
}

// Unwrap returns the store behind.
func (c *Client) Unwrap() store.Store { return c.Store }

// Powers answers for each power. The map must not be changed.
func (c *Client) Powers() map[store.Power]store.Answer { return c.powers }

// Limits leave room for what the form of metadata takes.
func (c *Client) Limits() store.Limits {
	l := store.DefaultLimits()
	l.EventBytes, l.CommitBytes = 1<<20, 8<<20
	return l
}

// send returns a commit as it is sent. One that is beyond Limits is refused here, where it has the size that is compared with them.
func (c *Client) send(commit store.Commit) (store.Commit, error) {
	if err := commit.Validate(); err != nil {
		return commit, err
	}
	l, size := c.Limits(), len(commit.Key)
	commit.Events = slices.Clone(commit.Events)
	for i := range commit.Events {
		e := &commit.Events[i]
		n := store.EventBytes(e)
		if n > l.EventBytes {
			return commit, &store.TooLargeError{What: "event", Unit: "bytes", Got: n, Max: l.EventBytes}
		}
		if size += n; size > l.CommitBytes {
			return commit, &store.TooLargeError{What: "commit", Unit: "bytes", Got: size, Max: l.CommitBytes}
		}
		e.Metadata = sent(e.Metadata)
	}
	return commit, nil
}

// Append appends a commit: see [store.Store].
func (c *Client) Append(ctx context.Context, commit store.Commit) (store.Result, error) {
	commit, err := c.send(commit)
	if err != nil {
		return store.Result{}, err
	}
	r, err := c.Store.Append(ctx, commit)
	return r, receivedError(err)
}

// Start queues a commit: see [store.Starter].
func (c *Client) Start(ctx context.Context, commit store.Commit) func() (store.Result, error) {
	starter, ok := store.As[store.Starter](c.Store)
	commit, err := c.send(commit)
	if err == nil && !ok {
		err = store.ErrUnsupported
	}
	if err != nil {
		return func() (store.Result, error) { return store.Result{}, err }
	}
	wait := starter.Start(ctx, commit)
	return func() (store.Result, error) {
		r, err := wait()
		return r, receivedError(err)
	}
}

// Read yields events: see [store.Store].
func (c *Client) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return receivedAll(c.Store.Read(ctx, q, o))
}

// ByID yields the events with an id: see [store.IDs].
func (c *Client) ByID(ctx context.Context, id string) iter.Seq2[store.Recorded, error] {
	ids, ok := store.As[store.IDs](c.Store)
	if !ok {
		return func(yield func(store.Recorded, error) bool) { yield(store.Recorded{}, store.ErrUnsupported) }
	}
	return receivedAll(ids.ByID(ctx, id))
}

// Dump yields everything: see [store.Dumper].
func (c *Client) Dump(ctx context.Context, after store.Position) iter.Seq2[store.RecordedCommit, error] {
	dumper, ok := store.As[store.Dumper](c.Store)
	return func(yield func(store.RecordedCommit, error) bool) {
		if !ok {
			yield(store.RecordedCommit{}, store.ErrUnsupported)
			return
		}
		for commit, err := range dumper.Dump(ctx, after) {
			commit.Events = slices.Clone(commit.Events)
			for i := range commit.Events {
				commit.Events[i] = received(commit.Events[i])
			}
			if !yield(commit, err) {
				return
			}
		}
	}
}

func receivedAll(events iter.Seq2[store.Recorded, error]) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for e, err := range events {
			if !yield(received(e), err) {
				return
			}
		}
	}
}

// receivedError returns an error of Append with what received makes of the events in it.
func receivedError(err error) error {
	conflict, ok := errors.AsType[*store.ConflictError](err)
	if !ok {
		return err
	}
	shown := &store.ConflictError{Failed: slices.Clone(conflict.Failed)}
	for i := range shown.Failed {
		f := &shown.Failed[i]
		f.Events = slices.Clone(f.Events)
		for j := range f.Events {
			f.Events[j] = received(f.Events[j])
		}
	}
	return shown
}
