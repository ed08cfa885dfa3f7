package umadb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/memory"
)

// served serves a store over loopback and returns a client of it.
func served(t *testing.T, s store.Store, change func(*ClientOptions), options ...grpc.ServerOption) *Client {
	t.Helper()
	service := New(Options{Store: func(context.Context) (store.Store, error) { return s, nil }})
	server := grpc.NewServer(append(ServerOptions(), options...)...)
	service.Register(server)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l)
	}()
	o := ClientOptions{Target: l.Addr().String()}
	if change != nil {
		change(&o)
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		service.Close()
		server.Stop()
		<-ended
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// clientEvents are what a client reads.
func clientEvents() []store.Event {
	return []store.Event{
		{Type: "A"},
		{Type: "B", Tags: []string{"x:1", "x:1", "ü"}, Data: []byte(`{"a": 1.50}`), ID: "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11"},
		{Type: "C", Data: []byte{0, 255}, ContentType: rawContent, Metadata: []byte(`{"k":"v","umadb":[{"index":0,"key":"actor","value":"ada"},{"index":2,"key":"import","value":""}]}`)},
		{Type: "D", ID: nilID, Metadata: []byte(`{"":""}`)},
	}
}

// filled returns a store with n events, of clientEvents again and again; every third is tracked.
func filled(t *testing.T, n int) store.Store {
	t.Helper()
	s := memory.New(memory.Options{})
	for i := range n {
		c := store.Commit{Events: []store.Event{clientEvents()[i%4]}}
		if i%3 == 0 {
			c.Tracking = &store.Tracking{Source: "in", Position: uint64(i + 1)}
		}
		if _, err := s.Append(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// wantRead reads from a client and compares with what is in the store.
func wantRead(t *testing.T, c *Client, s store.Store, after, until store.Position) {
	t.Helper()
	var got, want []string
	line := func(r *store.Recorded) string {
		return fmt.Sprintf("%d %s %q %q %s %s %s %v", r.Position, r.Type, r.Tags, r.Data, r.ContentType, r.ID, r.Metadata, r.Tracking)
	}
	for r, err := range c.Read(t.Context(), after, until) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, line(&r))
	}
	for r, err := range s.Read(t.Context(), nil, store.ReadOptions{After: after, Until: until}) {
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, line(&r))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after %d until %d: %s", after, until, diff)
	}
}

func TestClient(t *testing.T) {
	s := filled(t, 50)
	c := served(t, s, func(o *ClientOptions) { o.BatchEvents = 7 })
	if head, err := c.Head(t.Context()); head != 50 || err != nil {
		t.Errorf("head %d, %v; want 50", head, err)
	}
	wantRead(t, c, s, 0, 50)
	wantRead(t, c, s, 20, 50)
	wantRead(t, c, s, 3, 11)
	wantRead(t, c, s, 50, 50)
	n := 0
	for r, err := range c.Read(t.Context(), 0, 50) {
		if n++; err != nil || int(r.Position) != n {
			t.Errorf("position %d, %v; want %d", r.Position, err, n)
		}
		if n == 9 {
			break
		}
	}
}

func TestClientEmpty(t *testing.T) {
	s := memory.New(memory.Options{})
	c := served(t, s, nil)
	if head, err := c.Head(t.Context()); head != 0 || err != nil {
		t.Errorf("head %d, %v; want 0", head, err)
	}
	wantRead(t, c, s, 0, 0)
}

// cutting ends each read after so many messages.
type cutting struct {
	grpc.ServerStream
	left int
	code codes.Code
}

func (c *cutting) SendMsg(m any) error {
	if c.left--; c.left < 0 {
		return status.Error(c.code, "cut")
	}
	return c.ServerStream.SendMsg(m)
}

// TestClientGoesOn has a server that breaks off again and again: nothing is missing or comes twice.
func TestClientGoesOn(t *testing.T) {
	for _, code := range []codes.Code{codes.Unavailable, codes.DeadlineExceeded} {
		var calls atomic.Int64
		s := filled(t, 50)
		c := served(t, s, func(o *ClientOptions) { o.BatchEvents = 3 },
			grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
				if err := handler(srv, &cutting{stream, int(1 + calls.Add(1)%3), code}); err != nil {
					return status.Error(code, "cut")
				}
				return nil
			}))
		wantRead(t, c, s, 0, 50)
		if n := calls.Load(); n < 5 {
			t.Errorf("%d calls; want the read to have been cut", n)
		}
	}
}

