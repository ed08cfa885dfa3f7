package index

// cursor walks the numbers of a list, or of several, in one direction. Numbers are ordinals in a table and positions in a file.
type cursor interface {
	// seek returns the first number at target or beyond it, in the direction of the cursor. Targets never go back.
	seek(target uint64) (n uint64, s status, err error)

	// size returns how many numbers there may be at the most.
	size() uint64
}

// status is what a seek found.
type status uint8

const (
	ended  status = iota // no number at the target or beyond
	found                // the number returned
	paused               // the work was too long for one call: no number before the one returned, which is one of some list
)
