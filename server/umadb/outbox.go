package umadb

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/peer"
)

// Room bounds what messages take in memory until gRPC has written them, of all calls together. It is used by any number of goroutines.
type Room interface {
	// Take takes n bytes. Without room it waits, and returns why it did so in vain.
	Take(ctx context.Context, n int64) error

	// Try takes n bytes, or returns false.
	Try(n int64) bool

	// Give gives bytes back.
	Give(n int64)
}

// Connection is what the AuthInfo of a connection may be beside: it learns what the calls on it do. It is used by any number of goroutines.
type Connection interface {
	// AtWork adds to the number of calls that wait for nothing which the client is to do: each is not at work while it receives and sends.
	AtWork(d int32)

	// Holds adds to the room that messages have which the client is to take, in bytes: those that are still being made do not count.
	Holds(d int64)

	// Closed is closed with the connection.
	Closed() <-chan struct{}

	// Close closes it.
	Close() error
}

// unknown stands for a connection that learns nothing.
type unknown struct{}

func (unknown) AtWork(int32)            {}
func (unknown) Holds(int64)             {}
func (unknown) Closed() <-chan struct{} { return nil }
func (unknown) Close() error            { return nil }

// connectionOf returns the connection of a call.
func connectionOf(ctx context.Context) Connection {
	if p, ok := peer.FromContext(ctx); ok {
		if c, ok := p.AuthInfo.(Connection); ok {
			return c
		}
	}
	return unknown{}
}

const (
	// smallBuffer is up to how large the buffer of a message is that takes no room, in bytes.
	smallBuffer = 16 << 10

	// smallBuffers is what a call has of such at the most, written by gRPC or not.
	smallBuffers = 2 * smallBuffer

	// restTime is for how long a call waits, once it has ended for its client, that the client takes what has room.
	restTime = 30 * time.Second
)

// outbox is what one call has in memory of its messages, from when they are made until gRPC has written them. The buffers of small messages are the call's own matter: there is room for a few, and
// then it waits for its client alone. Those of large ones take room. A call that had room ends when it was given back: when the client has taken them, or can take nothing more.
//
// The methods are for the goroutine of the call, but for the Put of its two pools.
type outbox struct {
	ctx  context.Context //nolint:containedctx // of the call
	open context.Context //nolint:containedctx // until when it has something to send
	conn Connection
	room Room          // nil for no bound
	late *atomic.Bool  // that the call has ended for its client, who may take what was sent before all the same; nil for never
	rest time.Duration // see restTime

	lost int64 // room of what gRPC may have dropped without a word: a message that was sent when the call had ended

	small atomic.Int64                  // bytes of small buffers
	large atomic.Int64                  // room that is taken; below 0 once all of it was given back
	taken atomic.Pointer[chan struct{}] // gets a value when something was written; nil while nobody waits for that
}

// smallBuffersOf is the pool of an outbox's small buffers.
type smallBuffersOf outbox

// Get returns a buffer.
func (*smallBuffersOf) Get(n int) *[]byte { return pool.Get(n) }

// Put takes a buffer back when it was written.
func (p *smallBuffersOf) Put(b *[]byte) {
	n := int64(cap(*b))
	pool.Put(b)
	o := (*outbox)(p)
	o.small.Add(-n)
	o.tell()
}

// largeBuffersOf is the pool of an outbox's other buffers.
type largeBuffersOf outbox

// Get returns a buffer.
func (*largeBuffersOf) Get(n int) *[]byte { return pool.Get(n) }

// Put takes a buffer back when it was written, and gives its room back.
func (p *largeBuffersOf) Put(b *[]byte) {
	n := roomFor(cap(*b))
	putBuffer(b)
	o := (*outbox)(p)
	if o.large.Add(-n) >= 0 {
		o.give(n)
	}
	o.tell()
}

