package umadb

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/test/bufconn"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

func base(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func (r *rig) want(name, request string, want answer) {
	r.t.Helper()
	if d := cmp.Diff(want, r.call(name, request)); d != "" {
		r.t.Errorf("%s %s (-want +got):\n%s", name, request, d)
	}
}

func ok(messages ...string) answer { return answer{Messages: messages} }

func refused(code, kind, message string) answer {
	details := fmt.Sprintf(`{"message":%q,"error_type":%q}`, message, kind)
	if kind == "" {
		details = fmt.Sprintf(`{"message":%q}`, message)
	}
	return answer{Code: code, Details: details}
}

func TestEventsOfOthers(t *testing.T) {
	r := newRig(t, nil)
	r.append(
		store.Event{
			Stream: "order-1", Type: "Placed", Tags: []string{"b", "a", "b"}, Data: []byte(`{"n":1}`), ID: "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11",
			Metadata: []byte(`{"actor":"ada","x":"\ud83d\ude00\n\u0041","n": {"a" : [1, "]"]},"correlationId":"r","t":true,"umadb":"no list"}`),
		},
		store.Event{Type: "T", Metadata: []byte("no JSON")},
		store.Event{Type: "T", Metadata: []byte(`["a list"]`)},
		store.Event{Type: "T", Metadata: []byte(`{"umadb":[{"index":0,"key":"k"},7,{"index":-1,"key":"k","value":"v"}]}`)},
	)
	r.want("Read", `{}`, ok(`{"events":[`+
		`{"position":"1","event":{"event_type":"Placed","tags":["b","a","b"],"data":"`+base(`{"n":1}`)+`","uuid":"0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11",`+
		`"metadata":[{"key":"x","value":"`+"\U0001F600"+`\nA"},{"key":"n","value":"{\"a\":[1,\"]\"]}"},{"key":"t","value":"true"}]}},`+
		`{"position":"2","event":{"event_type":"T"}},{"position":"3","event":{"event_type":"T"}},{"position":"4","event":{"event_type":"T"}}],"head":"4"}`))
}

func TestWhatAnEventBecomes(t *testing.T) {
	r := newRig(t, nil)
	r.want("Append", `{"events":[{"event_type":"T","tags":["a"],"data":"`+base(`{"n":1}`)+`","metadata":[{"key":"k","value":"v"},{"key":"actor","value":"me"},{"key":"l"}]},`+
		`{"event_type":"T","data":"`+base("\x00")+`"}],"tracking_info":{"source":"s","position":7}}`, ok(`{"position":"2"}`))
	var got []store.Event
	for e, err := range r.store.Read(t.Context(), nil, store.ReadOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Event)
	}
	want := []store.Event{
		{Type: "T", Tags: []string{"a"}, Data: []byte(`{"n":1}`), Metadata: []byte(`{"k":"v","l":"","umadb":[{"index":1,"key":"actor","value":"me"}]}`)},
		{Type: "T", Data: []byte{0}, ContentType: "application/octet-stream"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestNotes has metadata noted by gesta itself beside the entries that a client sent.
func TestNotes(t *testing.T) {
	entries := `"metadata":[{"key":"traceparent","value":"mine"},{"key":"k","value":"v"},{"key":"actor","value":"me"}]`
	r := newRig(t, func(o *Options) {
		inner := o.Store
		o.Store = func(ctx context.Context) (store.Store, error) {
			s, err := inner(ctx)
			return noting{s}, err
		}
	})
	r.want("Append", `{"events":[{"event_type":"T",`+entries+`},{"event_type":"T"}]}`, ok(`{"position":"2"}`))
	r.want("Read", `{}`, ok(`{"events":[{"position":"1","event":{"event_type":"T",`+entries+`}},{"position":"2","event":{"event_type":"T"}}],"head":"2"}`))
}

// noting is a store that notes who appends.
type noting struct{ store.Store }

func (s noting) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	for i := range c.Events {
		m := c.Events[i].Metadata
		if len(m) == 0 {
			m = []byte("{}")
		}
		m = append([]byte(strings.TrimSuffix(string(m), "}")), `,"actor":"ada","traceparent":"00-1"}`...)
		c.Events[i].Metadata = []byte(strings.Replace(string(m), "{,", "{", 1))
	}
	return s.Store.Append(ctx, c)
}

func TestSystemStreamsAreHoles(t *testing.T) {
	r := newRig(t, nil)
	system := store.Event{Stream: "$users", Type: "T", Tags: []string{"a"}}
	const doomed = `"condition":{"fail_if_events_match":{"items":[{"types":["T"]}]}}`
	r.append(system, system)
	r.want("Head", `{}`, ok(`{}`))
	r.want("Read", `{}`, ok(`{}`))
	r.want("Append", `{"events":[{"event_type":"T"}],`+doomed+`}`, ok(`{"position":"3"}`))
	r.append(system)
	r.want("Head", `{}`, ok(`{"position":"3"}`))
	r.want("Append", `{"events":[{"event_type":"T"}],`+doomed+`}`, refused("FailedPrecondition", "INTEGRITY",
		"integrity error: condition failed: condition matched the event at position 3"))
	r.want("Append", `{"events":[{"event_type":"T"}]}`, ok(`{"position":"5"}`))
	r.append(system)
	event := func(p int) string { return fmt.Sprintf(`{"position":"%d","event":{"event_type":"T"}}`, p) }
	r.want("Read", `{}`, ok(`{"events":[`+event(3)+`,`+event(5)+`],"head":"5"}`))
	r.want("Read", `{"limit":2}`, ok(`{"events":[`+event(3)+`,`+event(5)+`],"head":"5"}`))
	r.want("Read", `{"limit":2,"backwards":true}`, ok(`{"events":[`+event(5)+`,`+event(3)+`],"head":"3"}`))
	r.want("Read", `{"limit":3,"backwards":true,"batch_size":1}`, ok(`{"events":[`+event(5)+`],"head":"5"}`, `{"events":[`+event(3)+`],"head":"3"}`))
	stream := r.open(t.Context(), "Subscribe", `{}`)
	for _, want := range []string{`{"events":[` + event(3) + `,` + event(5) + `]}`} {
		if got, err := r.next(stream, "Subscribe"); err != nil || got != want {
			t.Errorf("subscription: %s, %v; want %s", got, err, want)
		}
	}
}

// TestManyHoles has more system events than a conflict carries.
func TestManyHoles(t *testing.T) {
	r := newRig(t, nil)
	for range 2*store.MaxConflictEvents + 1 {
		r.append(store.Event{Stream: "$x", Type: "T"})
	}
	const unless = `"condition":{"fail_if_events_match":{"items":[{"types":["T"]}]}}`
	r.want("Append", `{"events":[{"event_type":"T"}],`+unless+`}`, ok(fmt.Sprintf(`{"position":"%d"}`, 2*store.MaxConflictEvents+2)))
}

// TestOrder holds that what is wrong with a commit is told only once its condition held.
func TestOrder(t *testing.T) {
	r := newRig(t, nil)
	r.append(store.Event{Type: "T", ID: "0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11"})
	const holds, fails = `"condition":{"after":1}`, `"condition":{}`
	conflict := refused("FailedPrecondition", "INTEGRITY", "integrity error: condition failed: condition matched the event at position 1")
	for _, tt := range []struct{ what, commit, problem string }{
		{"empty type", `"events":[{"event_type":""}]`, "type is empty"},
		{"control character", `"events":[{"event_type":"a\nb"}]`, `type "a\nb" has a control character`},
		{"empty tag", `"events":[{"event_type":"T","tags":[""]}]`, "tag is empty"},
		{"key twice", `"events":[{"event_type":"T","metadata":[{"key":"k"},{"key":"k"}]}]`, "metadata contains duplicate keys"},
		{"tracking position", `"events":[{"event_type":"T"}],"tracking_info":{"source":"s"}`, "tracking position 0 is not between 1 and 2^53-1"},
		{"source", `"events":[],"tracking_info":{"position":1}`, "tracking source is empty"},
		{"long source", `"events":[],"tracking_info":{"source":"` + strings.Repeat("s", 256) + `","position":1}`, "tracking source too long (256 > 255)"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			got, wanted := r.call("Append", `{`+tt.commit+`,`+holds+`}`), refused("InvalidArgument", "INVALID_ARGUMENT", "invalid argument: "+tt.problem)
			if d := cmp.Diff(wanted, got); d != "" {
				t.Errorf("where the condition holds (-want +got):\n%s", d)
			}
			if d := cmp.Diff(conflict, r.call("Append", `{`+tt.commit+`,`+fails+`}`)); d != "" {
				t.Errorf("where it fails (-want +got):\n%s", d)
			}
		})
	}
	r.want("Append", `{"events":[{"event_type":"","uuid":"0199A7C2-5B1E-7C3D-9F00-2F6D1C0A9B11"}],`+fails+`}`, ok(`{"position":"1"}`))
	r.want("Head", `{}`, ok(`{"position":"1"}`))
}

func TestLimits(t *testing.T) {
	r := newRig(t, func(o *Options) { o.MaxEvents, o.MaxQueryParts = 2, 3 })
	const e = `{"event_type":"T"}`
	invalid := func(message string) answer {
		return refused("InvalidArgument", "INVALID_ARGUMENT", "invalid argument: "+message)
	}
	r.want("Append", `{"events":[`+e+`,`+e+`]}`, ok(`{"position":"2"}`))
	r.want("Append", `{"events":[`+e+`,`+e+`,`+e+`]}`, invalid("append has more than 2 events"))
	const query, tooLong = `{"items":[{"types":["a"],"tags":["b"]}]}`, `{"items":[{"types":["a"],"tags":["b","c"]}]}`
	tooMany := invalid("query has more than 3 items, types and tags")
	r.want("Read", `{"query":`+query+`}`, ok(`{"head":"2"}`))
	r.want("Read", `{"query":`+tooLong+`}`, tooMany)
	r.want("Subscribe", `{"query":`+tooLong+`}`, tooMany)
	r.want("Append", `{"events":[`+e+`],"condition":{"fail_if_events_match":`+tooLong+`}}`, tooMany)
}

// TestHostile sends messages of so many parts that they would be large in memory.
func TestHostile(t *testing.T) {
	r := newRig(t, nil)
	many := func(part []byte) []byte { return bytes.Repeat(part, MaxRequest/2/len(part)-100) }
	for _, tt := range []struct {
		name, call string
		request    []byte
		problem    string
	}{
		{"events", "Append", many(field(1, "")), "append has more than 65536 events"},
		{"items", "Append", field(2, string(field(1, string(many(field(1, "")))))), "query has more than 4096 items, types and tags"},
		{"terms", "Read", field(1, string(field(1, string(many(field(2, "")))))), "query has more than 4096 items, types and tags"},
		{"terms of a subscription", "Subscribe", field(1, string(field(1, string(many(field(1, "")))))), "query has more than 4096 items, types and tags"},
		{"entries", "Append", field(1, string(field(1, "T"))+string(many(field(5, "")))), "metadata has too many entries"},
		{"tags", "Append", field(1, string(field(1, "T"))+string(many(field(2, "a")))), "too large: event envelope has"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stream, err := r.conn.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, "/"+ServiceName+"/"+tt.call)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(stream.SendMsg(&tt.request), stream.CloseSend()); err != nil {
				t.Fatal(err)
			}
			_, err = r.next(stream, tt.call)
			if codeOf(err) != "InvalidArgument" || !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("%v; want %s", err, tt.problem)
			}
		})
	}
	r.want("Head", `{}`, ok(`{}`))
}

