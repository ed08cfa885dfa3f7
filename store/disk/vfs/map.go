package vfs

import (
	"errors"
	"fmt"
)

// Mapper is a File whose bytes can be mapped into memory. It is found by a type assertion; a File that is none, or whose Map returns
// an error, is read with ReadAt.
type Mapper interface {
	// Map makes the first size bytes of the file readable as memory; size is
	// above 0 and at most the size of the file. Nobody may write to these bytes
	// or cut the file below size while they are mapped. The mapping outlives the
	// File, and the name: a file that is removed or replaced stays readable.
	// Where mapping is not done, the error satisfies
	// errors.Is(err, errors.ErrUnsupported).
	Map(size int64) (Mapping, error)
}

// Mapping is a part of a file in memory. It may be used by many goroutines.
type Mapping interface {
	// Bytes are the mapped bytes, to be read only inside [Guard], until Close,
	// and never to be written.
	Bytes() []byte

	// Advise tells the operating system how n bytes from an offset on will be
	// read. It is a hint: it may do nothing, and never fails.
	Advise(off, n int, a Advice)

	// Close gives the memory back. Who reads the bytes afterwards crashes: the
	// caller must know that nobody does. It is called once.
	Close() error
}

// Advice says how a part of a mapping will be read.
type Advice uint8

// The advice that there is.
const (
	Random     Advice = iota // here and there: do not read ahead
	Sequential               // front to back
	WillNeed                 // soon: begin to read it now
)

// ErrFault is matched by the [*FaultError] of a mapped page that could not be read.
var ErrFault = errors.New("gesta: mapped page cannot be read")

// FaultError says where a mapped file could not be read: the disk failed, or someone cut the file.
type FaultError struct {
	Name   string // of the file, as it was opened
	Offset int64  // in bytes
}

// Error names the file and the offset.
func (e *FaultError) Error() string {
	return fmt.Sprintf("read %s at %d: mapped page cannot be read", e.Name, e.Offset)
}

// Is matches [ErrFault].
func (e *FaultError) Is(target error) bool { return target == ErrFault }
