package pebble

import (
	"bytes"

	"github.com/cockroachdb/pebble/v2"
)

// The first byte of a key says what it is. Numbers are 8 bytes, big endian.
//
//	e position          -> record
//	s stream 00 version -> position
//	t type 00 position  -> nothing
//	g tag 00 position   -> nothing
const (
	eventKey  = 'e'
	streamKey = 's'
	typeKey   = 't'
	tagKey    = 'g'
)

// number is the size of a version and of a position, in bytes.
const number = 8

// comparer orders keys by their bytes, and tells pebble that a name's keys have a prefix in common: its
// filters then know which tables hold a stream, a type or a tag. No prefix is the beginning of another, for
// a name has no zero byte.
var comparer = func() *pebble.Comparer {
	c := *pebble.DefaultComparer
	c.Name = "gesta.bench.1"
	c.Split = split
	c.ImmediateSuccessor = func(dst, prefix []byte) []byte {
		dst = append(dst, prefix...)
		if last := len(dst) - 1; len(prefix) > 1 && prefix[0] != eventKey && dst[last] == 0 {
			dst[last] = 1
			return dst
		}
		return append(dst, 0)
	}
	return c.EnsureDefaults()
}()

// split returns the length of a key's prefix: up to the zero after the name, or all of it.
func split(key []byte) int {
	if len(key) == 0 || key[0] == eventKey {
		return len(key)
	}
	if zero := bytes.IndexByte(key, 0); zero > 0 {
		return zero + 1
	}
	return len(key)
}

// appendPrefix appends the prefix of a name's keys.
func appendPrefix(dst []byte, kind byte, name string) []byte {
	return append(append(append(dst, kind), name...), 0)
}

// putPrefix writes the prefix of a name's keys to dst, and returns how long it is.
func putPrefix(dst []byte, kind byte, name string) int {
	dst[0] = kind
	n := 1 + copy(dst[1:], name)
	dst[n] = 0
	return n + 1
}
