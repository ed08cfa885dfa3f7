package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store"
)

// problem is what an error says in application/problem+json.
type problem struct {
	Type, Detail, Code string
	Status             int
}

// refused checks that an answer is the documented error of a code.
func refused(t *testing.T, what string, r *http.Response, wantStatus int, wantCode string) {
	t.Helper()
	media := r.Header.Get("Content-Type")
	code, body := status(t, r)
	var p problem
	if err := json.Unmarshal([]byte(body), &p); err != nil || media != "application/problem+json" {
		t.Errorf("%s: %d %s: %s", what, code, media, body)
		return
	}
	if code != wantStatus || p.Status != wantStatus || p.Code != wantCode || p.Type != "urn:gesta:error:"+wantCode || p.Detail == "" {
		t.Errorf("%s: %d %+v; want %d %s", what, code, p, wantStatus, wantCode)
	}
}

// post sends JSON to a server.
func post(t *testing.T, address, contentType, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// dial returns a connection of gRPC to a server.
func dial(t *testing.T, s *server.Server) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(s.URLs()[0], "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// call calls an RPC of UmaDB and returns its stream of answers.
func call(ctx context.Context, t *testing.T, conn *grpc.ClientConn, method string, request raw) grpc.ClientStream {
	t.Helper()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/umadb.v1.DCB/"+method, grpc.ForceCodec(rawCodec{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SendMsg(&request); err != nil && err != io.EOF { //nolint:errorlint // it is returned as it is
		t.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	return stream
}

// failsWith checks that the next answer of a call is an error of a code, which grpc-go quotes where UmaDB's protocol has a message of its own beside it.
func failsWith(t *testing.T, what string, stream grpc.ClientStream, want codes.Code) {
	t.Helper()
	var answer raw
	if err := stream.RecvMsg(&answer); err == nil || !strings.Contains(grpcstatus.Convert(err).String(), want.String()) {
		t.Errorf("%s: %v; want %s", what, err, want)
	}
}

// field returns a field of bytes.
func field(number protowire.Number, parts ...[]byte) []byte {
	var whole []byte
	for _, p := range parts {
		whole = append(whole, p...)
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), whole)
}

// umaEvents returns an AppendRequest of events whose data has so many bytes.
func umaEvents(events, data int) raw {
	var out raw
	for range events {
		out = append(out, field(1, field(1, []byte("T")), field(3, make([]byte, data)))...)
	}
	return out
}

// umaQuery returns a Query of items, each of one type.
func umaQuery(items int) []byte {
	var out []byte
	for n := range items {
		out = append(out, field(1, field(1, fmt.Appendf(nil, "T%d", n)))...)
	}
	return out
}

// TestLimits holds each limit of what a request has against each way to pass it: what is at the limit is taken, and one beyond it is refused as documented.
func TestLimits(t *testing.T) {
	served := newStore(t)
	s, _ := serve(t, server.Options{Store: served, Limits: server.Limits{EventBytes: 2000, CommitBytes: 5000, CommitEvents: 10, QueryItems: 3}})
	address, conn := s.URLs()[0], dial(t, s)
	event := func(bytes int) string { return `{"type":"T","data":"` + strings.Repeat("x", bytes) + `"}` }
	commit := func(events, bytes int) string {
		return `{"events":[` + strings.Join(slicesRepeat(event(bytes), events), ",") + `]}`
	}
	query := func(items int) string {
		return `[` + strings.Join(slicesRepeat(`{"types":["Other"]}`, items), ",") + `]`
	}
	guarded := func(items int) string {
		return `{"events":[{"type":"T"}],"guards":[{"noneMatch":{"query":` + query(items) + `}}]}`
	}
	for _, tt := range []struct {
		name, path   string
		within, over string
		method       string
		uWithin      raw
		uOver        raw
	}{
		{"event bytes", "/v1/append", commit(1, 1500), commit(1, 2000), "Append", umaEvents(1, 1500), umaEvents(1, 2000)},
		{"commit bytes", "/v1/append", commit(3, 1500), commit(4, 1500), "Append", umaEvents(3, 1500), umaEvents(4, 1500)},
		{"commit events", "/v1/append", commit(10, 1), commit(11, 1), "Append", umaEvents(10, 1), umaEvents(11, 1)},
		{
			"items of a guard", "/v1/append", guarded(3), guarded(4), "Append",
			append(umaEvents(1, 1), field(2, field(1, umaQuery(3)))...), append(umaEvents(1, 1), field(2, field(1, umaQuery(4)))...),
		},
		{"items of a query", "/v1/read", `{"query":` + query(3) + `}`, `{"query":` + query(4) + `}`, "Read", field(1, umaQuery(3)), field(1, umaQuery(4))},
		{
			"items of a query that follows", "", "", "", "Subscribe", nil, field(1, umaQuery(4)),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.path != "" {
				if code, body := status(t, post(t, address+tt.path, "application/json", tt.within)); code != http.StatusOK { //nolint:bodyclose // it is, by what reads it
					t.Errorf("within: %d %s", code, body)
				}
				before := head(t, served)
				refused(t, "over", post(t, address+tt.path, "application/json", tt.over), http.StatusRequestEntityTooLarge, "tooLarge") //nolint:bodyclose // it is, by what reads it
				if after := head(t, served); after != before {
					t.Errorf("what was refused was appended: the head went from %d to %d", before, after)
				}
			}
			if tt.uWithin != nil {
				var answer raw
				if err := call(t.Context(), t, conn, tt.method, tt.uWithin).RecvMsg(&answer); err != nil {
					t.Errorf("within, by gRPC: %v", err)
				}
			}
			before := head(t, served)
			failsWith(t, "over, by gRPC", call(t.Context(), t, conn, tt.method, tt.uOver), codes.InvalidArgument)
			if after := head(t, served); after != before {
				t.Errorf("what was refused by gRPC was appended: the head went from %d to %d", before, after)
			}
		})
	}
	t.Run("a line", func(t *testing.T) {
		lines := event(1) + "\n" + event(2000) + "\n" + commit(11, 1) + "\n" + guarded(4) + "\n" + event(2) + "\n"
		_, body := status(t, post(t, address+"/v1/append", "application/x-ndjson", lines)) //nolint:bodyclose // it is, by what reads it
		var got []string
		for line := range strings.Lines(body) {
			var ack struct {
				OK    bool
				Error problem
			}
			if err := json.Unmarshal([]byte(line), &ack); err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(ack.OK, ack.Error.Code))
		}
		if want := "true,falsetooLarge,falsetooLarge,falsetooLarge,true"; strings.ReplaceAll(strings.Join(got, ","), " ", "") != want {
			t.Errorf("the lines are answered %s; want %s", got, want)
		}
	})
	t.Run("what is told", func(t *testing.T) {
		_, body := get(t, http.DefaultClient, address+"/v1/limits")
		for _, want := range []string{`"eventBytes":2000`, `"commitBytes":5000`, `"commitEvents":10`} {
			if !strings.Contains(body, want) {
				t.Errorf("limits are %s; want %s", body, want)
			}
		}
	})
}

