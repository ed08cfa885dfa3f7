package umadb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// bytesCodec takes messages as they stand on the wire.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }
func (bytesCodec) Marshal(v any) ([]byte, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return *b, nil
}

func (bytesCodec) Unmarshal(b []byte, v any) error {
	out, ok := v.(*[]byte)
	if !ok {
		return errors.ErrUnsupported
	}
	*out = bytes.Clone(b)
	return nil
}

// rig is a service over a store in memory, with a client.
type rig struct {
	t       *testing.T
	store   store.Store
	service *Service

	listener *bufconn.Listener
	conn     *grpc.ClientConn
}

func newRig(t *testing.T, change func(*Options), options ...grpc.ServerOption) *rig {
	t.Helper()
	s := memory.New(memory.Options{})
	o := Options{Store: func(context.Context) (store.Store, error) { return s, nil }}
	if change != nil {
		change(&o)
	}
	service := New(o)
	server := grpc.NewServer(append(ServerOptions(), options...)...)
	service.Register(server)
	r := &rig{t: t, store: s, service: service, listener: bufconn.Listen(1 << 20)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(r.listener)
	}()
	t.Cleanup(func() {
		service.Close()
		server.Stop()
		<-ended
		_ = s.Close()
	})
	r.redial(func(c net.Conn) net.Conn { return c })
	return r
}

// redial takes a new connection, around which there may be something.
func (r *rig) redial(around func(net.Conn) net.Conn) {
	r.t.Helper()
	conn, err := grpc.NewClient("passthrough:test",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			c, err := r.listener.DialContext(ctx)
			if err != nil {
				return nil, err
			}
			return around(c), nil
		}),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(bytesCodec{})))
	if err != nil {
		r.t.Fatal(err)
	}
	r.conn = conn
	r.t.Cleanup(func() { _ = conn.Close() })
}

// answer is what a call came to. The messages are in the JSON form of Protocol Buffers, without spaces.
type answer struct {
	Messages []string
	Code     string // of the error; empty for none
	Details  string // the ErrorResponse of the trailer
}

// message returns the bytes of a message of umadb.proto that is given as JSON.
func message(t testing.TB, name, text string) []byte {
	t.Helper()
	m := dynamic(t, protoreflect.Name(name))
	if err := protojson.Unmarshal([]byte(text), m); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// shown returns a message as JSON.
func shown(t testing.TB, name string, b []byte) string {
	t.Helper()
	m := dynamic(t, protoreflect.Name(name))
	if err := proto.Unmarshal(b, m); err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	if len(m.GetUnknown()) > 0 {
		t.Fatalf("%x has unknown fields", b)
	}
	out, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, out); err != nil {
		t.Fatal(err)
	}
	return compact.String()
}

// calls has the messages of each call.
var calls = map[string][2]string{
	"Append": {"AppendRequest", "AppendResponse"}, "Read": {"ReadRequest", "ReadResponse"},
	"Subscribe": {"SubscribeRequest", "SubscribeResponse"}, "Head": {"HeadRequest", "HeadResponse"},
	"GetTrackingInfo": {"TrackingRequest", "TrackingResponse"},
}

// call makes a call and returns all that it answers.
func (r *rig) call(name, request string) answer {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	stream := r.open(ctx, name, request)
	var a answer
	for {
		m, err := r.next(stream, name)
		if errors.Is(err, io.EOF) {
			return a
		}
		if err != nil {
			a.Code = codeOf(err)
			a.Details = r.details(stream)
			return a
		}
		a.Messages = append(a.Messages, m)
	}
}

// open begins a call.
func (r *rig) open(ctx context.Context, name, request string) grpc.ClientStream {
	r.t.Helper()
	stream, err := r.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/"+ServiceName+"/"+name)
	if err != nil {
		r.t.Fatal(err)
	}
	b := message(r.t, calls[name][0], request)
	if err := errors.Join(stream.SendMsg(&b), stream.CloseSend()); err != nil {
		r.t.Fatal(err)
	}
	return stream
}

func (r *rig) next(stream grpc.ClientStream, name string) (string, error) {
	r.t.Helper()
	var b []byte
	if err := stream.RecvMsg(&b); err != nil {
		return "", err
	}
	return shown(r.t, calls[name][1], b), nil
}

// codeOf returns the code of an error. A client of grpc-go takes the trailer for a google.rpc.Status, and says so in place of the code.
func codeOf(err error) string {
	const mark = "grpc-status="
	_, rest, ok := bytes.Cut([]byte(status.Convert(err).Message()), []byte(mark))
	if !ok {
		return status.Code(err).String()
	}
	code, _, _ := bytes.Cut(rest, []byte(","))
	return string(code)
}

func (r *rig) details(stream grpc.ClientStream) string {
	r.t.Helper()
	raw := stream.Trailer().Get(detailsTrailer)
	if len(raw) != 1 {
		return ""
	}
	return shown(r.t, "ErrorResponse", []byte(raw[0]))
}

// append appends events straight to the store.
func (r *rig) append(events ...store.Event) store.Result {
	r.t.Helper()
	res, err := r.store.Append(r.t.Context(), store.Commit{Events: events})
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

// decoded has b decoded into m.
func decoded[M incoming](b []byte, m M) (M, error) { return m, m.decode(mem.SliceBuffer(b)) }

func field(number protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), s)
}
