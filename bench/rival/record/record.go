// Package record is the form in which the key-value rivals keep one event as a value:
//
//	id 16 | version 8, big endian | stream | type | tag | data
//
// where stream, type and tag are each preceded by their length as a uvarint and data is the rest.
package record

import (
	"encoding/binary"
	"errors"

	"github.com/gestadb/gesta/bench/rival"
)

// fixed is the size of the id and the version, in bytes.
const fixed = 16 + 8

// errShort is returned for a value that ends before its data begins.
var errShort = errors.New("record is cut off")

// Size returns at least the number of bytes that [Append] appends for an event.
func Size(event *rival.Event) int {
	return fixed + 3*binary.MaxVarintLen32 + len(event.Stream) + len(event.Type) + len(event.Tag) + len(event.Data)
}

// Append appends the event's record to dst.
func Append(dst []byte, event *rival.Event) []byte {
	dst = append(dst, event.ID[:]...)
	dst = binary.BigEndian.AppendUint64(dst, event.Version)
	for _, name := range [...]string{event.Stream, event.Type, event.Tag} {
		dst = binary.AppendUvarint(dst, uint64(len(name)))
		dst = append(dst, name...)
	}
	return append(dst, event.Data...)
}

// Data returns the event's data, a part of record.
func Data(record []byte) ([]byte, error) {
	if len(record) < fixed {
		return nil, errShort
	}
	rest := record[fixed:]
	for range 3 {
		length, n := binary.Uvarint(rest)
		if n <= 0 || length > uint64(len(rest)-n) {
			return nil, errShort
		}
		rest = rest[n+int(length):]
	}
	return rest, nil
}

// Version returns the event's version in its stream.
func Version(record []byte) (uint64, error) {
	if len(record) < fixed {
		return 0, errShort
	}
	return binary.BigEndian.Uint64(record[16:fixed]), nil
}
