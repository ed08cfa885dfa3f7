package openapi_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
)

// cutter is a way to a server on which every connection breaks after some bytes of answers, often in the middle of one: half of them are closed, half reset.
type cutter struct {
	to     string
	l      net.Listener
	closed context.Context
	open   sync.WaitGroup

	mu  sync.Mutex // guards what follows
	rng *rand.Rand
	cut int
}

// newCutter returns a cutter to the server at an address such as http://127.0.0.1:4114, and where it is itself.
func newCutter(t *testing.T, url string, seed uint64) (c *cutter, at string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context())) // it ends after the clients
	c = &cutter{to: strings.TrimPrefix(url, "http://"), l: l, closed: ctx, rng: rand.New(rand.NewPCG(seed, 1))}
	c.open.Go(c.accept)
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		c.open.Wait()
	})
	return c, "http://" + l.Addr().String()
}

// cuts returns how many connections were cut.
func (c *cutter) cuts() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cut
}

func (c *cutter) accept() {
	for {
		in, err := c.l.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		most, reset := 300+c.rng.Int64N(2000), c.rng.IntN(2) == 0
		c.mu.Unlock()
		if tcp, ok := in.(*net.TCPConn); ok {
			c.open.Go(func() { c.pass(tcp, most, reset) })
		}
	}
}

// pass forwards a connection until the server has answered so many bytes.
func (c *cutter) pass(in *net.TCPConn, most int64, reset bool) {
	defer func() { _ = in.Close() }()
	out, err := new(net.Dialer).DialContext(c.closed, "tcp", c.to)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	stop := context.AfterFunc(c.closed, func() { _ = in.Close(); _ = out.Close() })
	defer stop()
	c.open.Go(func() {
		_, _ = io.Copy(out, in)
		_ = out.Close() // the client is gone: nobody waits for more
	})
	if _, err := io.CopyN(in, out, most); err != nil && !errors.Is(err, io.EOF) {
		return
	} else if err == nil {
		c.mu.Lock()
		c.cut++
		c.mu.Unlock()
	}
	if reset {
		_ = in.SetLinger(0)
	}
}
