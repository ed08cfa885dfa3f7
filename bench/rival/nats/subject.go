package nats

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gestadb/gesta/bench/rival"
)

// A subject is five tokens: the prefix, the stream, the version, the type and the tag. No two events have the
// same, so that the last message of each of a stream's subjects, which the server finds without going through
// messages, is all of the stream. A token may not be empty, nor hold a dot, a wildcard or white space: such
// bytes are written as =XX.
const prefix = "ev"

// subject returns the subject of an event.
func subject(e *rival.Event) string {
	return prefix + "." + token(e.Stream) + "." + strconv.FormatUint(e.Version, 10) + "." + token(e.Type) + "." + token(e.Tag)
}

// ofStream returns what matches the subjects of a stream.
func ofStream(stream string) string { return prefix + "." + token(stream) + ".*.*.*" }

// ofTag returns what matches the subjects of a tag.
func ofTag(tag string) string { return prefix + ".*.*.*." + token(tag) }

// everything matches all subjects.
const everything = prefix + ".*.*.*.*"

// token returns a name as a token.
func token(name string) string {
	special := func(r byte) bool { return r <= ' ' || r == 0x7f || r == '.' || r == '*' || r == '>' || r == '=' }
	n := 0
	for i := range len(name) {
		if special(name[i]) {
			n++
		}
	}
	if n == 0 {
		return name
	}
	var b strings.Builder
	for i := range len(name) {
		if special(name[i]) {
			fmt.Fprintf(&b, "=%02X", name[i])
		} else {
			b.WriteByte(name[i])
		}
	}
	return b.String()
}
