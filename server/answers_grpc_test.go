package server_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store"
)

// withLarge returns a store that has a large event, of the type Big, and a small one, of the type T0.
func withLarge(t *testing.T, size int) store.Store {
	t.Helper()
	s := newStore(t)
	for _, e := range []store.Event{{Type: "Big", Data: []byte(`"` + strings.Repeat("x", size) + `"`)}, {Type: "T0"}} {
		if _, err := s.Append(t.Context(), store.Commit{Events: []store.Event{e}}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// bytesOf reads all that a call answers.
func bytesOf(stream grpc.ClientStream) (n int, err error) {
	for {
		var answer raw
		if err := stream.RecvMsg(&answer); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
		n += len(answer)
	}
}

// TestAnswerBytesOfCalls has a client of gRPC that takes nothing of a large event: while it has all the room that there is for such, whoever asks for it too, by either protocol, is refused, but small
// reads and appends are answered; when it is gone there is room again.
func TestAnswerBytesOfCalls(t *testing.T) {
	const size = 3 << 20
	s, _ := serve(t, server.Options{Store: withLarge(t, size), Limits: server.Limits{AnswerBytes: 1 << 20, ReadTime: 2 * time.Second}})
	address, conn := s.URLs()[0], dial(t, s)
	for _, method := range []string{"Read", "Subscribe"} {
		stuck := newRawPeer(t, s, 100)
		stuck.call("/umadb.v1.DCB/"+method, nil)
		within(t, "it gets what it takes", func() bool { n, _ := stuck.taken(); return n > 0 })
		if n, err := whole(t, address); err == nil {
			t.Errorf("%s: %d bytes by HTTP while another takes all the room", method, n)
		}
		if n, err := bytesOf(call(t.Context(), t, conn, "Read", nil)); err == nil {
			t.Errorf("%s: %d bytes while another takes all the room", method, n)
		}
		if n, err := bytesOf(call(t.Context(), t, conn, "Read", field(1, umaQuery(1)))); err != nil || n == 0 {
			t.Errorf("%s: a small read is answered %d bytes, %v", method, n, err)
		}
		if _, err := bytesOf(call(t.Context(), t, conn, "Append", umaEvents(1, 1))); err != nil {
			t.Errorf("%s: an append is answered %v", method, err)
		}
		_ = stuck.conn.Close()
		within(t, "there is room again", func() bool {
			n, err := whole(t, address)
			return err == nil && n > size
		})
		if n, err := bytesOf(call(t.Context(), t, conn, "Read", nil)); err != nil || n <= size {
			t.Errorf("%s: %d bytes, %v, when there is room", method, n, err)
		}
	}
}

// TestWhoHasRoomIsCut has two clients that take nothing, one of them of a large event: when another waits for its room it is cut off, and the one that waits is answered.
func TestWhoHasRoomIsCut(t *testing.T) {
	const size = 3 << 20
	s, err := server.New(t.Context(), server.Options{
		Store: withLarge(t, size), Listeners: []server.Listener{{Address: "127.0.0.1:0"}}, Limits: server.Limits{AnswerBytes: 1 << 20},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.SetPatience(200 * time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, func() error { return nil }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	harmless, stuck := newRawPeer(t, s, 0), newRawPeer(t, s, 100)
	harmless.call("/umadb.v1.DCB/Head", nil)
	stuck.call("/umadb.v1.DCB/Subscribe", nil)
	within(t, "it gets what it takes", func() bool { n, _ := stuck.taken(); return n > 0 })
	if n, err := whole(t, s.URLs()[0]); err != nil || n <= size {
		t.Errorf("%d bytes, %v", n, err)
	}
	<-stuck.gone
	select {
	case <-harmless.gone:
		t.Error("it is cut off though it is in nobody's way")
	default:
	}
}

// TestHoldersAreCutInTime finds a connection again and again: it is cut when it has had messages for all of the time in which nothing moved, and somebody waits; not for having been silent before.
func TestHoldersAreCutInTime(t *testing.T) {
	idle, holds, last := server.Moment{}, server.Moment{Held: 1}, server.Moment{Held: 1, Wanted: true}
	moved := server.Moment{Held: 1, Moved: 1, Wanted: true}
	for _, tt := range []struct {
		what  string
		found []server.Moment
		want  int
	}{
		{"holds and is wanted", []server.Moment{last, last, last, last, last}, 5},
		{"holds, and is wanted late", []server.Moment{holds, holds, holds, holds, holds, holds, last}, 7},
		{"holds, and nobody wants it", []server.Moment{holds, holds, holds, holds, holds, holds, holds}, 0},
		{"was silent, and has just begun", []server.Moment{idle, idle, idle, idle, idle, idle, idle, last, last, last}, 0},
		{"was silent, and holds", []server.Moment{idle, idle, idle, last, last, last, last}, 7},
		{"moves", []server.Moment{last, last, last, moved, moved, moved, moved}, 0},
		{"moved", []server.Moment{last, last, last, moved, moved, moved, moved, moved}, 8},
	} {
		if got := server.HolderCut(tt.found...); got != tt.want {
			t.Errorf("who %s is cut when found for the %dth time; want the %dth", tt.what, got, tt.want)
		}
	}
}

// TestStreamsAreCounted makes calls that end in all ways on connections that stay: no stream counts as open afterwards.
func TestStreamsAreCounted(t *testing.T) {
	s, _ := serve(t, server.Options{Store: withLarge(t, 1<<20)})
	conn := dial(t, s)
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			for n := range 40 {
				ctx, cancel := context.WithCancel(t.Context())
				switch n % 5 {
				case 0:
					_, _ = bytesOf(call(ctx, t, conn, "Read", nil))
				case 1:
					_, _ = call(ctx, t, conn, "Subscribe", nil).Header()
				case 2:
					_, _ = bytesOf(call(ctx, t, conn, "Head", nil))
				case 3:
					_ = unended(t, conn, "/no/such").RecvMsg(&raw{})
				case 4:
					call(ctx, t, conn, "Read", nil)
				}
				cancel()
			}
		})
	}
	p := newRawPeer(t, s, 0)
	for range 100 {
		p.call("/umadb.v1.DCB/Read", nil)
		p.frame(kindReset, 0, p.call("/umadb.v1.DCB/Head", nil), []byte{0, 0, 0, 8})
	}
	within(t, "the calls are open that are not taken", func() bool { return s.OpenStreams() >= 100 })
	calls.Wait()
	for stream := uint32(1); stream < p.next; stream += 4 {
		p.frame(kindReset, 0, stream, []byte{0, 0, 0, 8})
	}
	within(t, "no stream is open", func() bool { return s.OpenStreams() == 0 })
	if _, err := bytesOf(call(t.Context(), t, conn, "Head", nil)); err != nil || conn.GetState() != connectivity.Ready {
		t.Errorf("the connection is %s, %v", conn.GetState(), err)
	}
}

// TestCallsCountUntilTaken has clients that do not take the answers of more calls than there may be: others by gRPC are refused, until they are gone.
func TestCallsCountUntilTaken(t *testing.T) {
	s, _ := serve(t, server.Options{Limits: server.Limits{Requests: 2}})
	conn := dial(t, s)
	var peers []*rawPeer
	for range 8 {
		p := newRawPeer(t, s, 0)
		for range 125 {
			p.call("/umadb.v1.DCB/Head", nil)
			p.call("/grpc.health.v1.Health/Check", nil)
		}
		peers = append(peers, p)
	}
	within(t, "a call is refused", func() bool {
		_, err := bytesOf(call(t.Context(), t, conn, "Head", nil))
		return err != nil && strings.Contains(err.Error(), codes.ResourceExhausted.String())
	})
	if err := healthy(t, strings.TrimPrefix(s.URLs()[0], "http://"), insecure.NewCredentials()); err != nil {
		t.Errorf("the health service: %v", err)
	}
	for _, p := range peers {
		_ = p.conn.Close()
	}
	within(t, "there is room again", func() bool {
		_, err := bytesOf(call(t.Context(), t, conn, "Head", nil))
		return err == nil
	})
}
