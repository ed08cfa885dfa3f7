package javascript

import (
	"errors"

	"github.com/gestadb/gesta/reducer/sandbox"
)

// What may end a fold, beside what a handler throws; each is the cause of a [reducer.EventError], or of a [SourceError].
var (
	ErrTime      = sandbox.ErrTime
	ErrMemory    = sandbox.ErrMemory
	ErrDepth     = sandbox.ErrDepth
	ErrForbidden = errors.New("gesta: not in a reducer")
	ErrNumber    = errors.New("gesta: the number has another value in JavaScript")
	ErrName      = errors.New("gesta: the name has another value in JavaScript")
	ErrState     = errors.New("gesta: the state is not JSON")
)

// SourceError says what is wrong with a file before it saw an event: it cannot be compiled, does not say when, or fails in $init.
type SourceError = sandbox.SourceError

// failure is what ended a fold.
type failure struct {
	kind    error // one of these, nil for none
	line    int
	message string // beside the kind; may be empty
}

// told returns the failure as it is told, nil for none.
func (f *failure) told() *sandbox.Failure {
	if f == nil {
		return nil
	}
	return &sandbox.Failure{Kind: f.kind, Line: f.line, Message: f.message}
}

// maxName is how many characters of a name are told within a message.
const maxName = 60

// clean returns a name of a file or an event as people can read it, and no more of it than is told.
func clean(name string) string { return sandbox.Clean(name, maxName) }
