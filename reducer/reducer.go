package reducer

import "github.com/gestadb/gesta/store"

// Reducer is a rule for folding events into a state. It may be used by any number of goroutines.
type Reducer interface {
	// Identity names the rule and its version, such as mergepatch/1: two folds of the same events with the same identity
	// have the same state.
	Identity() string

	// New begins a state from nothing.
	New() Fold
}

// Fold is a state in the making. It is used by one goroutine at a time.
type Fold interface {
	// Apply folds one event into the state. It returns false for an event that it skips because the rule has nothing to
	// say about it; the state is then as before. It keeps no memory of the event's.
	Apply(r *store.Recorded) (applied bool, err error)

	// AppendState appends the state as compact JSON.
	AppendState(dst []byte) []byte

	// AppendAt appends the part of the state at a path, and returns false where there is none.
	AppendAt(dst []byte, p Path) ([]byte, bool)
}
