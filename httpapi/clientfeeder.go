package httpapi

import (
	"io"
	"time"
)

// feeder is the body of the request: it has what is queued, as it comes, and ends when nothing came for a while and no answer is awaited, or none has begun: what is between may
// wait for the end.
type feeder struct {
	s        *starts
	begin    string // the magic, until it is sent
	closed   bool   // guarded by s.mu
	over     bool   // guarded by s.mu: the server takes no more
	idle     *time.Timer
	tired    bool // guarded by s.mu: nothing came for a while
	ended    bool // guarded by s.mu: the end of the body was read
	answered bool // guarded by s.mu: the answer has begun
}

func (s *starts) newFeeder() *feeder {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.duplex == wanted {
		s.duplex = asking
	}
	return &feeder{s: s, begin: magic}
}

func (f *feeder) Read(p []byte) (int, error) {
	s := f.s
	s.mu.Lock()
	defer s.mu.Unlock()
	n := copy(p, f.begin)
	f.begin = f.begin[n:]
	for !f.closed && !f.over {
		for n < len(p) && s.next < min(len(s.queue), s.window) {
			c := s.queue[s.next]
			m := copy(p[n:], c.frame[s.offset:])
			n += m
			c.sent = true
			if s.offset += m; s.offset == len(c.frame) {
				s.next, s.offset = s.next+1, 0
			}
		}
		if n > 0 {
			f.rest()
			return n, nil
		}
		if f.tired || s.finish && s.next == len(s.queue) {
			f.ended = true
			return 0, io.EOF
		}
		f.watch()
		s.some.Wait()
	}
	if f.closed {
		return 0, errNotTaken
	}
	f.ended = true
	return 0, io.EOF
}

// end ends the body when nothing more is taken of it: the server waits for its end for a moment.
func (f *feeder) end() {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	f.over = true
	f.s.some.Broadcast()
}

// watch ends the body when nothing comes for a while. The caller holds s.mu.
func (f *feeder) watch() {
	if f.idle != nil {
		return
	}
	f.idle = time.AfterFunc(f.s.r.o.IdleTimeout, func() {
		f.s.mu.Lock()
		defer f.s.mu.Unlock()
		f.tired = f.idle != nil && (len(f.s.queue) == 0 || !f.answered)
		f.idle = nil // Read watches again where answers are still to come
		f.s.some.Broadcast()
	})
}

// rest takes the watch back. The caller holds s.mu.
func (f *feeder) rest() {
	f.tired = false
	if f.idle != nil {
		f.idle.Stop()
		f.idle = nil
	}
}

// Close ends the body.
func (f *feeder) Close() error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	f.closed = true
	f.rest()
	f.s.some.Broadcast()
	return nil
}
