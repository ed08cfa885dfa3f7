package umadb

import (
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gestadb/gesta/store"
)

const (
	// maxResponse is up to how many bytes a response has when it has more than one event. With what is not counted it fits into a buffer of largeBuffer.
	maxResponse = 248 << 10

	// firstResponse is what a response begins with, in bytes.
	firstResponse = 4 << 10

	// largeBuffer is up to how large a buffer is used again, in bytes. Only a message of one event is larger.
	largeBuffer = 256 << 10
)

// batch is a ReadResponse or a SubscribeResponse that is being made. Its memory is a buffer, which goes with the message.
type batch struct {
	outbox
	stream grpc.ServerStream
	size   int // events in a message at the most

	head *store.Position // that each message has; nil for none
	own  bool            // the head of a message is its last event

	buf    *[]byte // taken for the message; nil between messages
	out    []byte  // the message so far, in the memory of buf
	events int
	last   store.Position // of the last event added
	begun  bool           // a message was sent
	wanted int            // how large a buffer errFull is about, until there was room for it; else 0
}

// newBatch makes what sends the events of a call. Who made it closes it.
func (s *Service) newBatch(stream grpc.ServerStream, asked optional) *batch {
	ctx := stream.Context()
	return &batch{stream: stream, size: batchOf(asked), outbox: outbox{ctx: ctx, open: ctx, conn: connectionOf(ctx), room: s.o.Room, rest: restTime}}
}

// headSize is what the head of a message takes at the most, in bytes.
const headSize = 11

// add adds an event, and first sends what there is when both would not fit into one message.
func (b *batch) add(r *store.Recorded) error {
	if b.events > 0 && len(b.out)+roughSize(r) > maxResponse {
		if err := b.send(); err != nil {
			return err
		}
	}
	if err := b.reserve(mostSize(r) + headSize); err != nil {
		return err
	}
	b.out = appendSequenced(b.out, r)
	b.events++
	b.last = r.Position
	if b.events == b.size {
		return b.send()
	}
	return nil
}

// send sends the message.
func (b *batch) send() error {
	head := b.head
	if b.own && b.events > 0 {
		head = &b.last
	}
	if head != nil {
		if b.buf == nil {
			if err := b.reserve(headSize); err != nil {
				return err
			}
		}
		b.out = protowire.AppendVarint(protowire.AppendTag(b.out, 2, protowire.VarintType), uint64(*head))
	}
	size := 0
	if b.buf != nil {
		size = cap(*b.buf)
	}
	b.begun, b.events = true, 0
	b.conn.AtWork(-1)
	err := b.stream.SendMsg(b)
	b.conn.AtWork(1)
	b.discard()
	if err == nil {
		b.sent(size)
	}
	return err
}

// reserve makes room for n more bytes, for which it may send what there is. Where there is none, so that nothing is in memory but what the client takes, the error is errFull.
func (b *batch) reserve(n int) error {
	if b.buf != nil {
		if cap(b.out)-len(b.out) >= n {
			return nil
		}
		if b.grow(sizeOf(max(len(b.out)+n, 2*cap(b.out)))) {
			return nil
		}
		if b.events == 0 {
			b.discard()
		} else if err := b.send(); err != nil {
			return err
		}
	}
	size := sizeOf(max(n, firstResponse))
	if size <= smallBuffer {
		if err := b.waitSmall(size); err != nil {
			return err
		}
	} else if !b.tryLarge(size) {
		b.wanted = size
		return errFull
	}
	b.take(size)
	return nil
}

// errFull says that there is no room for an event: whoever reads it forgets it, so that it is not in memory meanwhile, waits, and reads it again.
var errFull = errors.New("there is no room for the event")

// wait waits for the room of the event that found none.
func (b *batch) wait() error {
	if err := b.waitLarge(b.wanted); err != nil {
		return err
	}
	b.take(b.wanted)
	b.wanted = 0
	return nil
}

// take begins a message in a new buffer, which is counted.
func (b *batch) take(size int) {
	b.buf = getBuffer(size)
	b.out = (*b.buf)[:0]
}

// grow moves the message to a larger buffer, or returns false when there is none.
func (b *batch) grow(size int) bool {
	try := b.tryLarge
	if size <= smallBuffer {
		try = b.trySmall
	}
	if !try(size) {
		return false
	}
	larger := getBuffer(size)
	b.out = append((*larger)[:0], b.out...)
	b.drop(b.buf)
	b.buf = larger
	return true
}

// discard gives the memory back that no message took.
func (b *batch) discard() {
	if b.buf != nil {
		b.drop(b.buf)
	}
	b.buf, b.out = nil, nil
}

// end ends the call, for which nothing more is sent.
func (b *batch) end() {
	b.discard()
	b.close()
}

// pool has sizes between those of gRPC's pool, where a buffer above 32 KiB takes 1 MiB.
var pool = mem.NewTieredBufferPool(256, firstResponse, smallBuffer, 64<<10, largeBuffer, 1<<20)

// sizeOf returns how large a buffer is that has n bytes.
func sizeOf(n int) int {
	for _, size := range [...]int{firstResponse, smallBuffer, 64 << 10, largeBuffer} {
		if n <= size {
			return size
		}
	}
	return n
}

// roomFor returns the room that a buffer takes. An event that is larger than others is in memory twice: the store has it, too.
func roomFor(size int) int64 {
	if size > largeBuffer {
		return 2 * int64(size)
	}
	return int64(size)
}

// getBuffer returns a buffer of a size that sizeOf returned.
func getBuffer(size int) *[]byte {
	if size <= largeBuffer {
		return pool.Get(size)
	}
	b := make([]byte, size)
	return &b
}

// putBuffer takes a buffer of getBuffer back.
func putBuffer(b *[]byte) {
	if cap(*b) <= largeBuffer {
		pool.Put(b)
	}
}

func (b *batch) encode() mem.Buffer {
	if b.buf == nil {
		return mem.SliceBuffer(nil)
	}
	buf, out := b.buf, b.out
	b.buf, b.out = nil, nil
	if &out[:1][0] != &(*buf)[:1][0] { // more than mostSize said
		b.drop(buf)
		return mem.SliceBuffer(out)
	}
	*buf = out
	return b.hand(buf)
}

// mostSize returns how many bytes an event takes in a message at the most: an entry of metadata takes less than twice of what it takes in JSON.
func mostSize(r *store.Recorded) int { return roughSize(r) + len(r.Metadata) }

// roughSize returns about how many bytes an event takes in a message.
func roughSize(r *store.Recorded) int {
	n := 64 + len(r.Data) + len(r.Metadata) + len(r.Type) + len(r.ID)
	for _, t := range r.Tags {
		n += 4 + len(t)
	}
	if r.Tracking != nil {
		n += 16 + len(r.Tracking.Source)
	}
	return n
}
