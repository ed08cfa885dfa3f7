package server_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
)

// callers are who sends the requests of the matrix: nobody, someone with a token that is none, a user of each role on everything, and one whose role is for some streams.
var callers = []string{"nobody", "stranger", "read", "append", "operate", "admin", "read-some", "append-some"}

// permits has a row for each route and each RPC: the request, and the callers who may send it, each beginning with a space.
var permits = []struct {
	name          string // of the route, as httpapi has it, or the method of the RPC
	request, body string
	may           string
}{
	{"append", "POST /v1/append", `{"events":[{"stream":"order-1","type":"Placed"}]}`, " append operate admin append-some"},
	{"read", "POST /v1/read", `{"query":[]}`, " read append operate admin read-some append-some"},
	{"readByGet", "GET /v1/read?query=[]", "", " read append operate admin read-some append-some"},
	{"head", "GET /v1/head", "", " read append operate admin read-some append-some"},
	{"stats", "GET /v1/stats", "", " read append operate admin"},
	{"types", "GET /v1/types", "", " read append operate admin"},
	{"streams", "GET /v1/streams", "", " read append operate admin read-some append-some"},
	{"tracking", "GET /v1/tracking/order-source", "", " read append operate admin read-some append-some"},
	{"key", "GET /v1/keys/k1", "", " read append operate admin read-some append-some"},
	{"id", "GET /v1/ids/0199a7c2-5b1e-7c3d-9f00-2f6d1c0a9b11", "", " read append operate admin read-some append-some"},
	{"limits", "GET /v1/limits", "", " read append operate admin read-some append-some"},
	{"check", "GET /v1/check", "", " operate admin"},
	{"repair", "POST /v1/check", `{"repair":true}`, " admin"},
	{"erase", "POST /v1/erase", `{"positions":[1],"reason":"asked"}`, " operate admin"},
	{"export", "GET /v1/export", "", " admin"},
	{"restore", "POST /v1/restore", "", " admin"},
	{"state", "GET /v1/state?target=order-1", "", " read append operate admin read-some append-some"},
	{"diff", "GET /v1/diff?from=order-1@0&to=order-1", "", " read append operate admin read-some append-some"},
	{"blame", "GET /v1/blame?target=order-1", "", " read append operate admin read-some append-some"},
	{"dcbRead", "GET /read?query=", "", " read append operate admin read-some append-some"},
	{"dcbAppend", "POST /append", `{"events":[{"type":"Placed","data":"x"}]}`, " append operate admin"},
	{"openapi", "GET /v1/openapi.json", "", " nobody stranger read append operate admin read-some append-some"},
	{"other", "GET /v1/nothing", "", " read append operate admin read-some append-some"},
	{"healthz", "GET /healthz", "", " nobody stranger read append operate admin read-some append-some"},
	{"readyz", "GET /readyz", "", " nobody stranger read append operate admin read-some append-some"},
	{"metrics", "GET /metrics", "", " operate admin"},
	{"pprof", "GET /debug/pprof/cmdline", "", " operate admin"},
	{"/umadb.v1.DCB/Append", "rpc", "append", " append operate admin"},
	{"/umadb.v1.DCB/Read", "rpc", "", " read append operate admin read-some append-some"},
	{"/umadb.v1.DCB/Subscribe", "rpc", "", " read append operate admin read-some append-some"},
	{"/umadb.v1.DCB/Head", "rpc", "", " read append operate admin read-some append-some"},
	{"/umadb.v1.DCB/GetTrackingInfo", "rpc", "source", " read append operate admin"},
	{"/umadb.UmaDBService/Append", "rpc", "append", " append operate admin"},
	{"/umadb.UmaDBService/Read", "rpc", "", " read append operate admin read-some append-some"},
	{"/umadb.UmaDBService/Subscribe", "rpc", "", " read append operate admin read-some append-some"},
	{"/umadb.UmaDBService/Head", "rpc", "", " read append operate admin read-some append-some"},
	{"/umadb.UmaDBService/GetTrackingInfo", "rpc", "source", " read append operate admin"},
}

