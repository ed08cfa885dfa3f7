package server

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"
)

// link is a connection that gRPC serves, and what the server knows of it: how many streams are open, also of calls that were answered and whose client does not take the answer, and whether anything
// moves. It is the AuthInfo of its calls, too.
type link struct {
	net.Conn
	credentials.CommonAuthInfo
	state *tls.ConnectionState // nil for clear text
	of    *links

	in, out frames // in is for who reads, out for who writes
	open    openStreams
	moved   atomic.Uint64 // bytes of DATA that were read or written
	working atomic.Int32  // calls that are at work, see umadb.Connection
	held    atomic.Int64  // room that messages have which the client is to take, see umadb.Room
	writing atomic.Int32  // above 0 while something is written: how long that takes is for counted to bound

	once   sync.Once
	closed chan struct{}
}

// AuthType says how the connection is secured.
func (l *link) AuthType() string {
	if l.state != nil {
		return "tls"
	}
	return "insecure"
}

// Read reads, and takes note of streams that the client opens or gives up.
func (l *link) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if data := l.in.walk(b[:n], l.received); data > 0 {
		l.moved.Add(uint64(data)) //nolint:gosec // it is above 0
	}
	return n, err
}

// Write writes, and takes note of streams that end.
func (l *link) Write(b []byte) (int, error) {
	l.writing.Add(1)
	n, err := l.Conn.Write(b)
	l.writing.Add(-1)
	if data := l.out.walk(b[:n], l.sent); data > 0 {
		l.moved.Add(uint64(data)) //nolint:gosec // it is above 0
	}
	return n, err
}

func (l *link) received(kind, _ byte, stream uint32) {
	switch {
	case kind == frameHeaders && l.open.open(stream):
		l.of.streams.Add(1)
		select {
		case <-l.closed: // nobody closes it any more
			l.end(stream)
		default:
		}
	case kind == frameReset:
		l.end(stream)
	}
}

func (l *link) sent(kind, flags byte, stream uint32) {
	if kind == frameReset || flags&flagEndStream != 0 && (kind == frameHeaders || kind == frameData) {
		l.end(stream)
	}
}

func (l *link) end(stream uint32) {
	if l.open.close(stream) {
		l.of.streams.Add(-1)
	}
}

// Close closes the connection.
func (l *link) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.of.forget(l)
		l.of.streams.Add(-l.open.closeAll())
	})
	return l.Conn.Close()
}

// Closed is closed with the connection.
func (l *link) Closed() <-chan struct{} { return l.closed }

// AtWork adds to the calls that are at work.
func (l *link) AtWork(d int32) { l.working.Add(d) }

// Holds adds to the room that messages of its calls have.
func (l *link) Holds(d int64) { l.held.Add(d) }

// links are the connections that gRPC serves.
type links struct {
	streams atomic.Int64 // that are open, of all of them

	mu  sync.Mutex
	all map[*link]bool // guarded by mu
}

// add makes a link of a connection whose preface was read as far as peeked has it.
func (k *links) add(c net.Conn) *link {
	l := &link{Conn: c, of: k, closed: make(chan struct{})}
	l.in.skip = len(clientPreface)
	l.SecurityLevel = credentials.NoSecurity
	if t, ok := c.(*tls.Conn); ok {
		state := t.ConnectionState()
		l.state, l.SecurityLevel = &state, credentials.PrivacyAndIntegrity
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[*link]bool{}
	}
	k.all[l] = true
	return l
}

// clientPreface is what a client begins a connection with, before its first frame (RFC 9113, section 3.4).
const clientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

func (k *links) forget(l *link) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.all, l)
}

// still is since when nothing has moved on a connection.
type still struct {
	moved uint64
	since time.Time
}

// watch looks after connections of which none moves.
type watch struct {
	links *links
	most  time.Duration    // for how long nothing may move
	busy  func(*link) bool // that it is not the client who is waited for
	spare func(*link) bool // that nobody is in need
	tell  func(*link)      // is told of each that is closed
	seen  map[*link]still
}

// run closes connections on which nothing moves for too long, until ctx is done.
func (w *watch) run(ctx context.Context) {
	for pause := max(w.most/4, time.Millisecond); sleep(ctx, pause); {
		for _, l := range w.standing(now()) {
			w.tell(l)
			_ = l.Close()
		}
	}
}

// standing returns the connections to close at a time, as far as was seen of them before.
func (w *watch) standing(at time.Time) (out []*link) {
	w.links.mu.Lock()
	defer w.links.mu.Unlock()
	for l := range w.seen {
		if !w.links.all[l] {
			delete(w.seen, l)
		}
	}
	for l := range w.links.all {
		before, known := w.seen[l]
		moved := l.moved.Load()
		switch {
		case !known, moved != before.moved, w.busy(l):
			w.seen[l] = still{moved, at}
		case at.Sub(before.since) >= w.most && !w.spare(l):
			out = append(out, l)
		}
	}
	return out
}

// still watches for connections on which nothing moves for a time: no call is at work, and neither does the client send what the calls wait for, nor does it take what they have sent.
func (k *links) still(silence time.Duration, log *slog.Logger) *watch {
	return &watch{
		links: k, most: silence, seen: map[*link]still{},
		busy:  func(l *link) bool { return l.working.Load() > 0 || l.writing.Load() > 0 },
		spare: func(*link) bool { return false },
		tell:  func(l *link) { log.Debug("a connection was closed that stood still", "from", l.RemoteAddr().String()) },
	}
}

// holders watches for connections on which nothing moves for a time in which they have messages that the client is to take, while somebody waits for the room of these.
func (k *links) holders(patience time.Duration, wanted func() bool, log *slog.Logger) *watch {
	return &watch{
		links: k, most: patience, seen: map[*link]still{},
		busy:  func(l *link) bool { return l.held.Load() == 0 },
		spare: func(*link) bool { return !wanted() },
		tell: func(l *link) {
			log.Warn("a connection was closed that took nothing of what is in memory for it, while others waited", "from", l.RemoteAddr().String(), "bytes", l.held.Load())
		},
	}
}