func slicesRepeat(s string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = s
	}
	return out
}

func head(t *testing.T, s store.Store) store.Position {
	t.Helper()
	p, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestTooManyRequests fills the room for requests with followers of each protocol: what comes beyond is rateLimited, everyone can ask whether the server is alive, and
// room that is left is used again.
func TestTooManyRequests(t *testing.T) {
	s, _ := serve(t, server.Options{Limits: server.Limits{Requests: 2}})
	address, conn := s.URLs()[0], dial(t, s)
	followed := follow(t, address, "application/x-ndjson")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream := call(ctx, t, conn, "Subscribe", nil)
	if _, err := stream.Header(); err != nil { // it is inside
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/append", "/v1/read"} {
		r := post(t, address+path, "application/json", `{"query":[]}`) //nolint:bodyclose // it is, by what reads it
		refused(t, path, r, http.StatusTooManyRequests, "rateLimited")
		if r.Header.Get("Retry-After") == "" {
			t.Errorf("%s does not say when to try again", path)
		}
	}
	for _, method := range []string{"Append", "Read", "Subscribe", "Head"} {
		failsWith(t, method, call(t.Context(), t, conn, method, nil), codes.ResourceExhausted)
	}
	if code, body := get(t, http.DefaultClient, address+"/healthz"); code != http.StatusOK {
		t.Errorf("healthz is %d %s", code, body)
	}
	if err := healthy(t, strings.TrimPrefix(address, "http://"), insecure.NewCredentials()); err != nil {
		t.Errorf("the health service: %v", err)
	}
	cancel()
	_ = followed.Close()
	within(t, "a place is free again", func() bool {
		code, _ := get(t, http.DefaultClient, address+"/v1/head")
		return code == http.StatusOK
	})
	if _, body := get(t, http.DefaultClient, address+"/metrics"); !strings.Contains(body, "gesta_requests_refused_total") {
		t.Error("the metrics do not say that requests were refused")
	}
}

// within waits until something holds.
func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come about that %s", what)
		}
	}
}

