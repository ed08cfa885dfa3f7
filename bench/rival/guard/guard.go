// Package guard says what a commit expects of the streams that it touches, for the rivals that have to ask
// their store themselves.
package guard

import (
	"fmt"

	"github.com/gestadb/gesta/bench/rival"
)

// Guard is what a commit expects of one stream, and what it makes of it.
type Guard struct {
	// Stream is the stream's name.
	Stream string
	// Before is the version that the stream must have, 0 for one without events; After the version that it
	// has once the commit is written.
	Before, After uint64
}

// few is how many guards are searched one by one; beyond it a map is cheaper.
const few = 16

// Append appends the guards of a commit to dst, one for each stream in the order of its first event. It
// returns an error if the versions of a stream do not follow each other in the commit, or start below 1.
func Append(dst []Guard, commit []rival.Event) ([]Guard, error) {
	start := len(dst)
	var places map[string]int
	for i := range commit {
		event := &commit[i]
		if event.Version == 0 {
			return dst, fmt.Errorf("event %d of the commit has version 0 in stream %q", i, event.Stream)
		}
		at := find(dst, start, places, event.Stream)
		if at >= 0 {
			if event.Version != dst[at].After+1 {
				return dst, fmt.Errorf("event %d of the commit has version %d in stream %q, want %d",
					i, event.Version, event.Stream, dst[at].After+1)
			}
			dst[at].After++
			continue
		}
		dst = append(dst, Guard{Stream: event.Stream, Before: event.Version - 1, After: event.Version})
		switch {
		case places != nil:
			places[event.Stream] = len(dst) - 1
		case len(dst)-start > few:
			places = make(map[string]int, len(commit))
			for at := start; at < len(dst); at++ {
				places[dst[at].Stream] = at
			}
		}
	}
	return dst, nil
}

// find returns the index of the stream's guard in guards[start:], or -1. The last guard is looked at first:
// events of one stream often follow each other.
func find(guards []Guard, start int, places map[string]int, stream string) int {
	last := len(guards) - 1
	if last >= start && guards[last].Stream == stream {
		return last
	}
	if places != nil {
		if at, ok := places[stream]; ok {
			return at
		}
		return -1
	}
	for at := start; at < last; at++ {
		if guards[at].Stream == stream {
			return at
		}
	}
	return -1
}
