package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// A port speaks two protocols: HTTP/1.1, which net/http serves, and HTTP/2, which belongs to gRPC and goes to grpc-go's own transport. In clear text a connection is HTTP/2's when it begins with
// the preface of RFC 9113, section 3.4; under TLS when ALPN chose it. The server names http/1.1 first, so that whoever offers both gets that.

// preface is how much of the preface of HTTP/2 tells it from every method of HTTP/1.1.
const preface = "PRI * HTTP/2.0"

// splitter hands the connections of one listener to two servers.
type splitter struct {
	from      net.Listener
	tls       *tls.Config // nil for clear text
	handshake time.Duration
	silence   time.Duration // see counted
	admit     *admission
	refused   func(error) // is told why a connection ended before it was handed on

	http1, http2 *queue

	ctx     context.Context // done when nothing is accepted any more
	cancel  context.CancelFunc
	pending sync.WaitGroup // connections that are being told apart
}

func newSplitter(from net.Listener, t *tls.Config, handshake, silence time.Duration, admit *admission, refused func(error)) *splitter {
	ctx, cancel := context.WithCancel(context.Background())
	return &splitter{
		from: from, tls: t, handshake: handshake, silence: silence, admit: admit, refused: refused, ctx: ctx, cancel: cancel,
		http1: newQueue(ctx, from.Addr()), http2: newQueue(ctx, from.Addr()),
	}
}

// run accepts connections until close. It returns nil after close, and the error of the listener otherwise.
func (s *splitter) run() error {
	defer s.pending.Wait()
	defer s.cancel()
	for {
		conn, err := s.from.Accept()
		switch {
		case err == nil:
		case s.ctx.Err() != nil:
			return nil
		case passing(err):
			if !sleep(s.ctx, acceptPause) {
				return nil
			}
			continue
		default:
			return fmt.Errorf("accept on %s: %w", s.from.Addr(), err)
		}
		if !s.admit.enter() {
			s.refused(errTooManyConnections)
			_ = conn.Close()
			continue
		}
		c := &counted{Conn: conn, silence: s.silence}
		forget := context.AfterFunc(s.ctx, c.hurry)
		c.leave = func() { forget(); s.admit.leave() }
		s.pending.Go(func() { s.hand(c) })
	}
}

// acceptPause is how long accepting pauses after an error that may pass, such as too many open files.
const acceptPause = 50 * time.Millisecond

// passing says whether an error of Accept may pass.
func passing(err error) bool {
	failed, ok := errors.AsType[net.Error](err)
	return ok && !errors.Is(err, net.ErrClosed) && (failed.Timeout() || tooManyFiles(err))
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// hand finds out what a connection speaks, within the time that a handshake may take, and hands it on.
func (s *splitter) hand(conn net.Conn) {
	stop := context.AfterFunc(s.ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // what is still silent when the server ends is not waited for
	told, isHTTP2, err := s.tell(conn)
	if !stop() && err == nil {
		err = net.ErrClosed
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		s.refused(err)
		_ = conn.Close()
		return
	}
	to := s.http1
	if isHTTP2 {
		to = s.http2
	}
	to.put(told)
}

// tell returns the connection to read from, and whether it speaks HTTP/2.
func (s *splitter) tell(conn net.Conn) (net.Conn, bool, error) {
	if err := conn.SetDeadline(now().Add(s.handshake)); err != nil {
		return nil, false, err
	}
	if s.tls != nil {
		t := tls.Server(conn, s.tls)
		if err := t.HandshakeContext(s.ctx); err != nil {
			return nil, false, fmt.Errorf("TLS handshake with %s: %w", conn.RemoteAddr(), err)
		}
		return t, t.ConnectionState().NegotiatedProtocol == "h2", nil
	}
	begun := make([]byte, 0, len(preface))
	for len(begun) < len(preface) {
		n, err := conn.Read(begun[len(begun):cap(begun)])
		begun = begun[:len(begun)+n]
		if !bytes.HasPrefix([]byte(preface), begun) {
			return &peeked{Conn: conn, begun: begun}, false, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("read from %s: %w", conn.RemoteAddr(), err)
		}
	}
	return &peeked{Conn: conn, begun: begun}, true, nil
}

// close ends accepting. What was handed on is its server's.
func (s *splitter) close() error {
	s.cancel()
	return s.from.Close()
}

// peeked is a connection of which the beginning was read.
type peeked struct {
	net.Conn
	begun []byte // what is still to be read again
}

func (p *peeked) Read(b []byte) (int, error) {
	if len(p.begun) == 0 {
		return p.Conn.Read(b)
	}
	n := copy(b, p.begun)
	p.begun = p.begun[n:]
	return n, nil
}

// queue is a listener of connections that another one accepted.
type queue struct {
	addr  net.Addr
	conns chan net.Conn
	ctx   context.Context // done when the other one ended
	once  sync.Once
	done  chan struct{} // closed by Close
}

func newQueue(ctx context.Context, addr net.Addr) *queue {
	return &queue{addr: addr, conns: make(chan net.Conn), ctx: ctx, done: make(chan struct{})}
}

// put hands a connection to whoever accepts, and closes it when nobody does any more.
func (q *queue) put(c net.Conn) {
	select {
	case q.conns <- c:
	case <-q.done:
		_ = c.Close()
	case <-q.ctx.Done():
		_ = c.Close()
	}
}

// Accept returns the next connection, and [net.ErrClosed] when there will be none.
func (q *queue) Accept() (net.Conn, error) {
	select {
	case c := <-q.conns:
		return c, nil
	case <-q.done:
		return nil, net.ErrClosed
	case <-q.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close ends accepting here alone.
func (q *queue) Close() error {
	q.once.Do(func() { close(q.done) })
	return nil
}

// Addr returns the address of the listener that the connections come from.
func (q *queue) Addr() net.Addr { return q.addr }
