package umadb

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// hoard is the stream of a call whose client takes messages when it is told to.
type hoard struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // of the stream

	mu   sync.Mutex
	kept []mem.Buffer // guarded by mu
	got  []string     // the messages that were taken; guarded by mu
}

// Context returns the context.
func (h *hoard) Context() context.Context { return h.ctx }

// SendHeader sends nothing.
func (*hoard) SendHeader(metadata.MD) error { return nil }

// SetTrailer sets nothing.
func (*hoard) SetTrailer(metadata.MD) {}

// SendMsg keeps a message, as gRPC does until the client takes it.
func (h *hoard) SendMsg(m any) error {
	out, ok := m.(outgoing)
	if !ok {
		return errors.ErrUnsupported
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept = append(h.kept, out.encode())
	return h.ctx.Err()
}

// take takes all messages.
func (h *hoard) take() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.kept {
		h.got = append(h.got, string(m.ReadOnlyData()))
		m.Free()
	}
	h.kept = nil
}

// size returns the memory of the messages that are kept, and how many there are.
func (h *hoard) size() (bytes, messages int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.kept {
		bytes += cap(m.ReadOnlyData())
	}
	return bytes, len(h.kept)
}

// taking takes what is kept whenever there is something, until done is closed.
func (h *hoard) taking(done <-chan struct{}) {
	for {
		h.take()
		select {
		case <-done:
			h.take()
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// positions returns those of all events that were taken.
func (h *hoard) positions(t *testing.T) (out []store.Position) {
	t.Helper()
	for _, b := range h.got {
		m := dynamic(t, "ReadResponse")
		if err := proto.Unmarshal([]byte(b), m); err != nil {
			t.Fatal(err)
		}
		events := m.Get(m.Descriptor().Fields().ByName("events")).List()
		for i := range events.Len() {
			e := events.Get(i).Message()
			out = append(out, store.Position(e.Get(e.Descriptor().Fields().ByName(protoreflect.Name("position"))).Uint()))
		}
	}
	return out
}

// bounded is room for so many bytes.
type bounded struct {
	most         int64
	used, peak   int64 // guarded by mu
	asked        atomic.Int64
	refusal      error // of who would wait; nil for waiting. It is set while nobody does
	mu           sync.Mutex
	grudgingOnce bool // nothing is given that is not waited for
}

// Try takes n bytes.
func (b *bounded) Try(n int64) bool {
	if b.grudgingOnce {
		return false
	}
	return b.try(n)
}

func (b *bounded) try(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used > 0 && b.used+n > b.most {
		return false
	}
	b.used += n
	b.peak = max(b.peak, b.used)
	return true
}

// Take waits for n bytes.
func (b *bounded) Take(ctx context.Context, n int64) error {
	b.asked.Add(1)
	for !b.try(n) {
		if b.refusal != nil {
			return b.refusal
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// Give gives n bytes back.
func (b *bounded) Give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}

func (b *bounded) inUse() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

func (b *bounded) highest() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.peak
}

// until waits until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come about that %s", what)
		}
	}
}

// mixed returns a store with events of all sizes, and holes between them.
func mixed(t *testing.T) store.Store {
	t.Helper()
	s := memory.New(memory.Options{})
	for i, size := range []int{10, 5000, 100, 70 << 10, 20, 0, 400 << 10, 12 << 10, 12 << 10, 12 << 10, 300 << 10, 300 << 10, 1, 2 << 20, 3} {
		e := store.Event{Type: fmt.Sprintf("T%d", i%2), Data: make([]byte, size)}
		if i%4 == 1 {
			e.Stream = "$system"
		}
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestReadsUnderPressure reads with hardly any room, or with none that is not waited for: the events are those that come with as much as one likes, and all room is given back.
func TestReadsUnderPressure(t *testing.T) {
	s := mixed(t)
	for _, text := range []string{
		`{}`, `{"backwards":true}`, `{"limit":7}`, `{"limit":9,"backwards":true}`, `{"start":5}`, `{"start":11,"backwards":true,"limit":3}`, `{"batch_size":1}`, `{"batch_size":2,"limit":8}`,
		`{"query":{"items":[{"types":["T1"]}]}}`,
	} {
		var want []store.Position
		for _, room := range []*bounded{nil, {most: 1}, {most: 1, grudgingOnce: true}, {most: 1 << 20}} {
			o := Options{Store: func(context.Context) (store.Store, error) { return s, nil }}
			if room != nil {
				o.Room = room
			}
			r := &readRequest{}
			if _, err := decoded(message(t, "ReadRequest", text), r); err != nil {
				t.Fatal(err)
			}
			h, done := &hoard{ctx: t.Context()}, make(chan struct{})
			var taker sync.WaitGroup
			taker.Go(func() { h.taking(done) })
			err := New(o).read(r, h)
			close(done)
			taker.Wait()
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			got := h.positions(t)
			if room == nil {
				want = got
				continue
			}
			if !slices.Equal(got, want) || len(want) == 0 {
				t.Errorf("%s with room for %d: %d; want %d", text, room.most, got, want)
			}
			if n := room.inUse(); n != 0 {
				t.Errorf("%s with room for %d: %d bytes of it are taken for ever", text, room.most, n)
			}
		}
	}
}

// TestFollowsUnderPressure is TestReadsUnderPressure for a subscription.
func TestFollowsUnderPressure(t *testing.T) {
	s := mixed(t)
	ctx, cancel := context.WithCancel(t.Context())
	room := &bounded{most: 1, grudgingOnce: true}
	h, done, ended := &hoard{ctx: ctx}, make(chan struct{}), make(chan error, 1)
	var taker sync.WaitGroup
	taker.Go(func() { h.taking(done) })
	go func() {
		ended <- New(Options{Store: func(context.Context) (store.Store, error) { return s, nil }, Room: room}).subscribe(&subscribeRequest{}, h)
	}()
	until(t, "all events came", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		got := h.positions(t)
		return len(got) == 11 && slices.IsSorted(got)
	})
	cancel()
	if err := <-ended; status.Code(err) != codes.Canceled {
		t.Errorf("the subscription ends with %v", err)
	}
	close(done)
	taker.Wait()
	if n := room.inUse(); n != 0 {
		t.Errorf("%d bytes are taken for ever", n)
	}
}

// TestSilentClientHoldsLittle has a client that takes nothing of many small messages: they take no more memory than a call may have, and the call goes on when it takes them.
func TestSilentClientHoldsLittle(t *testing.T) {
	s := memory.New(memory.Options{})
	const events = 200
	for range events {
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "T"}}}); err != nil {
			t.Fatal(err)
		}
	}
	service := New(Options{Store: func(context.Context) (store.Store, error) { return s, nil }})
	r, h, ended := &readRequest{batchSize: optional{n: 1, set: true}}, &hoard{ctx: t.Context()}, make(chan error, 1)
	go func() { ended <- service.read(r, h) }()
	for {
		until(t, "the call waits, or has ended", func() bool {
			bytes, _ := h.size()
			return bytes > smallBuffers-firstResponse || len(ended) > 0
		})
		if bytes, messages := h.size(); bytes > smallBuffers || messages > smallBuffers/firstResponse {
			t.Fatalf("%d bytes of %d messages; want at most %d", bytes, messages, smallBuffers)
		}
		over := len(ended) > 0
		h.take()
		if over {
			break
		}
	}
	if got := h.positions(t); <-ended != nil || len(got) != events {
		t.Errorf("%d events; want %d", len(got), events)
	}
}

