package tui

import (
	"bytes"
	"errors"

	"github.com/gestadb/gesta/reducer"
)

// segment is the state before an event, and what that event and some after it made of it.
type segment struct {
	start int
	text  []byte  // nil where there is no state
	blame []int32 // of each leaf of the state, sorted by path: one more than the index of the event that changed it last, 0 for none
	steps []step  // none in a mere checkpoint
	size  int     // of steps
	used  uint64
}

// step is what an event did: it put middle between the first and the last bytes of the text, and changed the leaves at paths.
type step struct {
	prefix, suffix int
	middle         []byte
	none           bool // there is no state after it
	paths          []string
	skipped        bool
}

// state is the state at an event.
type state struct {
	// The state before the event and with it, as JSON; nil where there is none. Before the first event there is none, whatever a reducer begins with.
	before, text []byte

	blame   map[string]int32 // by path; as in segment. It may have paths of what are no leaves any more
	skipped bool             // the reducer left the event out
}

// blamed returns the blame of the state before the segment.
func (s *segment) blamed() (map[string]int32, error) {
	leaves, ok := reducer.Diff(nil, s.text, "")
	if !ok || len(leaves) != len(s.blame) {
		return nil, errors.New("read checkpoint: its leaves are not what they were")
	}
	out := make(map[string]int32, len(leaves))
	for i := range leaves {
		if s.blame[i] != 0 {
			out[leaves[i].Path] = s.blame[i]
		}
	}
	return out, nil
}

// snapshot keeps the blame of the leaves that there are, and forgets that of others.
func (s *segment) snapshot(u *run) error {
	if len(s.text) == 0 {
		s.text = nil
		return nil
	}
	leaves, ok := reducer.Diff(nil, s.text, "")
	if !ok {
		return errors.New("read state: it is not JSON")
	}
	s.blame = make([]int32, len(leaves))
	all := len(u.blame)
	for i := range leaves {
		s.blame[i] = u.blame[leaves[i].Path]
	}
	if all > 2*len(leaves)+segmentEvents {
		clear(u.blame)
		for i := range leaves {
			u.blame[leaves[i].Path] = s.blame[i]
		}
	}
	return nil
}

// difference returns what makes one text of another.
func difference(from, to []byte) step {
	n := min(len(from), len(to))
	st := step{none: to == nil}
	for st.prefix < n && from[st.prefix] == to[st.prefix] {
		st.prefix++
	}
	for st.suffix < n-st.prefix && from[len(from)-1-st.suffix] == to[len(to)-1-st.suffix] {
		st.suffix++
	}
	st.middle = bytes.Clone(to[st.prefix : len(to)-st.suffix])
	return st
}

// apply appends the text that a step makes of another.
func (st *step) apply(dst, from []byte) []byte {
	dst = append(dst, from[:st.prefix]...)
	dst = append(dst, st.middle...)
	return append(dst, from[len(from)-st.suffix:]...)
}

// at returns the state at an event whose step is kept.
func (s *segment) at(i int) (*state, error) {
	out := &state{blame: map[string]int32{}}
	if s.text != nil {
		var err error
		if out.blame, err = s.blamed(); err != nil {
			return nil, err
		}
	}
	now, next := bytes.Clone(s.text), []byte(nil)
	none := s.text == nil
	for j := s.start; j <= i; j++ {
		st := &s.steps[j-s.start]
		if j == i && j > 0 && !none {
			out.before = bytes.Clone(now)
		}
		next = st.apply(next[:0], now)
		now, next, none = next, now, st.none
		for _, path := range st.paths {
			out.blame[path] = int32(j) + 1
		}
		out.skipped = st.skipped
	}
	if !none {
		out.text = now
	}
	return out, nil
}
