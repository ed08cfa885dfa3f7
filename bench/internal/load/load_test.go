package load_test

import (
	"context"
	"encoding/json"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/bench/internal/bare"
	"github.com/gestadb/gesta/bench/internal/load"
	"github.com/gestadb/gesta/server"
	"github.com/gestadb/gesta/store/memory"
)

// generator gives orders to a load that runs in this process.
type generator struct {
	t       *testing.T
	orders  *json.Encoder
	answers *json.Decoder
}

func newGenerator(t *testing.T) *generator {
	t.Helper()
	in, orders := io.Pipe()
	answers, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- load.Serve(t.Context(), in, out) }()
	t.Cleanup(func() {
		_ = orders.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return &generator{t, json.NewEncoder(orders), json.NewDecoder(answers)}
}

func (g *generator) do(o load.Order) load.Answer {
	g.t.Helper()
	var a load.Answer
	if err := g.orders.Encode(o); err != nil {
		g.t.Fatal(err)
	}
	if err := g.answers.Decode(&a); err != nil {
		g.t.Fatal(err)
	}
	return a
}

// must is do of what must go well.
func (g *generator) must(o load.Order) load.Answer {
	g.t.Helper()
	a := g.do(o)
	if a.Error != "" {
		g.t.Fatalf("%s: %s", o.Work, a.Error)
	}
	return a
}

// serveGesta serves a store in memory and returns where.
func serveGesta(t *testing.T) (address string, s *memory.Store) {
	t.Helper()
	s = memory.New(memory.Options{})
	srv, err := server.New(t.Context(), server.Options{Store: s, Listeners: []server.Listener{{Address: "127.0.0.1:0"}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.WithoutCancel(t.Context()))
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() { ended <- srv.Serve(ctx, func() error { close(ready); return nil }) }()
	<-ready
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	at, err := url.Parse(srv.URLs()[0])
	if err != nil {
		t.Fatal(err)
	}
	return at.Host, s
}

// serveBare serves one of the servers that do next to nothing.
func serveBare(t *testing.T, kind bare.Kind, answer int) (address string) {
	t.Helper()
	in, alive := io.Pipe()
	said, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- bare.Serve(t.Context(), kind, t.TempDir(), answer, in, out) }()
	b := make([]byte, 64)
	n, err := said.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = alive.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return strings.TrimSpace(string(b[:n]))
}

const moment = 20 * time.Millisecond

// TestAppends appends under conditions that hold, by each protocol: what was counted is no more than what was written.
func TestAppends(t *testing.T) {
	g := newGenerator(t)
	address, s := serveGesta(t)
	var sum int64
	for i, work := range []load.Work{load.Append, load.Client, load.JSON} {
		a := g.must(load.Order{Work: work, Target: address, Connections: 3, Flight: 2, Warm: moment, For: moment, Seed: uint64(i) + 1})
		if a.Done < 1 || a.PerSecond() <= 0 || a.P50 <= 0 || a.P99 < a.P50 {
			t.Errorf("%s: %+v", work, a)
		}
		sum += a.Done
	}
	if head, err := s.Head(t.Context()); err != nil || int64(head) < sum {
		t.Errorf("head %d after %d appends, %v", head, sum, err)
	}
	if a := g.do(load.Order{Work: load.Client, Target: address, Connections: 1, Seed: 2}); !strings.Contains(a.Error, "conflict") {
		t.Errorf("decisions that were made already: %+v", a)
	}
}

// TestReads reads what Fill appended.
func TestReads(t *testing.T) {
	g := newGenerator(t)
	address, _ := serveGesta(t)
	const events = 2_500
	g.must(load.Order{Work: load.Fill, Target: address, Events: events})
	for _, work := range []load.Work{load.Read, load.Frames, load.Lines} {
		a := g.must(load.Order{Work: work, Target: address, Connections: 2, Events: events, Warm: 1, For: moment})
		if a.Done < 1 {
			t.Errorf("%s: %+v", work, a)
		}
	}
	for _, work := range []load.Work{load.Frames, load.Lines} {
		if a := g.do(load.Order{Work: work, Target: address, Events: 2 * events}); a.Error == "" {
			t.Errorf("%s found more than there is", work)
		}
	}
	if a := g.do(load.Order{Work: load.Read, Target: address, Connections: 1, Events: 10 * events}); a.Error == "" {
		t.Error("reads of tags that are not there went well")
	}
}

// TestBare measures the servers beside which others are measured.
func TestBare(t *testing.T) {
	g := newGenerator(t)
	for _, kind := range []bare.Kind{bare.Empty, bare.Sync, bare.Tuned} {
		address := serveBare(t, kind, 0)
		for _, work := range []load.Work{load.Append, load.Read} {
			if a := g.must(load.Order{Work: work, Target: address, Connections: 2, For: moment}); a.Done < 1 {
				t.Errorf("%s of %s: %+v", work, kind, a)
			}
		}
	}
	address, _ := serveGesta(t)
	sizes := g.must(load.Order{Work: load.Sizes, Target: address, Seed: 1})
	for i, l := range sizes.Lengths {
		if l[0] < 256 || l[1] < 10 {
			t.Fatalf("lengths %v", sizes.Lengths)
		}
		address := serveBare(t, bare.HTTP, l[1])
		if a := g.must(load.Order{Work: load.Post, Target: address, Connections: 2, For: moment, Body: l[0], Answer: l[1]}); a.Done < 1 {
			t.Errorf("form %d: %+v", i, a)
		}
		if a := g.do(load.Order{Work: load.Post, Target: address, Connections: 1, Answer: l[1] + 1}); a.Error == "" {
			t.Error("an answer of another length was taken")
		}
	}
}

// TestFollowers delivers each event to each follower, and nothing to those who do not read.
func TestFollowers(t *testing.T) {
	g := newGenerator(t)
	address, _ := serveGesta(t)
	g.must(load.Order{Work: load.Fill, Target: address, Events: 100})
	g.must(load.Order{Work: load.Follow, Target: address, Connections: 7, Events: 100})
	if a := g.must(load.Order{Work: load.Deliver, Target: address, Events: 3, Seed: 1}); a.Done != 21 || a.P99 <= 0 {
		t.Errorf("%+v", a)
	}
	g.must(load.Order{Work: load.Leave})
	g.must(load.Order{Work: load.Stick, Target: address, Connections: 2})
	g.must(load.Order{Work: load.Leave})
	if a := g.do(load.Order{Work: "nothing"}); a.Error == "" {
		t.Error("an unknown work was done")
	}
}
