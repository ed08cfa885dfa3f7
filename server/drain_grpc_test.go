package server_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	healthgrpc "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store"
)

// TestDrainCutsCallsThatStandStill ends a server while clients of gRPC read nothing of an answer, or send no more of a request, and one waits for the store: that one is answered, and the others are
// cut off long before all of the time is over.
func TestDrainCutsCallsThatStandStill(t *testing.T) {
	served := newSlow(t)
	for range 4 {
		c := store.Commit{Events: []store.Event{{Type: "Big", Data: bytes.Repeat([]byte("x"), 1<<20)}}}
		if _, err := served.Store.Append(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	var log written
	const drain = 10 * time.Second
	s, end := serve(t, server.Options{Store: served, DrainTime: drain, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	stuck := map[string]*rawPeer{}
	for name, do := range map[string]func(p *rawPeer){
		"half a request":            func(p *rawPeer) { p.frame(kindData, 0, p.begin("/umadb.v1.DCB/Append"), []byte{0, 0, 0, 1, 0, 1}) },
		"no request":                func(p *rawPeer) { p.begin("/umadb.v1.DCB/Read") },
		"an answer that is stuck":   func(p *rawPeer) { p.call("/umadb.v1.DCB/Read", nil) },
		"the rest of one":           func(p *rawPeer) { p.call("/umadb.v1.DCB/Head", nil) },
		"half a check":              func(p *rawPeer) { p.begin("/grpc.health.v1.Health/Check") },
		"who watches over it":       func(p *rawPeer) { p.call("/grpc.health.v1.Health/Watch", nil) },
		"a follower that is behind": func(p *rawPeer) { p.call("/umadb.v1.DCB/Subscribe", nil) },
	} {
		p := newRawPeer(t, s, 0)
		do(p)
		stuck[name] = p
	}
	silent := dial(t, s)
	reading := call(t.Context(), t, silent, "Read", nil)
	if _, err := reading.Header(); err != nil { // it is being answered, and nobody reads on
		t.Fatal(err)
	}
	watching, err := healthgrpc.NewHealthClient(dial(t, s)).Watch(t.Context(), &healthgrpc.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watching.Recv(); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	conn := dial(t, s)
	call(t.Context(), t, conn, "Read", nil) // stuck, too, beside one that is not
	go func() {
		var answer raw
		answered <- call(t.Context(), t, conn, "Append", umaEvents(1, 1)).RecvMsg(&answer)
	}()
	<-served.begun
	release := sync.OnceFunc(func() { close(served.release) })
	defer release()
	begun := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	for name, p := range stuck {
		select {
		case <-p.gone:
		case <-time.After(2 * drain):
			t.Errorf("%s stays connected", name)
		}
	}
	left(t, silent)
	select {
	case err := <-ended:
		t.Fatalf("it ended, %v, before what was in progress", err)
	default:
	}
	release()
	if err := <-answered; err != nil {
		t.Errorf("the append in progress is answered %v", err)
	}
	if err := <-ended; err != nil || strings.Contains(log.String(), "cut off") {
		t.Errorf("Serve = %v, after %s, and the log says %q; want that nothing took the whole %s", err, time.Since(begun), log.String(), drain)
	}
}

// left waits until a connection has ended.
func left(t *testing.T, conn *grpc.ClientConn) {
	t.Helper()
	within(t, "the client that does not read is cut off", func() bool { return conn.GetState() != connectivity.Ready })
}

// TestDrainLetsFlow ends a server while a client takes an answer of gRPC a little at a time, for longer than one that stands still would be waited for: it gets all of it.
func TestDrainLetsFlow(t *testing.T) {
	served := newStore(t)
	const size = 256 << 10
	if _, err := served.Append(t.Context(), store.Commit{Events: []store.Event{{Type: "Big", Data: bytes.Repeat([]byte("x"), size)}}}); err != nil {
		t.Fatal(err)
	}
	var log written
	const drain, pieces = 10 * time.Second, 16
	s, end := serve(t, server.Options{Store: served, DrainTime: drain, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	p := newRawPeer(t, s, 1000)
	stream := p.call("/umadb.v1.DCB/Read", nil)
	within(t, "the read is answered", func() bool { n, _ := p.taken(); return n > 0 })
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	for range pieces {
		time.Sleep(drain / 10 / 6) // it is slow
		p.window(stream, size/pieces+100)
	}
	<-p.gone
	if n, streams := p.taken(); n <= size || streams != 1 {
		t.Errorf("%d bytes of an answer came, %d ended; want all", n, streams)
	}
	if err := <-ended; err != nil || strings.Contains(log.String(), "cut off") {
		t.Errorf("Serve = %v, and the log says %q", err, log.String())
	}
}
