package httpapi

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync"
)

// watchedConn is a connection that tells when it is closed. The transport of net/http closes a connection that broke, and then waits for
// the body of the request to end: a body that waits for something else has to hear of it.
type watchedConn struct {
	net.Conn
	mu     sync.Mutex
	closed bool   // guarded by mu
	tell   func() // guarded by mu
}

// Close closes the connection and tells.
func (c *watchedConn) Close() error {
	err := c.Conn.Close()
	c.mu.Lock()
	tell := c.tell
	c.closed, c.tell = true, nil
	c.mu.Unlock()
	if tell != nil {
		tell()
	}
	return err
}

// watch sets what to tell, at once where the connection is closed by now.
func (c *watchedConn) watch(tell func()) {
	c.mu.Lock()
	closed := c.closed
	c.tell = tell
	c.mu.Unlock()
	if closed && tell != nil {
		tell()
	}
}

// watching returns a context whose request calls tell when its connection is closed, until forget.
func watching(ctx context.Context, tell func()) (watched context.Context, forget func()) {
	var mu sync.Mutex
	var conns []*watchedConn
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		conn := info.Conn
		if secure, ok := conn.(*tls.Conn); ok {
			conn = secure.NetConn()
		}
		if c, ok := conn.(*watchedConn); ok {
			c.watch(tell)
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
		}
	}})
	return ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range conns {
			c.watch(nil)
		}
	}
}
