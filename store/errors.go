package store

import (
	"errors"
	"fmt"
	"strings"
)

// The sentinels that errors of a store match with [errors.Is]. Those with facts are the structs below.
var (
	ErrInvalid     = errors.New("gesta: invalid")
	ErrTooLarge    = errors.New("gesta: too large")
	ErrConflict    = errors.New("gesta: conflict")
	ErrKeyReused   = errors.New("gesta: key reused with other events")
	ErrTracking    = errors.New("gesta: tracking position not above the last")
	ErrNotFound    = errors.New("gesta: not found")
	ErrTruncated   = errors.New("gesta: truncated")
	ErrDamaged     = errors.New("gesta: damaged")
	ErrUnknown     = errors.New("gesta: outcome unknown")
	ErrFailed      = errors.New("gesta: store failed, close it and open it again")
	ErrClosed      = errors.New("gesta: store is closed")
	ErrReadOnly    = errors.New("gesta: store is read-only")
	ErrLocked      = errors.New("gesta: store is locked by another opener")
	ErrUnsupported = errors.New("gesta: not supported by this store")
)

// InvalidError says what about a request is malformed.
type InvalidError struct{ Problem string }

func (e *InvalidError) Error() string { return "gesta: invalid: " + e.Problem }

// Is matches [ErrInvalid].
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

func invalidf(format string, args ...any) error {
	return &InvalidError{Problem: fmt.Sprintf(format, args...)}
}

// TooLargeError says which limit was passed: What has Got Units where Max are allowed.
type TooLargeError struct {
	What, Unit string
	Got, Max   int
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("gesta: too large: %s has %d %s, the limit is %d", e.What, e.Got, e.Unit, e.Max)
}

// Is matches [ErrTooLarge].
func (e *TooLargeError) Is(target error) bool { return target == ErrTooLarge }

func tooLarge(what, unit string, got, limit int) error {
	return &TooLargeError{What: what, Unit: unit, Got: got, Max: limit}
}

// ConflictError says which guards of a commit failed. Nothing was written.
type ConflictError struct {
	Failed []GuardFailure // in the order of the commit's guards
}

// GuardFailure has the facts of one guard that failed.
type GuardFailure struct {
	Guard Guard

	// ActualVersion is the stream's version at the commit point, for StreamAt and StreamExists.
	ActualVersion uint64

	// Events are the first events, oldest first, that broke the guard: for NoneMatch those that match, for StreamAt those of the stream above
	// the version that was asked for. At most [MaxConflictEvents].
	Events []Recorded

	// Complete says that Events are all that broke the guard.
	Complete bool
}

func (e *ConflictError) Error() string {
	var b strings.Builder
	b.WriteString("gesta: conflict")
	for i, f := range e.Failed {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		b.WriteString(sep)
		b.WriteString(f.String())
	}
	return b.String()
}

// Is matches [ErrConflict].
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// String says what was asked and what was found.
func (f *GuardFailure) String() string {
	switch g := f.Guard.(type) {
	case StreamAt:
		return fmt.Sprintf("expected stream %q at version %d, it is at %d", g.Stream, g.Version, f.ActualVersion)
	case StreamExists:
		return fmt.Sprintf("expected stream %q to exist", g.Stream)
	}
	if len(f.Events) > 0 {
		return fmt.Sprintf("an event at position %d matches the query of a guard", f.Events[0].Position)
	}
	return "an event matches the query of a guard"
}

// KeyReusedError says that a key is taken by a commit with other events.
type KeyReusedError struct {
	Key   string
	First Position // of the commit that has the key
}

func (e *KeyReusedError) Error() string {
	return fmt.Sprintf("gesta: key %q was used by the commit at position %d with other events", e.Key, e.First)
}

// Is matches [ErrKeyReused].
func (e *KeyReusedError) Is(target error) bool { return target == ErrKeyReused }

// TrackingError says that a commit's tracking position does not lie above the last one of its source.
type TrackingError struct {
	Tracking Tracking
	Last     uint64 // the last position of the source
}

func (e *TrackingError) Error() string {
	return fmt.Sprintf("gesta: tracking of %q is at %d, %d is not above it", e.Tracking.Source, e.Last, e.Tracking.Position)
}

// Is matches [ErrTracking].
func (e *TrackingError) Is(target error) bool { return target == ErrTracking }

// TruncatedError says that a read or guard needs positions that were truncated away.
type TruncatedError struct {
	First Position // the first position left
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("gesta: truncated: the first position left is %d", e.First)
}

// Is matches [ErrTruncated].
func (e *TruncatedError) Is(target error) bool { return target == ErrTruncated }

// UnknownError says that a commit may or may not have been written: repeat it with the same key to know.
type UnknownError struct {
	Cause error
}

func (e *UnknownError) Error() string { return "gesta: outcome unknown: " + e.Cause.Error() }

// Is matches [ErrUnknown].
func (e *UnknownError) Is(target error) bool { return target == ErrUnknown }

// Unwrap returns the cause.
func (e *UnknownError) Unwrap() error { return e.Cause }

// DamagedError says where stored bytes are not what was written.
type DamagedError struct {
	File     string   // relative to the store
	Offset   int64    // in bytes, from the start of the file
	Position Position // of the first event that it concerns; 0 where none can be named
	Problem  string
}

func (e *DamagedError) Error() string {
	at := ""
	if e.Position != 0 {
		at = fmt.Sprintf(", position %d", e.Position)
	}
	return fmt.Sprintf("gesta: damaged: %s at offset %d%s: %s", e.File, e.Offset, at, e.Problem)
}

// Is matches [ErrDamaged].
func (e *DamagedError) Is(target error) bool { return target == ErrDamaged }