func TestOtherServices(t *testing.T) {
	serving := health.NewServer()
	serving.SetServingStatus(ServiceName, healthpb.HealthCheckResponse_SERVING)
	server := grpc.NewServer(ServerOptions()...)
	healthpb.RegisterHealthServer(server, serving)
	l := bufconn.Listen(1 << 16)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:test", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	got, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: ServiceName})
	if err != nil || got.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("%v, %v; want serving", got, err)
	}
	_ = conn.Close()
	server.Stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestCut has events that together are longer than a client takes.
func TestCut(t *testing.T) {
	r := newRig(t, nil)
	large := store.Event{Type: "T", Data: make([]byte, 400<<10)}
	for range 10 {
		r.append(large)
	}
	r.append(store.Event{Type: "T", Data: make([]byte, 3<<20)})
	events := 0
	for _, m := range r.call("Read", `{}`).Messages {
		n := strings.Count(m, `"position"`)
		if events += n; n > 2 || len(m) > 4<<20*3/2 {
			t.Errorf("a message has %d events and %d bytes", n, len(m))
		}
	}
	if events != 11 {
		t.Errorf("%d events; want 11", events)
	}
}

func TestClose(t *testing.T) {
	r := newRig(t, nil)
	stream := r.open(t.Context(), "Subscribe", `{}`)
	nothing := r.open(t.Context(), "Subscribe", `{"query":{"items":[{"tags":[""]}]}}`)
	if _, err := stream.Header(); err != nil {
		t.Fatal(err)
	}
	r.append(store.Event{Type: "T"})
	if m, err := r.next(stream, "Subscribe"); err != nil || m != `{"events":[{"position":"1","event":{"event_type":"T"}}]}` {
		t.Fatal(m, err)
	}
	r.service.Close()
	for _, s := range []grpc.ClientStream{stream, nothing, r.open(t.Context(), "Subscribe", `{}`)} {
		for {
			_, err := r.next(s, "Subscribe")
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("a subscription ends with %v", err)
			}
		}
	}
	r.want("Head", `{}`, ok(`{"position":"1"}`))
}

