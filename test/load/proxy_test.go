package load

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// proxy stands between clients and a server that may be another one after a while. It breaks connections.
type proxy struct {
	listener net.Listener

	mu     sync.Mutex
	target string
	rnd    *rand.Rand
	pairs  map[*pair]bool
	cuts   int
}

// pair is a connection of a client and that to the server.
type pair struct {
	client, server net.Conn
}

func newProxy(t *testing.T, target string, seed uint64) *proxy {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, rnd: rand.New(rand.NewPCG(seed, 7)), pairs: map[*pair]bool{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.carry(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		for p.cut() {
		}
		running.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// lead leads new connections to another server; none leads to nowhere.
func (p *proxy) lead(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// carry carries bytes between a client and the server until one of them ends.
func (p *proxy) carry(client net.Conn) {
	defer hangUp(client)
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := net.DialTimeout("tcp", target, 10*time.Second) //nolint:noctx // it has a bound
	if err != nil {
		return
	}
	defer hangUp(server)
	both := &pair{client, server}
	p.mu.Lock()
	p.pairs[both] = true
	p.mu.Unlock()
	var ways sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		ways.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			both.end()
		})
	}
	ways.Wait()
	p.mu.Lock()
	delete(p.pairs, both)
	p.mu.Unlock()
}

func (b *pair) end() {
	_ = b.client.Close()
	_ = b.server.Close()
}

// cut breaks one connection, at random; false where there is none. What is on its way is lost, in both directions.
func (p *proxy) cut() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pairs) == 0 {
		return false
	}
	n := p.rnd.IntN(len(p.pairs))
	for both := range p.pairs {
		if n--; n >= 0 {
			continue
		}
		delete(p.pairs, both)
		for _, conn := range []net.Conn{both.client, both.server} {
			if tcp, ok := conn.(*net.TCPConn); ok && p.rnd.IntN(2) == 0 {
				_ = tcp.SetLinger(0) // not even a farewell
			}
		}
		both.end()
		p.cuts++
		return true
	}
	return false
}
