package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What ends a fold in any language, each the cause of a [reducer.EventError] or of a [SourceError].
var (
	ErrTime   = errors.New("gesta: it takes too long")
	ErrMemory = errors.New("gesta: it takes too much memory")
	ErrDepth  = errors.New("gesta: its calls are nested too deep")
)

// SourceError says what is wrong with a source before it saw an event: it cannot be compiled, or fails when a state begins.
type SourceError struct {
	Name string
	Line int // from 1; 0 where there is none
	Err  error
}

func (e *SourceError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %v", e.Name, e.Line, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Name, e.Err)
}

func (e *SourceError) Unwrap() error { return e.Err }

// Place returns the file and the line, 0 where there is none.
func (e *SourceError) Place() (file string, line int) { return e.Name, e.Line }

// Failure is what ends a fold.
type Failure struct {
	Kind    error  // one of this package or of the language's Errors, nil for none of them
	File    string // where the line is; empty for the source itself
	Line    int    // from 1; 0 where there is none
	Message string // beside the kind; may be empty then
}

// What is told of a failure is bounded: a text to so many characters. On the wire it has at the most maxText bytes.
const (
	maxTold = 500
	maxText = 8 << 10
)

// kinds are what a failure is on the wire.
func (l *Language) kinds() []error {
	return append([]error{nil, ErrTime, ErrMemory, ErrDepth}, l.Errors...)
}

// append appends the failure of an event of the batch, from 0, -1 where there was none.
func (f *Failure) append(b []byte, l *Language, event int) []byte {
	b = binary.AppendVarint(b, int64(event))
	kind := slices.IndexFunc(l.kinds(), func(k error) bool { return errors.Is(f.Kind, k) })
	b = binary.AppendUvarint(b, uint64(max(0, kind)))   //nolint:gosec // an index
	b = binary.AppendUvarint(b, uint64(max(0, f.Line))) //nolint:gosec // positive
	return AppendText(AppendText(b, Clean(f.File, maxTold)), Clean(f.Message, maxTold))
}

// readFailure reads what append has appended.
func (l *Language) readFailure(payload []byte) (event int, f *Failure, err error) {
	r := Reader{b: payload}
	event = int(r.Int())
	kind, kinds := r.Uint(), l.kinds()
	f = &Failure{Line: int(min(r.Uint(), 1<<31-1)), File: string(r.Text()), Message: string(r.Text())} //nolint:gosec // bounded
	if err := r.End(); err != nil || kind >= uint64(len(kinds)) || max(len(f.File), len(f.Message)) > maxText {
		return 0, nil, errFrame
	}
	f.Kind = kinds[kind]
	return event, f, nil
}

// err returns the failure as an error.
func (f *Failure) err() error {
	if f.Kind == nil {
		return errors.New(f.Message)
	}
	return &endError{f.Kind, f.Message}
}

// endError is a sentinel in the middle of a message, where its prefix would be in the way.
type endError struct {
	kind    error
	message string // may be empty
}

func (e *endError) Error() string {
	says := strings.TrimPrefix(e.kind.Error(), "gesta: ")
	if e.message == "" {
		return says
	}
	return says + ": " + e.message
}

func (e *endError) Unwrap() error { return e.kind }

// Clean returns what a source or an event says as people can read it: on one line, with escapes for what is not seen, and no more than so many characters of it.
func Clean(s string, most int) string {
	var b strings.Builder
	n := 0
	for _, c := range s {
		if n++; n > most {
			fmt.Fprintf(&b, "... (%d bytes)", len(s))
			break
		}
		if c == utf8.RuneError || unicode.IsPrint(c) {
			b.WriteRune(c)
		} else {
			quoted := strconv.QuoteRune(c)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}
