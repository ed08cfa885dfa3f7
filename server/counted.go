package server

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// counted is a connection that leaves when it is closed, and whose peer must read: nothing waits for it longer than writeTime for each piece. When the server ends it must be
// quick: what is awaited of it, and what it is to read, may not stand still for longer than silence. A request that waits for the store alone has no such bound.
type counted struct {
	net.Conn
	once    sync.Once
	leave   func()
	silence time.Duration

	mu     sync.Mutex
	readBy time.Time // guarded by mu; the deadline of reading that was asked for, zero for none
	ending bool      // guarded by mu
}

// Close leaves.
func (c *counted) Close() error {
	c.once.Do(c.leave)
	return c.Conn.Close()
}

// What a peer must read: a piece in writeTime, which is 9 KB a second. While the server ends it is a small piece in silence, which is about the same.
const (
	writePiece = 256 << 10
	smallPiece = 16 << 10
	writeTime  = 30 * time.Second
)

// Write writes b in pieces, each of which must be taken in its time.
func (c *counted) Write(b []byte) (int, error) {
	written := 0
	for {
		size, ending, err := c.beginPiece()
		if err != nil {
			return written, err
		}
		n, err := c.Conn.Write(b[written:min(len(b), written+size)])
		written += n
		if errors.Is(err, os.ErrDeadlineExceeded) && c.isEnding() && (n > 0 || !ending) {
			continue // it was cut short, or a part of it was taken
		}
		if err != nil || written == len(b) {
			return written, err
		}
	}
}

// beginPiece sets the deadline of the next piece and returns how long it is, and whether the server ends.
func (c *counted) beginPiece() (size int, ending bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size, most := writePiece, writeTime
	if c.ending {
		size, most = smallPiece, c.silence
	}
	return size, c.ending, c.Conn.SetWriteDeadline(now().Add(most))
}

func (c *counted) isEnding() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ending
}

// SetReadDeadline sets until when something must come, where the server does not end before.
func (c *counted) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readBy = t
	return c.Conn.SetReadDeadline(c.soon(t))
}

// SetDeadline sets the deadline of reading. Writing has its own.
func (c *counted) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// soon returns a deadline, which is not later than it may be. The caller holds mu.
func (c *counted) soon(t time.Time) time.Time {
	if latest := now().Add(c.silence); c.ending && t.After(latest) {
		return latest
	}
	return t
}

// hurry says that the server ends. Where nothing is awaited of the peer nothing changes.
func (c *counted) hurry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending = true
	_ = c.Conn.SetReadDeadline(c.soon(c.readBy)) // it fails where the connection is closed
	_ = c.Conn.SetWriteDeadline(now().Add(c.silence))
}
