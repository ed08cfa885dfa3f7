package umadb

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/gestadb/gesta/store"
)

// begin begins a call whose request does not end.
func (r *rig) begin(name string, request []byte) grpc.ClientStream {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	r.t.Cleanup(cancel)
	stream, err := r.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/"+ServiceName+"/"+name)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := stream.SendMsg(&request); err != nil {
		r.t.Fatal(err)
	}
	return stream
}

// TestReceiveTime sends requests that do not end: they are answered, and others are received in their place.
func TestReceiveTime(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MaxReceiving, o.MaxReceiveTime = 1, 100*time.Millisecond })
	for name := range calls {
		stream := r.begin(name, nil)
		_, err := r.next(stream, name)
		if got := codeOf(err); got != "DeadlineExceeded" {
			t.Errorf("%s: %s", name, got)
		}
		if got, want := r.details(stream), `{"message":"io error: the request was not received in time"}`; got != want {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
	}
	r.want("Append", `{"events":[{"event_type":"T"}]}`, ok(`{"position":"1"}`))
}

// TestPlaceIsWaitedFor has one request wait for the place of another, which waits for its client: the one that can do nothing for it is at work.
func TestPlaceIsWaitedFor(t *testing.T) {
	in, sent := NewIntake(1, time.Minute), make(chan struct{})
	receive := func(any) error { <-sent; return nil }
	conns := []*cutOff{{}, {}}
	var requests sync.WaitGroup
	defer requests.Wait()
	send := sync.OnceFunc(func() { close(sent) })
	defer send()
	for _, c := range conns {
		ctx := peer.NewContext(t.Context(), &peer.Peer{AuthInfo: c})
		requests.Go(func() {
			if err := in.Receive(ctx, receive, nil); err != nil {
				t.Error(err)
			}
		})
	}
	until(t, "one of them is at work", func() bool { return len(in.places) == 1 && conns[0].atWork.Load()+conns[1].atWork.Load() == 1 })
	send()
	requests.Wait()
	if a, b := conns[0].atWork.Load(), conns[1].atWork.Load(); a != 0 || b != 0 {
		t.Errorf("%d and %d are at work at the end", a, b)
	}
}

// countedConn counts what is written.
type countedConn struct {
	net.Conn
	written *atomic.Int64
}

func (c countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.written.Add(int64(n))
	return n, err
}

// TestReceiving sends large requests while another has the only place: no more of each is taken than a window.
func TestReceiving(t *testing.T) {
	var written atomic.Int64
	r := newRig(t, func(o *Options) { o.MaxReceiving = 1 })
	r.redial(func(c net.Conn) net.Conn { return countedConn{c, &written} })
	first := r.begin("Append", message(t, "AppendRequest", `{"events":[{"event_type":"first"}]}`))
	unknown := func() {
		if err := r.conn.Invoke(t.Context(), "/no/such", &[]byte{}, &[]byte{}); status.Code(err) != codes.Unimplemented {
			t.Fatal(err)
		}
	}
	unknown() // the first has its place: what was sent after it is answered
	const others, size = 8, 1 << 20
	streams := []grpc.ClientStream{first}
	large := field(1, string(append(field(1, "T"), field(3, strings.Repeat("x", size))...)))
	for range others {
		next := r.begin("Append", large)
		if err := next.CloseSend(); err != nil {
			t.Fatal(err)
		}
		streams = append(streams, next)
	}
	for range 20 {
		unknown()
	}
	if got, most := written.Load(), int64(others*StreamWindow+64<<10); got > most {
		t.Errorf("%d bytes were taken; want %d at the most", got, most)
	}
	if err := first.CloseSend(); err != nil {
		t.Fatal(err)
	}
	for _, s := range streams {
		if m, err := r.next(s, "Append"); err != nil {
			t.Errorf("%s %v", m, err)
		}
	}
}

// TestReadNobodyTakes reads without taking what is read: the call ends all the same, in its time.
func TestReadNobodyTakes(t *testing.T) {
	ended := make(chan error, 1)
	r := newRig(t, func(o *Options) { o.MaxReadTime = 10 * time.Millisecond },
		grpc.StreamInterceptor(func(service any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			err := handler(service, stream)
			ended <- err
			return err
		}))
	for range 8 {
		r.append(store.Event{Type: "T", Data: bytes.Repeat([]byte("x"), maxResponse)})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	stream := r.open(ctx, "Read", `{"limit":8}`)
	if err := <-ended; status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("the read ended with %v", err)
	}
	for {
		if _, err := r.next(stream, "Read"); err != nil {
			if got := codeOf(err); got != "DeadlineExceeded" {
				t.Errorf("the client learns %s", got)
			}
			return
		}
	}
}

// TestResponsesAreShort reads events that take many messages.
func TestResponsesAreShort(t *testing.T) {
	r := newRig(t, nil)
	for range 100 {
		r.append(store.Event{Type: "T", Data: bytes.Repeat([]byte("x"), 10_000)})
	}
	stream := r.open(t.Context(), "Read", `{}`)
	for messages := 0; ; messages++ {
		var b []byte
		if err := stream.RecvMsg(&b); err != nil {
			if messages < 4 {
				t.Errorf("%d messages, then %v", messages, err)
			}
			break
		}
		if len(b) > 256<<10 {
			t.Errorf("a message has %d bytes", len(b))
		}
	}
	if got := cap(*pool.Get(maxResponse)); got > 256<<10 {
		t.Errorf("the buffer of a message has %d bytes", got)
	}
}

// TestMaxEvents appends as many events as an option says, which is more than the default.
func TestMaxEvents(t *testing.T) {
	const most = defaultEvents + 10
	r := newRig(t, func(o *Options) { o.MaxEvents = most })
	for _, n := range []int{most + 1, most} {
		b := bytes.Repeat(field(1, string(field(1, "T"))), n)
		var answer []byte
		err := r.conn.Invoke(t.Context(), "/"+ServiceName+"/Append", &b, &answer)
		if (err == nil) != (n == most) {
			t.Errorf("%d events: %v", n, err)
		}
	}
	if head, err := r.store.Head(t.Context()); head != most {
		t.Errorf("the head is %d, %v; want %d", head, err, most)
	}
}
