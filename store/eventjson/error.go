package eventjson

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/gestadb/gesta/store"
)

// Error is an error in the form in which it is shown to programs: a code, a message for people, and facts. It is an error
// itself, so that code above a store can make one and [Describe] finds it again through any number of wraps.
type Error struct {
	Code    Code
	Message string // one sentence without a final point
	Hint    string // what to do next; empty for none

	// The facts; the zero value of each is "not known".
	Failed   []store.GuardFailure // of a conflict, in the order of the guards
	File     string
	Line     int64 // 1-based
	Offset   int64 // in bytes; shown with CodeDamaged alone
	Position store.Position
	Stream   string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Is matches the error of the contract that the code stands for, such as [store.ErrNotFound].
func (e *Error) Is(target error) bool {
	for _, s := range sentinels[:contractErrors] {
		if s.err == target {
			return s.code == e.Code
		}
	}
	return false
}

// contractErrors is how many of the sentinels are errors of the contract that one code stands for.
const contractErrors = 11

// sentinels maps the errors of the contract to codes. The first that matches counts: an unknown outcome may wrap any of
// the others as its cause.
var sentinels = []struct {
	err  error
	code Code
}{
	{store.ErrUnknown, CodeOutcomeUnknown},
	{store.ErrConflict, CodeConflict},
	{store.ErrKeyReused, CodeKeyReused},
	{store.ErrTracking, CodeTracking},
	{store.ErrTooLarge, CodeTooLarge},
	{store.ErrInvalid, CodeUsage},
	{store.ErrNotFound, CodeNotFound},
	{store.ErrTruncated, CodeTruncated},
	{store.ErrDamaged, CodeDamaged},
	{store.ErrLocked, CodeLocked},
	{store.ErrReadOnly, CodeReadOnly},
	{store.ErrFailed, CodeUnavailable},
	{store.ErrClosed, CodeUnavailable},
	{store.ErrUnsupported, CodeUsage},
	{context.DeadlineExceeded, CodeTimeout},
	{context.Canceled, CodeTimeout},
	{os.ErrDeadlineExceeded, CodeTimeout},
	{fs.ErrPermission, CodeDenied},
	{syscall.ENOSPC, CodeUnavailable},
	{syscall.EROFS, CodeReadOnly},
}

// Describe returns the form of err: the first Error in its tree with the message of the whole, or what the errors of the
// contract say. Anything else is internal. Describe of nil is the zero Error.
func Describe(err error) Error {
	if err == nil {
		return Error{}
	}
	message := messageOf(err)
	if known, ok := errors.AsType[*Error](err); ok {
		d := *known
		d.Message = message
		return d
	}
	d := Error{Code: CodeInternal, Message: message}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			d.Code = s.code
			break
		}
	}
	d.addFacts(err)
	return d
}

// prefix is that of the sentinels. Whoever prints a message says who speaks.
const prefix = "gesta: "

// messageOf returns the message of err on one line, without the prefixes that sentinels brought into it, and each of several joined
// errors once. It asks each error of the tree for its own text, as a word, because the whole may have the same letters elsewhere: in a path that ends in .gesta.
func messageOf(err error) string {
	message := err.Error()
	for e := range tree(err) {
		if text := e.Error(); strings.HasPrefix(text, prefix) {
			message = strings.Replace(" "+message, " "+text, " "+text[len(prefix):], 1)[1:]
			message = strings.Replace(message, "\n"+text, "\n"+text[len(prefix):], 1)
		}
	}
	var joined []string
	for line := range strings.SplitSeq(message, "\n") {
		if !slices.ContainsFunc(joined, func(said string) bool { return strings.HasSuffix(" "+said, " "+line) }) {
			joined = append(joined, line)
		}
	}
	return strings.Join(joined, "; ")
}

// tree yields err and the errors that it wraps, outermost first.
func tree(err error) iter.Seq[error] {
	return func(yield func(error) bool) { walk(err, yield) }
}

func walk(err error, yield func(error) bool) bool {
	if err == nil {
		return true
	}
	if !yield(err) {
		return false
	}
	switch e := err.(type) { //nolint:errorlint // this is what walks the tree
	case interface{ Unwrap() error }:
		return walk(e.Unwrap(), yield)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if !walk(inner, yield) {
				return false
			}
		}
	}
	return true
}

// addFacts takes over what the typed errors of the contract know.
func (e *Error) addFacts(err error) {
	var (
		conflict  *store.ConflictError
		reused    *store.KeyReusedError
		truncated *store.TruncatedError
		damaged   *store.DamagedError
	)
	switch {
	case errors.As(err, &conflict):
		e.Failed = conflict.Failed
	case errors.As(err, &reused):
		e.Position = reused.First
	case errors.As(err, &truncated):
		e.Position = truncated.First
	case errors.As(err, &damaged):
		e.File, e.Offset, e.Position = damaged.File, damaged.Offset, damaged.Position
	}
}

// AppendError appends the error object: {"code":…,"message":…} with hint and facts where there are any.
func AppendError(dst []byte, e *Error) []byte {
	dst = append(dst, `{"code":`...)
	dst = AppendString(dst, string(e.Code))
	dst = append(dst, `,"message":`...)
	dst = AppendString(dst, e.Message)
	if e.Hint != "" {
		dst = append(dst, `,"hint":`...)
		dst = AppendString(dst, e.Hint)
	}
	if e.Failed != nil {
		dst = append(dst, `,"failed":`...)
		dst = AppendFailed(dst, e.Failed)
	}
	if e.File != "" {
		dst = append(dst, `,"file":`...)
		dst = AppendString(dst, e.File)
	}
	if e.Line != 0 {
		dst = appendUint(append(dst, `,"line":`...), uint64(e.Line))
	}
	if e.Code == CodeDamaged {
		dst = appendUint(append(dst, `,"offset":`...), uint64(e.Offset))
	}
	if e.Position != 0 {
		dst = appendUint(append(dst, `,"position":`...), uint64(e.Position))
	}
	if e.Stream != "" {
		dst = append(dst, `,"stream":`...)
		dst = AppendString(dst, e.Stream)
	}
	return append(dst, '}')
}

// AppendFailed appends the list of the guards that failed, with their facts.
func AppendFailed(dst []byte, failed []store.GuardFailure) []byte {
	dst = append(dst, '[')
	for i := range failed {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFailure(dst, &failed[i])
	}
	return append(dst, ']')
}

func appendFailure(dst []byte, f *store.GuardFailure) []byte {
	dst = append(dst, `{"guard":`...)
	dst = AppendGuard(dst, f.Guard)
	if _, query := f.Guard.(store.NoneMatch); !query {
		dst = appendUint(append(dst, `,"actualVersion":`...), f.ActualVersion)
	}
	dst = append(dst, `,"events":[`...)
	for i := range f.Events {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendEvent(dst, &f.Events[i])
	}
	dst = append(dst, `],"complete":`...)
	return append(appendBool(dst, f.Complete), '}')
}
