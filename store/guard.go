package store

import "fmt"

// Guard is a condition of a commit: [StreamAt], [StreamExists] or [NoneMatch].
type Guard interface {
	fmt.Stringer
	guard()
}

// StreamAt holds while the stream is at exactly this version; 0: there is no such stream. A stream never goes back, so
// one whose events were all truncated keeps its version.
type StreamAt struct {
	Stream  string
	Version uint64
}

// StreamExists holds while the stream has had at least one event.
type StreamExists struct {
	Stream string
}

// NoneMatch holds while no event above After matches Query: the append condition of a dynamic consistency boundary. An
// After above the head stands for the head.
type NoneMatch struct {
	Query Query
	After Position
}

func (StreamAt) guard()     {}
func (StreamExists) guard() {}
func (NoneMatch) guard()    {}

// String says what the guard asks for.
func (g StreamAt) String() string {
	if g.Version == 0 {
		return fmt.Sprintf("stream %q does not exist", g.Stream)
	}
	return fmt.Sprintf("stream %q is at version %d", g.Stream, g.Version)
}

// String says what the guard asks for.
func (g StreamExists) String() string { return fmt.Sprintf("stream %q exists", g.Stream) }

// String says what the guard asks for.
func (g NoneMatch) String() string {
	return fmt.Sprintf("no event after position %d matches the query", g.After)
}
