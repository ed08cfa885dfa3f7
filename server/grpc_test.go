package server_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store"
)

// unended makes a call whose request does not end.
func unended(t *testing.T, conn *grpc.ClientConn, method string) grpc.ClientStream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method, grpc.ForceCodec(rawCodec{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SendMsg(&raw{}); err != nil && !errors.Is(err, io.EOF) { // it was answered already
		t.Fatal(err)
	}
	return stream
}

// TestNobodyIsNotListenedTo sends requests that do not end: who may not send them learns it before, and the health service waits for nobody long.
func TestNobodyIsNotListenedTo(t *testing.T) {
	system := newStore(t)
	people(t, system)
	s, _ := serve(t, server.Options{System: system, Limits: server.Limits{HandshakeTime: 200 * time.Millisecond}})
	conn := dial(t, s)
	for _, method := range []string{"Append", "Head", "GetTrackingInfo", "Read", "Subscribe"} {
		failsWith(t, method, unended(t, conn, "/umadb.v1.DCB/"+method), codes.Unauthenticated)
	}
	for _, method := range []string{"Check", "Watch"} {
		begun, stream := time.Now(), unended(t, conn, "/grpc.health.v1.Health/"+method)
		failsWith(t, method, stream, codes.DeadlineExceeded)
		if time.Since(begun) > 8*time.Second {
			t.Errorf("%s was waited for until the client gave up", method)
		}
	}
}

// TestConditionAfterErasure appends under the condition that nothing came after the head that is shown, as a user of each role, once there was an erasure.
func TestConditionAfterErasure(t *testing.T) {
	system, served := newStore(t), newStore(t)
	tokens := people(t, system)
	if _, err := served.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "T", Data: []byte("1")}}}); err != nil {
		t.Fatal(err)
	}
	eraser, _ := store.As[store.Eraser](served)
	if _, err := eraser.Erase(t.Context(), store.Erasure{Positions: []store.Position{1}}); err != nil {
		t.Fatal(err)
	}
	s, _ := serve(t, server.Options{Store: served, System: system})
	conn := dial(t, s)
	after := store.Position(1)
	for _, who := range []string{"append", "operate", "admin"} {
		condition := protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), uint64(after))
		request := raw(append(field(1, field(1, []byte("T"))), field(2, condition)...))
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+tokens[who])
		var answer raw
		if err := call(ctx, t, conn, "Append", request).RecvMsg(&answer); err != nil {
			t.Errorf("%s: %v", who, err)
		}
		head, err := served.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		after = head
		if _, err := eraser.Erase(t.Context(), store.Erasure{Positions: []store.Position{head}}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRefusalsAreTold calls a server that has no room, and one that has a fault: the trailer tells, as clients of UmaDB read it.
func TestRefusalsAreTold(t *testing.T) {
	full, _ := serve(t, server.Options{Limits: server.Limits{Requests: 1}})
	followed := follow(t, full.URLs()[0], "application/x-ndjson")
	defer followed.Close()
	faulty, _ := serve(t, server.Options{Store: panics{newStore(t)}})
	for _, tt := range []struct {
		server *server.Server
		words  string
		kind   uint64
	}{
		{full, "as many requests as it may", 0},
		{faulty, "the server has a fault", 4},
	} {
		for _, method := range []string{"Head", "Read"} {
			stream := call(t.Context(), t, dial(t, tt.server), method, nil)
			var answer raw
			err := stream.RecvMsg(&answer)
			want := protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), tt.kind)
			if tt.kind == 0 {
				want = nil
			}
			if got := stream.Trailer().Get("grpc-status-details-bin"); len(got) != 1 || !strings.Contains(got[0], tt.words) || !strings.HasSuffix(got[0], string(want)) {
				t.Errorf("%s: %v with the trailer %q; want one that says %q", method, err, got, tt.words)
			}
		}
	}
}

// panics is a store with a fault.
type panics struct{ store.Store }

// Head panics.
func (panics) Head(context.Context) (store.Position, error) { panic("a fault") }
