package server

import (
	"log/slog"
	"maps"
	"net"
	"slices"
	"time"
)

// Routes returns the names of all routes, as metrics and the audit have them, and the methods of all RPCs.
func (s *Server) Routes() []string {
	names := slices.Collect(maps.Keys(s.names))
	for service, info := range s.grpc.GetServiceInfo() {
		for _, m := range info.Methods {
			names = append(names, "/"+service+"/"+m.Name)
		}
	}
	slices.Sort(names)
	return names
}

// SetPatience sets for how long who takes nothing may have room that others wait for. It is called before Serve.
func (s *Server) SetPatience(d time.Duration) { s.patience = d }

// OpenStreams returns how many calls of gRPC are open on all connections.
func (s *Server) OpenStreams() int64 { return s.links.streams.Load() }

// Frames passes pieces of one direction of a connection by what walks its frames, and returns the bytes of DATA, and the kind, flags and stream of each frame.
func Frames(pieces ...[]byte) (data int, seen [][3]uint32) {
	var f frames
	for _, p := range pieces {
		data += f.walk(p, func(kind, flags byte, stream uint32) {
			seen = append(seen, [3]uint32{uint32(kind), uint32(flags), stream})
		})
	}
	return data, seen
}

// Streams opens and closes streams of one connection, where those to close are negative, and returns how many are open after each.
func Streams(changes ...int) (open []int) {
	var s openStreams
	n := 0
	for _, c := range changes {
		switch {
		case c > 0 && s.open(uint32(c)):
			n++
		case c < 0 && s.close(uint32(-c)):
			n--
		}
		open = append(open, n)
	}
	if got := s.closeAll(); int(got) != n {
		open = append(open, -int(got))
	}
	return open
}

// Moment is how a connection is found: how much room its messages have, how many bytes have moved on it, and whether somebody waits for room.
type Moment struct {
	Held   int64
	Moved  uint64
	Wanted bool
}

// HolderCut finds a connection so, a second after the other, where it is cut when nothing moves for 4 seconds while others wait, and returns how often it was found when it is cut; 0 for never.
func HolderCut(found ...Moment) int {
	var k links
	near, far := net.Pipe()
	defer func() { _, _ = near.Close(), far.Close() }()
	l, wanted := k.add(near), false
	w := k.holders(4*time.Second, func() bool { return wanted }, slog.New(slog.DiscardHandler))
	at := time.Unix(1_000_000, 0)
	for i, m := range found {
		l.Holds(m.Held - l.held.Load())
		l.moved.Store(m.Moved)
		wanted = m.Wanted
		if len(w.standing(at)) > 0 {
			return i + 1
		}
		at = at.Add(time.Second)
	}
	return 0
}
