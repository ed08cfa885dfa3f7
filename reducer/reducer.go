package reducer

import (
	"context"
	"iter"

	"github.com/gestadb/gesta/store"
)

// Reducer is a rule for folding events into a state. It may be used by any number of goroutines.
type Reducer interface {
	// Identity names the rule and its version, such as mergepatch/1: two folds of the same events with the same identity
	// have the same state.
	Identity() string

	// New begins a state from nothing. What it returns has to be closed. The context bounds the life of the fold.
	New(ctx context.Context) (Fold, error)
}

// Fold is a state in the making. It is used by one goroutine at a time.
type Fold interface {
	// Steps folds events, in the order in which they come, and yields what each of them did, in the same order. An error is yielded once, last, with a nil Step: one of the
	// events, or an [*EventError]. It may take in some events before it yields what the first of them did: what the methods below return after the loop was
	// left early is the state after any of those. Steps may be called again, to go on.
	Steps(events iter.Seq2[store.Recorded, error], w Want) iter.Seq2[*Step, error]

	// AppendState appends the state as compact JSON.
	AppendState(dst []byte) []byte

	// AppendAt appends the part of the state at a path, and returns false where there is none.
	AppendAt(dst []byte, p Path) ([]byte, bool)

	// Close frees what the fold holds. The state may still be read.
	Close() error
}

// Want says what a caller needs to know of each step. The zero Want is only whether the event was applied.
type Want struct {
	// Changes asks for the leaves that each event changed.
	Changes bool

	// ArrayKey, unless empty, is the member by whose value the elements of a list are told apart, instead of by their places: in paths of changes
	// stands [sku="S-1"] for the element whose member sku is S-1, as JSON. A list with an element that lacks it, or with two that have the same, goes by places.
	ArrayKey string

	// Paths are parts of the state that are wanted after each event.
	Paths []Path
}

// Step is what an event did to a state. It is valid until the next one is yielded.
type Step struct {
	Event store.Recorded

	// Applied is false for an event that was skipped because the rule has nothing to say about it; the state is then as before.
	Applied bool

	// Changes are sorted by path, none where the event changed nothing. Those of the first event of all have the leaves that the state began with, too.
	Changes []Change

	// Values are those at the paths that were wanted, nil where there is none.
	Values [][]byte
}
