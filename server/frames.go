package server

import (
	"encoding/binary"
	"sync/atomic"
)

// frames walks the frames of one direction of a connection of HTTP/2 as they pass, in whatever pieces (RFC 9113, section 4.1).
type frames struct {
	skip  int     // bytes until the next frame begins
	data  bool    // they are those of DATA
	head  [9]byte // of the next frame
	known int     // bytes of head that are there
}

// The kinds of frames, and a flag, that matter here (RFC 9113, section 6).
const (
	frameData    = 0
	frameHeaders = 1
	frameReset   = 3

	flagEndStream = 1
)

// walk takes note of what passes, and tells begun of each frame. It returns how many bytes of DATA there were.
func (f *frames) walk(b []byte, begun func(kind, flags byte, stream uint32)) (data int) {
	for len(b) > 0 {
		if f.skip > 0 {
			n := min(f.skip, len(b))
			if f.data {
				data += n
			}
			f.skip -= n
			b = b[n:]
			continue
		}
		n := copy(f.head[f.known:], b)
		f.known += n
		b = b[n:]
		if f.known == len(f.head) {
			f.known = 0
			f.skip = int(f.head[0])<<16 | int(f.head[1])<<8 | int(f.head[2])
			f.data = f.head[3] == frameData
			begun(f.head[3], f.head[4], binary.BigEndian.Uint32(f.head[5:])&(1<<31-1))
		}
	}
	return data
}

// openStreams are the open streams of a connection, of which there are as many as the server allows, and a few that it has yet to refuse. One goroutine opens them, any may close them.
type openStreams struct {
	last  uint32             // the stream that was opened last
	slots [512]atomic.Uint32 // each has an open stream, or 0; a stream is in the first one, from its own on, that was free when it was opened
}

// home is where a stream is looked for first. The streams of clients are odd.
func (s *openStreams) home(stream uint32) int { return int(stream/2) % len(s.slots) }

// open takes note of a stream. It returns false for one that is open, or was, and where there are too many.
func (s *openStreams) open(stream uint32) bool {
	if stream <= s.last {
		return false
	}
	s.last = stream
	home := s.home(stream)
	for i := range s.slots {
		if s.slots[(home+i)%len(s.slots)].CompareAndSwap(0, stream) {
			return true
		}
	}
	return false
}

// close returns false for a stream that is not open.
func (s *openStreams) close(stream uint32) bool {
	home := s.home(stream)
	for i := range s.slots {
		if s.slots[(home+i)%len(s.slots)].CompareAndSwap(stream, 0) {
			return stream != 0
		}
	}
	return false
}

// closeAll returns how many were open.
func (s *openStreams) closeAll() (n int64) {
	for i := range s.slots {
		if s.slots[i].Swap(0) != 0 {
			n++
		}
	}
	return n
}
