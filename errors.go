package gesta

import (
	"errors"
	"fmt"

	"github.com/gestadb/gesta/store"
)

// The errors of the typed layer, beside those of package store.
var (
	// ErrUnknownType says that a type is not among those that the [DB] was made with; [*UnknownTypeError] has the facts.
	ErrUnknownType = errors.New("gesta: unknown type of event")

	// ErrErased says that an event that is needed has no payload any more; [*ErasedError] has the facts.
	ErrErased = errors.New("gesta: erased")

	// ErrNoStream says that a stream which [MustExist] asked for is not there.
	ErrNoStream = errors.New("gesta: no such stream")
)

// UnknownTypeError says that an event was stored with a type, or a version of its schema, that the program does not know.
type UnknownTypeError struct {
	Type          string
	SchemaVersion uint32
	Newest        uint32 // version of the type that the program knows; 0 when it does not know the type
	Position      store.Position
}

func (e *UnknownTypeError) Error() string {
	if e.Newest > 0 {
		return fmt.Sprintf("%v: position %d has version %d of %q, the newest known here is %d", ErrUnknownType, e.Position, e.SchemaVersion, e.Type, e.Newest)
	}
	return fmt.Sprintf("%v: position %d has a %q", ErrUnknownType, e.Position, e.Type)
}

// Is matches [ErrUnknownType].
func (e *UnknownTypeError) Is(target error) bool { return target == ErrUnknownType }

// DecodeError says that a stored event could not be read as its type.
type DecodeError struct {
	Type     string
	Position store.Position
	Err      error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("decode position %d, %q: %v", e.Position, e.Type, e.Err)
}

// Unwrap returns what the codec or an upcaster said.
func (e *DecodeError) Unwrap() error { return e.Err }

// ErasedError says that an event has no payload any more.
type ErasedError struct {
	Type     string
	Position store.Position
	By       store.Position // of the $erasure event
}

func (e *ErasedError) Error() string {
	return fmt.Sprintf("%v: position %d, %q, by position %d", ErrErased, e.Position, e.Type, e.By)
}

// Is matches [ErrErased].
func (e *ErasedError) Is(target error) bool { return target == ErrErased }