// TestMatrix sends each request as each caller.
func TestMatrix(t *testing.T) {
	system, served := newStore(t), newStore(t)
	tokens := people(t, system)
	if _, err := served.Append(t.Context(), store.Commit{Key: "k1", Events: []store.Event{{Stream: "order-1", Type: "Placed", Data: []byte(`{}`)}}}); err != nil {
		t.Fatal(err)
	}
	s, _ := serve(t, server.Options{Store: served, System: system})
	conn, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(s.URLs()[0], "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	for _, row := range permits {
		t.Run(strings.ReplaceAll(strings.Trim(row.name, "/"), "/", "."), func(t *testing.T) {
			for _, who := range callers {
				may := strings.Contains(row.may+" ", " "+who+" ")
				var got string
				if row.request == "rpc" {
					got = callAs(t, conn, row.name, row.body, tokens[who])
				} else {
					got = requestAs(t, s.URLs()[0], row.request, row.body, tokens[who])
				}
				want := ""
				switch {
				case may:
				case who == "nobody" || who == "stranger":
					want = "unauthenticated"
				default:
					want = "denied"
				}
				if got != want {
					t.Errorf("%s as %s: %q; want %q", row.name, who, got, want)
				}
			}
		})
	}
}

// people adds a user for each caller, and returns their tokens.
func people(t *testing.T, system store.Store) map[string]string {
	t.Helper()
	users, err := auth.OpenUsers(t.Context(), system, auth.UsersOptions{})
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{"stranger": "gesta_Vo4ZF0PM1TaQq6ybnDGwYrRUTlbJAZEtapgvTBwjm_E"}
	for _, name := range callers[2:] {
		word, some, _ := strings.Cut(name, "-")
		role, err := auth.ParseRole(word)
		if err != nil {
			t.Fatal(err)
		}
		user := auth.User{Name: name, Role: role}
		if some != "" {
			user.On = []string{"order-*"}
		}
		if err := users.Add(t.Context(), "test", user); err != nil {
			t.Fatal(err)
		}
		_, secret, err := users.CreateToken(t.Context(), "test", auth.NewToken{User: name})
		if err != nil {
			t.Fatal(err)
		}
		tokens[name] = secret.Reveal()
	}
	return tokens
}

// requestAs sends a request and returns "unauthenticated", "denied", or nothing for any other answer.
func requestAs(t *testing.T, address, request, body, token string) string {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if strings.HasSuffix(path, "restore") {
		r.Header.Set("Content-Type", "application/x-ndjson")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	switch code, _ := status(t, answer); code {
	case http.StatusUnauthorized:
		return "unauthenticated"
	case http.StatusForbidden:
		return "denied"
	}
	return ""
}

// raw is a message as bytes.
type raw []byte

// rawCodec sends and takes raw messages.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) {
	message, ok := v.(*raw)
	if !ok {
		return nil, fmt.Errorf("%T is no raw message", v)
	}
	return *message, nil
}

func (rawCodec) Unmarshal(b []byte, v any) error {
	message, ok := v.(*raw)
	if !ok {
		return fmt.Errorf("%T is no raw message", v)
	}
	*message = append(raw(nil), b...)
	return nil
}

func (rawCodec) Name() string { return "proto" }

// messages are the requests of the RPCs, by what a row says: an event of a type, a source, nothing.
var messages = map[string]raw{
	"":       {},
	"append": {0x0a, 0x08, 0x0a, 0x06, 'P', 'l', 'a', 'c', 'e', 'd'},
	"source": {0x0a, 0x02, 's', '1'},
}

// callAs calls an RPC and returns "unauthenticated", "denied", or nothing for any other answer. The first message of a stream is enough.
func callAs(t *testing.T, conn *grpc.ClientConn, method, body, token string) string {
	t.Helper()
	ctx := t.Context()
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	request, answer := messages[body], raw{}
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method, grpc.ForceCodec(rawCodec{}))
	if err == nil {
		err = stream.SendMsg(&request)
	}
	if err == nil || err == io.EOF { //nolint:errorlint // it is returned as it is
		_ = stream.CloseSend()
		err = stream.RecvMsg(&answer)
	}
	// Clients of grpc-go expect a google.rpc.Status where UmaDB's protocol has its own message, and say so as an internal error that quotes the code.
	switch text := grpcstatus.Convert(err).String(); {
	case strings.Contains(text, codes.Unauthenticated.String()):
		return "unauthenticated"
	case strings.Contains(text, codes.PermissionDenied.String()):
		return "denied"
	case err != nil && err != io.EOF: //nolint:errorlint // it is returned as it is
		t.Fatalf("%s: %v", method, err)
	}
	return ""
}

// TestMatrixIsWhole finds routes and RPCs that have no row.
func TestMatrixIsWhole(t *testing.T) {
	rows := map[string]bool{}
	for _, row := range permits {
		rows[row.name] = true
	}
	served, _ := serve(t, server.Options{})
	for _, name := range served.Routes() {
		if !rows[name] && !strings.HasPrefix(name, "/grpc.health.v1.Health/") {
			t.Errorf("%s has no row in the matrix", name)
		}
	}
}
