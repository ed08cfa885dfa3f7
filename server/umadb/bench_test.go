package umadb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// emptyRequest and emptyService are the floor: grpc-go with messages that nobody looks at.
type emptyRequest struct{ n int }

func (r *emptyRequest) decode(b mem.Buffer) error { r.n = b.Len(); return nil }

type emptyService struct{}

func emptyDescription() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: ServiceName, HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Append", Handler: func(_ any, _ context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var r emptyRequest
			if err := dec(&r); err != nil {
				return nil, err
			}
			return position(7), nil
		}}},
	}
}

func benchConn(b *testing.B, register func(*grpc.Server)) *grpc.ClientConn {
	b.Helper()
	server := grpc.NewServer(ServerOptions()...)
	register(server)
	l, err := new(net.ListenConfig).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go server.Serve(l) //nolint:errcheck // it ends when it is stopped
	b.Cleanup(server.Stop)
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(bytesCodec{})))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return conn
}

// discarding is a store that takes everything and keeps nothing.
type discarding struct {
	store.Store
	head *atomic.Uint64
}

func (s discarding) Append(context.Context, store.Commit) (store.Result, error) {
	p := store.Position(s.head.Add(1))
	return store.Result{First: p, Last: p}, nil
}

// BenchmarkAppend appends one event of 256 bytes under a condition that holds, client included: to nothing, to a store that keeps nothing, and
// to one in memory. The first is the floor of the others.
func BenchmarkAppend(b *testing.B) {
	request := message(b, "AppendRequest", `{"events":[{"event_type":"test-1","tags":["stream-0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11"],"data":"`+base(string(make([]byte, 256)))+`"}],`+
		`"condition":{"fail_if_events_match":{"items":[{"types":["none"],"tags":["stream-0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11"]}]},"after":0}}`)
	serve := func(s store.Store) func(*grpc.Server) {
		return func(g *grpc.Server) {
			New(Options{Store: func(context.Context) (store.Store, error) { return s, nil }}).Register(g)
		}
	}
	for _, bm := range []struct {
		name     string
		register func(*grpc.Server)
	}{
		{"to=nothing", func(g *grpc.Server) { g.RegisterService(emptyDescription(), emptyService{}) }},
		{"to=discarding", serve(discarding{head: new(atomic.Uint64)})},
		{"to=memory", serve(memory.New(memory.Options{}))},
	} {
		b.Run(bm.name, func(b *testing.B) {
			conn := benchConn(b, bm.register)
			b.SetParallelism(16) // calls in flight on the one connection, for each processor
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					var reply []byte
					if err := conn.Invoke(b.Context(), "/"+ServiceName+"/Append", &request, &reply); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// readNothing answers a read with the same bytes each time.
func readNothing(reply *fixed) grpc.StreamHandler {
	return func(_ any, stream grpc.ServerStream) error {
		var r emptyRequest
		if err := stream.RecvMsg(&r); err != nil {
			return err
		}
		return stream.SendMsg(reply)
	}
}

type fixed struct{ b []byte }

func (f *fixed) encode() mem.Buffer { return mem.SliceBuffer(f.b) }

// BenchmarkRead reads ten events of 256 bytes by their tag, client included: from nothing, which answers the same bytes, and from a store
// in memory.
func BenchmarkRead(b *testing.B) {
	s := memory.New(memory.Options{})
	for i := range 10_000 {
		e := store.Event{Type: "test-1", Tags: []string{fmt.Sprintf("stream-%d", i/10)}, Data: make([]byte, 256)}
		if _, err := s.Append(b.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
			b.Fatal(err)
		}
	}
	request := message(b, "ReadRequest", `{"query":{"items":[{"tags":["stream-500"]}]},"limit":10}`)
	var reply []byte
	read := func(conn *grpc.ClientConn) error {
		stream, err := conn.NewStream(b.Context(), &grpc.StreamDesc{ServerStreams: true}, "/"+ServiceName+"/Read")
		if err != nil {
			return err
		}
		if err := errors.Join(stream.SendMsg(&request), stream.CloseSend()); err != nil {
			return err
		}
		for {
			var m []byte
			if err := stream.RecvMsg(&m); err != nil {
				return err
			}
			reply = m
		}
	}
	serve := func(g *grpc.Server) {
		New(Options{Store: func(context.Context) (store.Store, error) { return s, nil }}).Register(g)
	}
	if err := read(benchConn(b, serve)); !errors.Is(err, io.EOF) || len(reply) < 10*256 {
		b.Fatal(err, len(reply))
	}
	same := &fixed{reply}
	for _, bm := range []struct {
		name     string
		register func(*grpc.Server)
	}{
		{"from=nothing", func(g *grpc.Server) {
			g.RegisterService(&grpc.ServiceDesc{ServiceName: ServiceName, HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{
				{StreamName: "Read", Handler: readNothing(same), ServerStreams: true},
			}}, emptyService{})
		}},
		{"from=memory", serve},
	} {
		b.Run(bm.name, func(b *testing.B) {
			conn := benchConn(b, bm.register)
			b.ReportAllocs()
			for b.Loop() {
				if err := read(conn); !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDecodeAppend decodes and releases a request, without a call.
func BenchmarkDecodeAppend(b *testing.B) {
	for _, items := range []int{1, 1000} {
		text := `{"events":[{"event_type":"test-1","tags":["a","b"],"data":"` + base(string(make([]byte, 256))) + `"}],"condition":{"fail_if_events_match":{"items":[`
		for i := range items {
			if i > 0 {
				text += ","
			}
			text += fmt.Sprintf(`{"tags":["originator:%d","version:%d"]}`, i, i)
		}
		buf := mem.SliceBuffer(message(b, "AppendRequest", text+`]}}}`))
		b.Run(fmt.Sprintf("items=%d", items), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := newAppendRequest()
				if err := r.decode(buf); err != nil {
					b.Fatal(err)
				}
				r.release()
			}
		})
	}
}

// BenchmarkEncode encodes ten events as a response.
func BenchmarkEncode(b *testing.B) {
	for _, metadata := range []string{"", `{"actor":"ada","k":"v"}`} {
		r := store.Recorded{Position: 1 << 20, Event: store.Event{Type: "test-1", Tags: []string{"stream-1"}, Data: make([]byte, 256), Metadata: []byte(metadata)}}
		b.Run(fmt.Sprintf("metadata=%t", metadata != ""), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				out := batch{size: 100}
				for range 10 {
					_ = out.add(&r)
				}
				out.encode().Free()
			}
		})
	}
}
