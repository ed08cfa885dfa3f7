package umadb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

const (
	// maxMessage bounds a message of several events, in bytes. A server that does not cut its messages sends a longer one: then fewer
	// events are asked for.
	maxMessage = 32 << 20

	// maxLoneMessage bounds a message of one event, in bytes. It is more than gesta takes, so that what is too large can be named.
	maxLoneMessage = 64 << 20

	// How long a read waits before it tries again, at first and at the most.
	firstWait, longestWait = 50 * time.Millisecond, 3 * time.Second
)

// Read yields the events above after, up to until, oldest first. Each is as [Service] would store it: see the package's documentation; it has
// a position and, where it came with one, a tracking, and neither commit nor time. Data and metadata are the caller's, and share
// the memory of the message that they came with. A read that is cut off goes on after its last event, for as long as the options
// say. An error, which is an [*eventjson.Error], is yielded once, last; one about an event that cannot be understood has its position.
func (c *Client) Read(ctx context.Context, after, until store.Position) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		r := reading{c: c, after: after, until: until, batch: c.o.BatchEvents, yield: yield}
		if err := r.run(ctx); err != nil {
			yield(store.Recorded{}, err)
		}
	}
}

// reading is a read of a client.
type reading struct {
	c            *Client
	after, until store.Position
	batch        int  // events that are asked for in a message
	answered     bool // at least once
	yield        func(store.Recorded, error) bool
}

// run reads until everything was yielded, over one call after another.
func (r *reading) run(ctx context.Context) error {
	began, waited, wait := r.after, time.Duration(0), firstWait
	for r.after < r.until {
		err := r.call(ctx)
		if err == nil {
			return nil // it ended, or the caller has enough
		}
		if r.after > began {
			began, waited, wait = r.after, 0, firstWait
		}
		var f *callError
		errors.As(err, &f)
		switch {
		case f != nil && f.status == codes.ResourceExhausted && r.batch > 1:
			r.batch = max(r.batch/8, 1) // a message was too long
			continue
		case f == nil || !f.passing() || ctx.Err() != nil || waited >= r.c.o.RetryTime:
			return err
		case !r.answered && f.status == codes.Unavailable:
			return err // there may be no server
		}
		pause := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		case <-pause.C:
		}
		waited += wait
		wait = min(2*wait, longestWait)
	}
	return nil
}

// call makes one call, and yields what it answers.
func (r *reading) call(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	limit := maxMessage
	if r.batch == 1 {
		limit = maxLoneMessage
	}
	stream, err := r.c.begin(ctx, "Read", readFrom(r.after+1, r.batch), limit)
	if err != nil {
		return r.c.failure(ctx, nil, err)
	}
	for r.after < r.until {
		var m readAnswer
		if err := stream.RecvMsg(&m); errors.Is(err, io.EOF) {
			return nil // what is above the last event are holes
		} else if err != nil {
			return r.c.failure(ctx, stream, err)
		}
		if enough, err := r.take(&m); enough || err != nil {
			return err
		}
	}
	return nil
}

// take yields what a message has. It says whether that was all that is wanted.
func (r *reading) take(m *readAnswer) (enough bool, err error) {
	r.answered = true
	for i := range m.events {
		e := &m.events[i]
		switch {
		case e.Position > r.until:
			return true, nil
		case e.Position <= r.after:
			return true, &eventjson.Error{Code: eventjson.CodeDamaged, Message: fmt.Sprintf("the server sends position %d after %d", e.Position, r.after)}
		case m.problems[i] != "":
			return true, &eventjson.Error{
				Code: eventjson.CodeDamaged, Position: e.Position,
				Message: fmt.Sprintf("position %d cannot be understood: %s", e.Position, m.problems[i]),
			}
		}
		r.after = e.Position
		if !r.yield(*e, nil) {
			return true, nil
		}
	}
	return false, nil
}

// readFrom is a ReadRequest.
func readFrom(start store.Position, batch int) sent {
	m := appendNumber(nil, 2, uint64(start))
	return appendNumber(m, 6, uint64(batch))
}
