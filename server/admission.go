package server

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// errTooManyConnections is why a connection is closed at once.
var errTooManyConnections = errors.New("too many connections")

// admission counts what is inside and lets in no more than a limit. It is used by several goroutines at once.
type admission struct {
	limit  int64
	inside atomic.Int64
}

// enter returns false when it is full. Who entered leaves once.
func (a *admission) enter() bool {
	if a.inside.Add(1) > a.limit {
		a.inside.Add(-1)
		return false
	}
	return true
}

func (a *admission) leave() { a.inside.Add(-1) }

// counted is a connection that leaves when it is closed, and whose peer must read: nothing waits for it longer than writeTime for each piece.
type counted struct {
	net.Conn
	once  sync.Once
	leave func()
}

// Close leaves.
func (c *counted) Close() error {
	c.once.Do(c.leave)
	return c.Conn.Close()
}

// What a peer must read: a piece in writeTime, which is 9 KB a second.
const (
	writePiece = 256 << 10
	writeTime  = 30 * time.Second
)

// Write writes b in pieces, each of which must be taken in writeTime.
func (c *counted) Write(b []byte) (int, error) {
	written := 0
	for {
		piece := b[written:min(len(b), written+writePiece)]
		if err := c.SetWriteDeadline(now().Add(writeTime)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(piece)
		if written += n; err != nil || written == len(b) {
			return written, err
		}
	}
}