// reads counts the reads that are going on.
type reads struct {
	store.Store
	open atomic.Int64
}

// Read counts.
func (r *reads) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		r.open.Add(1)
		defer r.open.Add(-1)
		r.Store.Read(ctx, q, o)(yield)
	}
}

// TestWhoWaitsHoldsNothing reads a large event without room: while it is waited for the event is not in memory, and it comes when there is room, or is refused with the error that says so.
func TestWhoWaitsHoldsNothing(t *testing.T) {
	s := &reads{Store: memory.New(memory.Options{})}
	if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "T", Data: make([]byte, 1<<20)}}}); err != nil {
		t.Fatal(err)
	}
	room := &bounded{most: 1 << 20}
	rig := newRig(t, func(o *Options) {
		o.Room = room
		o.Store = func(context.Context) (store.Store, error) { return s, nil }
	})
	for _, name := range []string{"Read", "Subscribe"} {
		room.refusal = nil
		if err := room.Take(t.Context(), 1<<20); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		asked, stream := room.asked.Load(), rig.open(ctx, name, `{}`)
		until(t, "it waits", func() bool { return room.asked.Load() > asked })
		if n := s.open.Load(); n != 0 {
			t.Errorf("%s: %d reads go on while it waits", name, n)
		}
		room.Give(1 << 20)
		if m, err := rig.next(stream, name); err != nil || len(m) < 1<<20 {
			t.Errorf("%s: %d bytes, %v", name, len(m), err)
		}
		cancel()
		until(t, "room is given back", func() bool { return room.inUse() == 0 })

		if err := room.Take(t.Context(), 1<<20); err != nil {
			t.Fatal(err)
		}
		room.refusal = &store.TooLargeError{What: "answer", Unit: "bytes"} // any error
		if a := rig.call(name, `{}`); a.Code != "InvalidArgument" || !strings.Contains(a.Details, "too large") {
			t.Errorf("%s: it is refused with %+v", name, a)
		}
		room.Give(1 << 20)
	}
}

