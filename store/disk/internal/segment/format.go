// Package segment encodes, decodes and walks the segments of the log. The format is drawn in the comment under the package clause of
// store/disk; this package is its only reader and writer.
package segment

import (
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
)

// Place is where something starts in the log.
type Place = index.Place

const (
	// HeaderSize is the length of a segment's header in bytes; the first frame starts there.
	HeaderSize = 64

	// FrameHeaderSize is the length of a frame's header in bytes.
	FrameHeaderSize = 48

	// Align is what the offset of every frame is a multiple of.
	Align = 8

	// Version is the format version that this package writes, and the newest that it reads.
	Version = 1

	// MaxBody is the longest body of a frame in bytes: a commit at its limit with the overhead of its records, which is below
	// what limits count for it.
	MaxBody = store.MaxCommitBytes + store.MaxNameBytes*2 + 64
)

// The flags of a frame.
const (
	FlagKey      uint32 = 1
	FlagTracking uint32 = 2
	FlagSeal     uint32 = 4
	knownFlags          = FlagKey | FlagTracking | FlagSeal
)

// The flags of an event record.
const (
	recID = 1 << iota
	recStream
	recSchema
	recContentType
	recEffective
	recErased
	recKnown = recID | recStream | recSchema | recContentType | recEffective | recErased
)

const (
	segmentMagic = "gestalog"
	frameMagic   = "gfr1"

	fixedEnvelope = 18 // bytes of an envelope before the variable part
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// StoreID is the id of a store in binary.
type StoreID = [16]byte

// ErrBad says that bytes are not what this package writes: they were torn, rotten, or never written.
var ErrBad = errors.New("not valid")

// NewerError says that a file has a format that this version of gesta does not know.
type NewerError struct {
	Version, Flags uint16
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("format version %d with flags %#x is not known to this version of gesta, which knows up to %d: use a newer gesta",
		e.Version, e.Flags, Version)
}

func badf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBad, fmt.Sprintf(format, args...))
}

// Padded returns n rounded up to the alignment of frames.
func Padded(n int) int { return (n + Align - 1) &^ (Align - 1) }
