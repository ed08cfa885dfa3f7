package umadb

import (
	"math"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gestadb/gesta/store"
)

const (
	// maxResponse is up to how many bytes a response has when it has more than one event: a client that does not read holds one in memory for
	// each of its calls. With what is not counted it fits into a buffer of 256 KiB.
	maxResponse = 248 << 10

	// firstResponse is what a response begins with, in bytes.
	firstResponse = 4 << 10
)

// batch is a ReadResponse or a SubscribeResponse that is being made. Its memory is a buffer of the pool, which goes with the message.
type batch struct {
	stream grpc.ServerStream
	size   int // events in a message at the most

	head *store.Position // that each message has; nil for none
	own  bool            // the head of a message is its last event

	buf    *[]byte // taken from the pool; nil between messages
	out    []byte  // the message so far, in the memory of buf
	events int
	last   store.Position // of the last event added
	sent   bool           // a message was sent
}

// add adds an event, and first sends what there is when both would not fit into one message.
func (b *batch) add(r *store.Recorded) error {
	if b.events > 0 && len(b.out)+roughSize(r) > maxResponse {
		if err := b.send(); err != nil {
			return err
		}
	}
	b.room(roughSize(r))
	b.out = appendSequenced(b.out, r)
	b.grown()
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
		b.room(1 + protowire.SizeVarint(math.MaxUint64))
		b.out = protowire.AppendVarint(protowire.AppendTag(b.out, 2, protowire.VarintType), uint64(*head))
	}
	b.sent, b.events = true, 0
	err := b.stream.SendMsg(b)
	b.drop()
	return err
}

// room makes room for n more bytes.
func (b *batch) room(n int) {
	if b.buf == nil {
		b.buf = pool.Get(max(n, firstResponse))
		b.out = (*b.buf)[:0]
	} else if cap(b.out)-len(b.out) < n {
		larger := pool.Get(max(len(b.out)+n, 2*cap(b.out)))
		b.out = append((*larger)[:0], b.out...)
		pool.Put(b.buf)
		b.buf = larger
	}
}

// grown takes note when out has left the memory of buf, which was not enough.
func (b *batch) grown() {
	if full := b.out[:1]; &full[0] != &(*b.buf)[:1][0] {
		pool.Put(b.buf)
		out := b.out
		b.buf = &out
	}
}

// drop gives the memory back that no message took.
func (b *batch) drop() {
	if b.buf != nil {
		pool.Put(b.buf)
	}
	b.buf, b.out = nil, nil
}

// pool has sizes between those of gRPC's pool, where a buffer above 32 KiB takes 1 MiB.
var pool = mem.NewTieredBufferPool(256, 4<<10, 16<<10, 64<<10, 256<<10, 1<<20)

func (b *batch) encode() mem.Buffer {
	if b.buf == nil {
		return mem.SliceBuffer(nil)
	}
	*b.buf = b.out
	out := mem.NewBuffer(b.buf, pool)
	b.buf, b.out = nil, nil
	return out
}

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