// follow begins to follow a store from a position on, and returns when the answer has begun.
func follow(t *testing.T, address, accept string) *following {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/v1/read?query=[]&follow=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		code, body := status(t, answer)
		t.Fatalf("follow: %d %s", code, body)
	}
	f := &following{ReadCloser: answer.Body}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// following is an answer that follows.
type following struct{ io.ReadCloser }

// TestConnectionsAreBounded fills the room for connections with one of each protocol: a third is closed before anything is read of it, and the room of one that ends is used
// again.
func TestConnectionsAreBounded(t *testing.T) {
	s, _ := serve(t, server.Options{Limits: server.Limits{Connections: 2}})
	address, conn := strings.TrimPrefix(s.URLs()[0], "http://"), dial(t, s)
	stream := call(t.Context(), t, conn, "Subscribe", nil)
	if _, err := stream.Header(); err != nil {
		t.Fatal(err)
	}
	first := connect(t, address)
	if code := answerOn(t, first); code != "HTTP/1.1 200 OK" {
		t.Fatalf("the first connection is answered %q", code)
	}
	if n, err := connect(t, address).Read(make([]byte, 1)); n > 0 || err == nil {
		t.Error("a connection too many is served")
	}
	if _, err := io.WriteString(first, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(first), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, body := status(t, r); !strings.Contains(body, "\ngesta_connections 2\n") || !strings.Contains(body, "\ngesta_connections_refused_total 1\n") {
		t.Errorf("the metrics say\n%s", body)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	within(t, "a connection is free again", func() bool {
		next := connect(t, address)
		if _, err := io.WriteString(next, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			return false
		}
		r, err := http.ReadResponse(bufio.NewReader(next), nil)
		if err != nil {
			return false
		}
		return r.Body.Close() == nil && r.StatusCode == http.StatusOK
	})
}

func connect(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// endless is a store whose reads take as long as they may.
type endless struct{ store.Store }

// Read yields one event, and then waits.
func (e endless) Read(ctx context.Context, _ store.Query, _ store.ReadOptions) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		if !yield(store.Recorded{Event: store.Event{Type: "T"}, Position: 1, Commit: 1}, nil) {
			return
		}
		<-ctx.Done()
		yield(store.Recorded{}, ctx.Err())
	}
}

// TestReadTime ends reads that take longer than they may, in each form of an answer.
func TestReadTime(t *testing.T) {
	served := newStore(t)
	if _, err := served.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "T"}}}); err != nil {
		t.Fatal(err)
	}
	s, _ := serve(t, server.Options{Store: endless{served}, Limits: server.Limits{ReadTime: 50 * time.Millisecond}})
	address := s.URLs()[0] + "/v1/read?query=[]"
	r, err := http.Get(address) //nolint:bodyclose,noctx // it is, by what reads it
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "a page", r, http.StatusServiceUnavailable, "timeout")
	for accept, want := range map[string]string{
		"application/x-ndjson": "\n" + `{"error":{"code":"timeout"`, "text/event-stream": "event: error\ndata: " + `{"error":{"code":"timeout"`,
		"application/vnd.gesta.frames": "timeout",
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", accept)
		r, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if code, body := status(t, r); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %q; want %q", accept, code, body, want)
		}
	}
	failsWith(t, "by gRPC", call(t.Context(), t, dial(t, s), "Read", nil), codes.DeadlineExceeded)
}