// TestRoomOfSilentClients has clients that do not read answers, of many small events, and of large ones: the room suffices for all, and is given back however they go.
func TestRoomOfSilentClients(t *testing.T) {
	s := mixed(t)
	for range 2000 {
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "Many", Data: make([]byte, 1000)}}}); err != nil {
			t.Fatal(err)
		}
	}
	const most = 5 << 20
	room := &bounded{most: most}
	rig := newRig(t, func(o *Options) {
		o.Room = room
		o.Store = func(context.Context) (store.Store, error) { return s, nil }
	})
	for _, leave := range []string{"call by call", "at once"} {
		ctx, cancel := context.WithCancel(t.Context())
		asked := room.asked.Load()
		for range 20 {
			rig.open(ctx, "Read", `{}`)
			rig.open(ctx, "Subscribe", `{"query":{"items":[{"types":["Many"]}]}}`)
		}
		until(t, "there is no room", func() bool { return room.asked.Load() > asked })
		if leave == "at once" {
			if err := rig.conn.Close(); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		until(t, "room is given back", func() bool { return room.inUse() == 0 })
	}
	if n := room.highest(); n > most {
		t.Errorf("%d bytes of %d were taken", n, most)
	}
}

// cutOff is a connection that tells when it is closed.
type cutOff struct {
	unknown
	held   atomic.Int64
	atWork atomic.Int32
	closed atomic.Bool
}

// AuthType makes it something that a connection may have.
func (*cutOff) AuthType() string { return "" }

// AtWork counts.
func (c *cutOff) AtWork(d int32) { c.atWork.Add(d) }

// Holds counts.
func (c *cutOff) Holds(d int64) { c.held.Add(d) }

// Close tells.
func (c *cutOff) Close() error { c.closed.Store(true); return nil }

// TestRestIsNotWaitedForLong ends calls that have room: the one that ended for its client alone waits for a time, and then closes the connection; the one that ended altogether does not.
func TestRestIsNotWaitedForLong(t *testing.T) {
	for _, late := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		conn, room := &cutOff{}, &bounded{most: 1 << 20}
		var over atomic.Bool
		over.Store(late)
		o := &outbox{ctx: ctx, open: ctx, conn: conn, room: room, late: &over, rest: time.Millisecond}
		if err := o.waitLarge(largeBuffer); err != nil {
			t.Fatal(err)
		}
		m := o.hand(getBuffer(largeBuffer))
		o.close()
		if conn.closed.Load() != late || room.inUse() != 0 || conn.held.Load() != 0 {
			t.Errorf("late %t: the connection is closed: %t, and %d bytes are taken", late, conn.closed.Load(), room.inUse())
		}
		m.Free() // what gRPC still had
		if n := room.inUse(); n != 0 {
			t.Errorf("late %t: %d bytes were given back twice", late, -n)
		}
	}
}

// TestMakingIsNotHolding has a message that takes room while it is made: the client is to take it from when it is sent.
func TestMakingIsNotHolding(t *testing.T) {
	conn, room, h := &cutOff{}, &bounded{most: 1 << 20}, &hoard{ctx: t.Context()}
	b := &batch{stream: h, size: 10, outbox: outbox{ctx: t.Context(), open: t.Context(), conn: conn, room: room}}
	add := func() {
		if err := b.add(&store.Recorded{Position: 1, Event: store.Event{Type: "T", Data: make([]byte, 20<<10)}}); err != nil {
			t.Fatal(err)
		}
	}
	add()
	if made, held := room.inUse(), conn.held.Load(); made == 0 || held != 0 {
		t.Errorf("%d bytes are taken, and the client holds %d; want some, and nothing", made, held)
	}
	if err := b.send(); err != nil {
		t.Fatal(err)
	}
	if made, held := room.inUse(), conn.held.Load(); made == 0 || held != made {
		t.Errorf("%d bytes are taken, and the client holds %d; want all of some", made, held)
	}
	add()
	b.discard()
	h.take()
	b.end()
	if made, held := room.inUse(), conn.held.Load(); made != 0 || held != 0 {
		t.Errorf("%d bytes are taken, and the client holds %d, at the end", made, held)
	}
}

// dropping is a stream that ends while a message is sent, and drops that.
type dropping struct {
	hoard
	end func()
}

// SendMsg drops a message.
func (d *dropping) SendMsg(m any) error {
	out, ok := m.(outgoing)
	if !ok {
		return errors.ErrUnsupported
	}
	out.encode()
	d.end()
	return nil
}

// TestDroppedIsNotWaitedFor ends a call for its client while it sends, where gRPC drops the message and does not say so: the connection is not closed for it.
func TestDroppedIsNotWaitedFor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	conn, room := &cutOff{}, &bounded{most: 1 << 20}
	var over atomic.Bool
	stream := &dropping{hoard: hoard{ctx: ctx}, end: func() { over.Store(true); cancel() }}
	b := &batch{stream: stream, size: 1, outbox: outbox{ctx: ctx, open: ctx, conn: conn, room: room, late: &over, rest: time.Millisecond}}
	if err := b.add(&store.Recorded{Position: 1, Event: store.Event{Type: "T", Data: make([]byte, 20<<10)}}); err != nil {
		t.Fatal(err)
	}
	if room.inUse() == 0 {
		t.Fatal("the message has no room")
	}
	b.end()
	if n := room.inUse(); n != 0 || conn.held.Load() != 0 || conn.closed.Load() {
		t.Errorf("%d bytes are taken, and the connection is closed: %t", n, conn.closed.Load())
	}
}