// stuck is a store whose reads do not get on.
type stuck struct{ store.Store }

func (stuck) Read(ctx context.Context, _ store.Query, _ store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		<-ctx.Done()
		yield(store.Recorded{}, ctx.Err())
	}
}

func TestMaxReadTime(t *testing.T) {
	r := newRig(t, func(o *Options) {
		inner := o.Store
		o.MaxReadTime = time.Millisecond
		o.Store = func(ctx context.Context) (store.Store, error) {
			s, err := inner(ctx)
			return stuck{s}, err
		}
	})
	r.want("Read", `{"limit":1}`, refused("DeadlineExceeded", "", "io error: read took too long"))
}

func TestErrors(t *testing.T) {
	var fails error
	r := newRig(t, func(o *Options) {
		o.Store = func(context.Context) (store.Store, error) { return nil, fails }
	})
	for _, tt := range []struct {
		err  error
		want answer
	}{
		{&eventjson.Error{Code: eventjson.CodeDenied, Message: "no"}, refused("PermissionDenied", "AUTHENTICATION", "authentication error: no")},
		{&eventjson.Error{Code: eventjson.CodeUnauthenticated, Message: "who"}, refused("Unauthenticated", "AUTHENTICATION", "authentication error: who")},
		{&eventjson.Error{Code: eventjson.CodeRateLimited, Message: "slower"}, refused("ResourceExhausted", "", "io error: slower")},
		{&store.DamagedError{File: "f", Problem: "p"}, refused("DataLoss", "CORRUPTION", "corruption detected: damaged: f at offset 0: p")},
		{&store.TruncatedError{First: 7}, refused("OutOfRange", "", "io error: truncated: the first position left is 7")},
		{store.ErrClosed, refused("Unavailable", "", "io error: store is closed")},
		{store.ErrReadOnly, refused("Unavailable", "", "io error: store is read-only")},
		{&store.UnknownError{Cause: io.ErrUnexpectedEOF}, refused("Unknown", "", "io error: outcome unknown: unexpected EOF")},
		{errors.New("odd"), refused("Internal", "INTERNAL", "internal error: odd")},
	} {
		fails = tt.err
		for name := range calls {
			if d := cmp.Diff(tt.want, r.call(name, `{}`)); d != "" {
				t.Errorf("%s, %v (-want +got):\n%s", name, tt.err, d)
			}
		}
	}
}