// poolOf returns the pool to which a buffer goes back when it was written.
func (o *outbox) poolOf(b *[]byte) mem.BufferPool {
	if cap(*b) <= smallBuffer {
		return (*smallBuffersOf)(o)
	}
	return (*largeBuffersOf)(o)
}

func (o *outbox) tell() {
	if c := o.taken.Load(); c != nil {
		select {
		case *c <- struct{}{}:
		default:
		}
	}
}

// telling returns what gets a value when something was written from now on.
func (o *outbox) telling() <-chan struct{} {
	c := o.taken.Load()
	if c == nil {
		made := make(chan struct{}, 1)
		c = &made
		o.taken.Store(c)
	}
	return *c
}

// trySmall takes a small buffer, or returns false when the call has enough of them.
func (o *outbox) trySmall(size int) bool {
	if o.small.Load()+int64(size) > smallBuffers {
		return false
	}
	o.small.Add(int64(size))
	return true
}

// waitSmall takes a small buffer once the client has taken enough of those before.
func (o *outbox) waitSmall(size int) error {
	if o.trySmall(size) {
		return nil
	}
	taken := o.telling()
	o.conn.AtWork(-1)
	defer o.conn.AtWork(1)
	for !o.trySmall(size) {
		select {
		case <-taken:
		case <-o.open.Done():
			return context.Cause(o.open)
		}
	}
	return nil
}

// tryLarge takes room for a buffer, or returns false when there is none.
func (o *outbox) tryLarge(size int) bool {
	n := roomFor(size)
	if o.room != nil && !o.room.Try(n) {
		return false
	}
	o.large.Add(n)
	return true
}

// waitLarge takes room for a buffer.
func (o *outbox) waitLarge(size int) error {
	n := roomFor(size)
	if o.room != nil {
		if err := o.room.Take(o.open, n); err != nil {
			return err
		}
	}
	o.large.Add(n)
	return nil
}

// hand makes a message of a buffer, which is the client's to take.
func (o *outbox) hand(b *[]byte) mem.Buffer {
	if cap(*b) > smallBuffer {
		o.conn.Holds(roomFor(cap(*b)))
	}
	return mem.NewBuffer(b, o.poolOf(b))
}

// give gives room back of what the client was to take.
func (o *outbox) give(n int64) {
	o.conn.Holds(-n)
	if o.room != nil {
		o.room.Give(n)
	}
}

// sent takes note of a message with a buffer of a size that gRPC took. Where the call ended for its client meanwhile gRPC drops it, but for a moment's chance, and gives nothing back.
func (o *outbox) sent(size int) {
	if size > smallBuffer && o.late != nil && o.late.Load() {
		o.lost += roomFor(size)
	}
}

// drop gives a buffer back that was not sent.
func (o *outbox) drop(b *[]byte) {
	if cap(*b) <= smallBuffer {
		(*smallBuffersOf)(o).Put(b)
		return
	}
	n := roomFor(cap(*b))
	putBuffer(b)
	o.large.Add(-n)
	if o.room != nil {
		o.room.Give(n)
	}
}

// close waits until the room is given back that messages of the call have. When the client can take nothing more, or does not, it gives back what is left.
func (o *outbox) close() {
	if o.large.Load() > 0 {
		o.conn.AtWork(-1)
		o.settle()
		o.conn.AtWork(1)
		if left := o.large.Swap(-1 << 62); left > 0 {
			o.give(left)
		}
	}
}

func (o *outbox) settle() {
	taken, done := o.telling(), o.ctx.Done()
	var over <-chan time.Time
	for o.large.Load() > o.lost {
		select {
		case <-taken:
		case <-o.conn.Closed():
			return
		case <-done:
			if o.late == nil || !o.late.Load() {
				return // gRPC forgets what it has for the client
			}
			t := time.NewTimer(o.rest)
			defer t.Stop()
			done, over = nil, t.C
		case <-over:
			_ = o.conn.Close()
			return
		}
	}
}
