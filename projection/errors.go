package projection

import (
	"errors"
	"fmt"
	"time"

	"github.com/gestadb/gesta/store"
)

// The errors of projections, beside those of packages gesta and store.
var (
	// ErrHistory says that a target was fed from another history than that of the store, or from a longer one; [*HistoryError] has the facts.
	ErrHistory = errors.New("gesta: the read model is of another history")

	// ErrNoKey says that an event has neither a stream nor a key that the projection declares; [*NoKeyError] has the facts.
	ErrNoKey = errors.New("gesta: event without a key")

	// ErrTooManyParked says that one event more would have to be parked than MaxParked allows.
	ErrTooManyParked = errors.New("gesta: too many parked events")

	// ErrNotParked says that an event to skip is not parked.
	ErrNotParked = errors.New("gesta: event is not parked")

	// ErrSkipped says that an event was skipped already, by the very same decision.
	ErrSkipped = errors.New("gesta: event is skipped already")

	// ErrLeased says that another process runs the projection; [*LeasedError] has the facts.
	ErrLeased = errors.New("gesta: projection is leased")

	// ErrFenced says that a lease is lost: it has ended, or another process has taken it.
	ErrFenced = errors.New("gesta: lease of the projection is lost")

	// ErrRolledBack says that the database has rolled a transaction back under a handler: by a conflict clause, a trigger, or trouble of its own. Whatever the handler did about it, nothing
	// of the transaction is left.
	ErrRolledBack = errors.New("gesta: transaction was rolled back under a handler")

	// ErrReads says that a version of a projection now reads types of events that it did not read before, and has passed some of them; [*ReadsError] has the facts.
	ErrReads = errors.New("gesta: version of the projection has passed events that it now reads")

	// ErrChanged says that the state of a projection is not what it was when the transaction began.
	ErrChanged = errors.New("gesta: state of the projection has changed")
)

// HistoryError says in what the store differs from what a read model was made of.
type HistoryError struct {
	Projection ID
	Problem    string
}

func (e *HistoryError) Error() string {
	return fmt.Sprintf("%v: projection %v: %s; give the projection a new version, or open the store that it was made of", ErrHistory, e.Projection, e.Problem)
}

// Is matches [ErrHistory].
func (e *HistoryError) Is(target error) bool { return target == ErrHistory }

// NoKeyError names an event that has no key.
type NoKeyError struct {
	Projection ID
	Type       string
	Position   store.Position
}

func (e *NoKeyError) Error() string {
	return fmt.Sprintf("%v: position %d, %q, has no stream, or the Key of projection %v is empty for it: declare a Key that says which events must stay in order",
		ErrNoKey, e.Position, e.Type, e.Projection)
}

// Is matches [ErrNoKey].
func (e *NoKeyError) Is(target error) bool { return target == ErrNoKey }

// ReadsError names an event that a version of a projection has passed without a handler that it now has.
type ReadsError struct {
	Projection ID
	Type       string
	Position   store.Position
}

func (e *ReadsError) Error() string {
	return fmt.Sprintf("%v: projection %v has passed position %d, %q, for which it had no handler: raise its Version, which applies them all from its Start", ErrReads, e.Projection, e.Position, e.Type)
}

// Is matches [ErrReads].
func (e *ReadsError) Is(target error) bool { return target == ErrReads }

// ParkedError says why an event is parked, still or for the first time.
type ParkedError struct {
	Key      string
	Position store.Position
	Err      error
}

func (e *ParkedError) Error() string {
	return fmt.Sprintf("apply position %d, key %q: %v", e.Position, e.Key, e.Err)
}

// Unwrap returns what the handler said.
func (e *ParkedError) Unwrap() error { return e.Err }

// LeasedError says who has the lease of a projection.
type LeasedError struct {
	Holder string
	Left   time.Duration // until it ends, unless it is renewed
}

func (e *LeasedError) Error() string {
	return fmt.Sprintf("%v by %s for %v", ErrLeased, e.Holder, e.Left)
}

// Is matches [ErrLeased].
func (e *LeasedError) Is(target error) bool { return target == ErrLeased }