func TestInterceptors(t *testing.T) {
	var seen []string
	r := newRig(t, nil,
		grpc.UnaryInterceptor(func(ctx context.Context, req any, info *grpc.UnaryServerInfo, call grpc.UnaryHandler) (any, error) {
			seen = append(seen, info.FullMethod)
			if strings.HasSuffix(info.FullMethod, "Head") {
				return nil, Error(ctx, eventjson.CodeUnauthenticated, "missing or invalid API key")
			}
			return call(ctx, req)
		}),
		grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, call grpc.StreamHandler) error {
			seen = append(seen, info.FullMethod)
			return Error(stream.Context(), eventjson.CodeUnauthenticated, "missing or invalid API key")
		}))
	unauthenticated := refused("Unauthenticated", "AUTHENTICATION", "authentication error: missing or invalid API key")
	r.want("Append", `{"events":[{"event_type":"T"}]}`, ok(`{"position":"1"}`))
	r.want("Head", `{}`, unauthenticated)
	r.want("Read", `{}`, unauthenticated)
	r.want("Subscribe", `{}`, unauthenticated)
	want := []string{"/umadb.v1.DCB/Append", "/umadb.v1.DCB/Head", "/umadb.v1.DCB/Read", "/umadb.v1.DCB/Subscribe"}
	if d := cmp.Diff(want, seen); d != "" {
		t.Error(d)
	}
}
