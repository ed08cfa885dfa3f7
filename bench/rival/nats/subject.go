package nats

import (
	"errors"
	"fmt"
	"net/url"
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

// errSubject is returned for a subject that is no event's.
var errSubject = errors.New("subject is no event's")

// names returns the stream, the type and the tag of a subject: parts of it, unless they were written otherwise.
func names(subject string) (stream, kind, tag string, err error) {
	rest, ok := strings.CutPrefix(subject, prefix+".")
	var tokens [3]string
	for i := range tokens {
		var more bool
		if tokens[i], rest, more = strings.Cut(rest, "."); i == 0 {
			_, rest, more = strings.Cut(rest, ".") // the version, which the record has too
		}
		ok = ok && more == (i < len(tokens)-1)
	}
	if !ok {
		return "", "", "", fmt.Errorf("%q: %w", subject, errSubject)
	}
	for i := range tokens {
		if tokens[i], err = untoken(tokens[i]); err != nil {
			return "", "", "", err
		}
	}
	return tokens[0], tokens[1], tokens[2], nil
}

// untoken returns the name that a token was made of.
func untoken(token string) (string, error) {
	if strings.IndexByte(token, '=') < 0 {
		return token, nil
	}
	name, err := url.PathUnescape(strings.ReplaceAll(strings.ReplaceAll(token, "%", "%25"), "=", "%"))
	if err != nil {
		return "", fmt.Errorf("token %q: %w", token, errSubject)
	}
	return name, nil
}