// TestClientGivesUp has a server that answers once and never again.
func TestClientGivesUp(t *testing.T) {
	var calls atomic.Int64
	c := served(t, filled(t, 50), func(o *ClientOptions) { o.BatchEvents, o.RetryTime = 3, 100*time.Millisecond },
		grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
			if calls.Add(1) > 1 {
				return status.Error(codes.Unavailable, "gone")
			}
			_ = handler(srv, &cutting{stream, 2, codes.Unavailable})
			return status.Error(codes.Unavailable, "cut")
		}))
	n, last := 0, error(nil)
	for _, err := range c.Read(t.Context(), 0, 50) {
		if last = err; err == nil {
			n++
		}
	}
	if d := eventjson.Describe(last); n != 6 || d.Code != eventjson.CodeUnavailable || !strings.HasSuffix(d.Message, "gone") || calls.Load() < 3 {
		t.Errorf("%d events in %d calls, then %v; want 6, and after some calls that the server is gone", n, calls.Load(), last)
	}
}

// TestClientLongMessages has a server that sends longer messages than a client takes: it asks for fewer events.
func TestClientLongMessages(t *testing.T) {
	s := memory.New(memory.Options{})
	for range 6 {
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "A", Data: make([]byte, 9<<20), ContentType: rawContent}}}); err != nil {
			t.Fatal(err)
		}
	}
	c := served(t, s, nil, grpc.StreamInterceptor(
		func(_ any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, _ grpc.StreamHandler) error {
			var r readRequest // as UmaDB, which does not cut messages by their bytes
			if err := stream.RecvMsg(&r); err != nil {
				return err
			}
			b := New(Options{Store: func(context.Context) (store.Store, error) { return s, nil }}).newBatch(stream, r.batchSize)
			defer b.end()
			for e, err := range s.Read(stream.Context(), nil, store.ReadOptions{After: store.Position(r.start.n - 1)}) {
				if err != nil {
					return err
				}
				if err := b.reserve(mostSize(&e)); err != nil {
					return err
				}
				b.out = appendSequenced(b.out, &e)
				if b.events++; b.events == b.size {
					if err := b.send(); err != nil {
						return err
					}
				}
			}
			return b.send()
		}))
	n := store.Position(0)
	for r, err := range c.Read(t.Context(), 0, 6) {
		if n++; err != nil || r.Position != n || len(r.Data) != 9<<20 {
			t.Fatalf("position %d with %d bytes, %v; want %d", r.Position, len(r.Data), err, n)
		}
	}
	if n != 6 {
		t.Errorf("%d events; want 6", n)
	}
}

func TestClientErrors(t *testing.T) {
	refusing := func(code eventjson.Code, message string) grpc.ServerOption {
		return grpc.StreamInterceptor(func(_ any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, _ grpc.StreamHandler) error {
			return Error(stream.Context(), code, message)
		})
	}
	for _, tt := range []struct {
		code, want eventjson.Code
	}{
		{eventjson.CodeUnauthenticated, eventjson.CodeUnauthenticated},
		{eventjson.CodeDenied, eventjson.CodeDenied},
		{eventjson.CodeDamaged, eventjson.CodeDamaged},
		{eventjson.CodeInternal, eventjson.CodeUnavailable},
		{eventjson.CodeUnavailable, eventjson.CodeUnavailable},
	} {
		c := served(t, filled(t, 1), nil, refusing(tt.code, "so it is"))
		for _, err := range c.Read(t.Context(), 0, 1) {
			if d := eventjson.Describe(err); d.Code != tt.want || !strings.HasSuffix(d.Message, "so it is") || strings.Contains(d.Message, "mismatch") {
				t.Errorf("%s is shown as %s: %s; want %s", tt.code, d.Code, d.Message, tt.want)
			}
		}
	}
	nobody, err := NewClient(ClientOptions{Target: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nobody.Close() }()
	if _, err := nobody.Head(t.Context()); eventjson.Describe(err).Code != eventjson.CodeUnavailable {
		t.Errorf("head of nobody: %v; want unavailable", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := nobody.Head(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("head with a context that is done: %v", err)
	}
}

// TestClientKey sends a key only under TLS.
func TestClientKey(t *testing.T) {
	if _, err := NewClient(ClientOptions{Target: "127.0.0.1:1", APIKey: "secret"}); !errors.Is(err, store.ErrInvalid) || strings.Contains(err.Error(), "secret") {
		t.Errorf("a key in clear text: %v; want that it is refused", err)
	}
	pair, pool := certificate(t)
	var got atomic.Value
	c := served(t, filled(t, 3), func(o *ClientOptions) { o.APIKey, o.TLS = "secret", pool },
		grpc.Creds(pair), grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			md, _ := metadata.FromIncomingContext(ctx)
			got.Store(md.Get("authorization"))
			return handler(ctx, req)
		}))
	if head, err := c.Head(t.Context()); head != 3 || err != nil {
		t.Errorf("head %d, %v; want 3", head, err)
	}
	if diff := cmp.Diff([]string{"Bearer secret"}, got.Load()); diff != "" {
		t.Error(diff)
	}
}
