package javascript

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// What may end a fold, beside what a handler throws; each is the cause of a [reducer.EventError], or of a [SourceError].
var (
	ErrTime      = errors.New("gesta: it takes too long")
	ErrMemory    = errors.New("gesta: it takes too much memory")
	ErrDepth     = errors.New("gesta: its calls are nested too deep")
	ErrForbidden = errors.New("gesta: not in a reducer")
	ErrNumber    = errors.New("gesta: the number has another value in JavaScript")
	ErrState     = errors.New("gesta: the state is not JSON")
)

// SourceError says what is wrong with a file before it saw an event: it cannot be compiled, does not say when, or fails in $init.
type SourceError struct {
	Name string
	Line int // from 1; 0 where there is none
	Err  error
}

func (e *SourceError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s, line %d: %v", e.Name, e.Line, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Name, e.Err)
}

func (e *SourceError) Unwrap() error { return e.Err }

// kinds are what a failure is on the wire.
var kinds = []error{nil, ErrTime, ErrMemory, ErrDepth, ErrForbidden, ErrNumber, ErrState}

// failure is what ended a fold.
type failure struct {
	event   int   // of the batch, from 0; -1 for the source and $init
	kind    error // one of kinds
	line    int
	message string // beside the kind; may be empty
}

func (f *failure) append(b []byte) []byte {
	b = binary.AppendVarint(b, int64(f.event))
	kind := 0
	for i, k := range kinds {
		if errors.Is(f.kind, k) {
			kind = i
		}
	}
	b = binary.AppendUvarint(b, uint64(kind)) //nolint:gosec // an index
	b = binary.AppendUvarint(b, uint64(max(0, f.line)))
	return appendText(b, f.message[:min(len(f.message), maxMessage)])
}

// maxMessage bounds what is told of an error, in bytes.
const maxMessage = 4 << 10

func readFailure(payload []byte) (*failure, error) {
	r := reader{b: payload}
	f := &failure{event: int(r.int())}
	kind := r.uint()
	f.line = int(min(r.uint(), 1<<31-1)) //nolint:gosec // bounded
	f.message = string(r.text())
	if err := r.end(); err != nil || kind >= uint64(len(kinds)) || len(f.message) > maxMessage {
		return nil, errFrame
	}
	f.kind = kinds[kind]
	return f, nil
}

// err returns the failure as an error.
func (f *failure) err() error {
	switch {
	case f.kind == nil:
		return errors.New(f.message)
	case f.message == "":
		return f.kind
	}
	return fmt.Errorf("%w: %s", f.kind, f.message)
}
