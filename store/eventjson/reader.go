package eventjson

import (
	"bytes"
	"encoding/base64"
	"math"
	"slices"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gestadb/gesta/store"
)

// reader reads one JSON document member by member, without reflection. What it returns shares no memory with b.
type reader struct {
	b       []byte
	i       int
	lenient bool // pass over unknown members, and let the last of repeated ones win
	size    int  // of the events of a commit so far, as limits count it
	parts   int  // of all queries so far
}

// document reads all of b: one value, which read takes.
func document(b []byte, lenient bool, read func(*reader) error) error {
	if !utf8.Valid(b) {
		return invalidf("JSON is not valid UTF-8")
	}
	r := &reader{b: b, lenient: lenient}
	r.space()
	if err := read(r); err != nil {
		return err
	}
	if r.space(); r.i < len(b) {
		return syntaxError(b, r.i, "the end")
	}
	return nil
}

func (r *reader) space() { r.i = skipSpace(r.b, r.i) }

// peek returns the next byte, 0 at the end.
func (r *reader) peek() byte {
	if r.i < len(r.b) {
		return r.b[r.i]
	}
	return 0
}

// object reads an object. For each member it calls read, which reads the value and returns true, or reads nothing and
// returns false for a name that it does not know.
func (r *reader) object(what string, read func(name string) (bool, error)) error {
	if r.peek() != '{' {
		return syntaxError(r.b, r.i, what+", an object,")
	}
	r.i++
	r.space()
	if r.peek() == '}' {
		r.i++
		return nil
	}
	var room [16]string // more members than any object has that is read strictly
	seen := room[:0]
	for {
		name, err := r.name()
		if err != nil {
			return err
		}
		if r.space(); r.peek() != ':' {
			return syntaxError(r.b, r.i, "a colon")
		}
		r.i++
		r.space()
		if !r.lenient {
			if slices.Contains(seen, name) {
				return invalidf("%s has the member %q twice", what, clip(name))
			}
			seen = append(seen, name)
		}
		known, err := read(name)
		if err != nil {
			return err
		}
		if !known {
			if !r.lenient {
				return invalidf("%s has no member %q", what, clip(name))
			}
			if r.i, _, err = skipValue(r.b, r.i); err != nil {
				return err
			}
		}
		if done, err := r.next('}'); done || err != nil {
			return err
		}
	}
}

// names are those of our own members, so that reading one costs no memory.
var names = func() map[string]string {
	out := map[string]string{}
	for _, name := range []string{
		"position", "commit", "id", "stream", "version", "type", "schemaVersion", "contentType", "tags", "recordedAt", "effectiveAt",
		"erased", "data", "dataBase64", "metadata", "metadataBase64", "key", "tracking", "events", "guards", "source", "after",
		"streamAt", "streamExists", "noneMatch", "query", "category", "types", "export", "format", "store", "head",
	} {
		out[name] = name
	}
	return out
}()

// name reads the name of a member.
func (r *reader) name() (string, error) {
	if r.peek() == '"' {
		if end := bytes.IndexByte(r.b[r.i+1:], '"'); end >= 0 {
			if name, ok := names[string(r.b[r.i+1:r.i+1+end])]; ok {
				r.i += end + 2
				return name, nil
			}
		}
	}
	return r.text("a name")
}

// list reads a list and calls read for each element.
func (r *reader) list(what string, read func() error) error {
	if r.peek() != '[' {
		return syntaxError(r.b, r.i, what+", a list,")
	}
	r.i++
	r.space()
	if r.peek() == ']' {
		r.i++
		return nil
	}
	for {
		if err := read(); err != nil {
			return err
		}
		if done, err := r.next(']'); done || err != nil {
			return err
		}
	}
}

// next reads what stands after a member or element: a comma, or the end.
func (r *reader) next(end byte) (done bool, err error) {
	r.space()
	switch r.peek() {
	case end:
		r.i++
		return true, nil
	case ',':
		r.i++
		r.space()
		return false, nil
	}
	return false, syntaxError(r.b, r.i, "a comma or "+string(end))
}

// text reads a string. Half of a surrogate pair stands for no character and is refused.
func (r *reader) text(what string) (string, error) {
	if r.peek() != '"' {
		return "", syntaxError(r.b, r.i, what+", a text,")
	}
	start := r.i
	end, err := skipString(r.b, start)
	if err != nil {
		return "", err
	}
	r.i = end
	raw := r.b[start+1 : end-1]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw), nil
	}
	out, ok := unescape(raw)
	if !ok {
		return "", invalidf("%s has half of a surrogate pair", what)
	}
	return out, nil
}

// unescape resolves the escapes of a checked string.
func unescape(raw []byte) (string, bool) {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			continue
		}
		i++
		if raw[i] != 'u' {
			out = append(out, unescaped(raw[i]))
			continue
		}
		c, _ := hex4(raw, i+1)
		i += 4
		if utf16.IsSurrogate(c) {
			if len(raw)-i < 7 || raw[i+1] != '\\' || raw[i+2] != 'u' {
				return "", false
			}
			low, _ := hex4(raw, i+3)
			if c = utf16.DecodeRune(c, low); c == utf8.RuneError {
				return "", false
			}
			i += 6
		}
		out = utf8.AppendRune(out, c)
	}
	return string(out), true
}

// uint reads an integer from 0 up to limit, written in digits alone.
func (r *reader) uint(what string, limit uint64) (uint64, error) {
	start := r.i
	if c := r.peek(); c != '-' && (c < '0' || c > '9') {
		return 0, syntaxError(r.b, r.i, what+", an integer,")
	}
	end, err := skipNumber(r.b, r.i)
	if err != nil {
		return 0, err
	}
	r.i = end
	var n uint64
	for _, c := range r.b[start:end] {
		if c < '0' || c > '9' || n > (math.MaxUint64-9)/10 {
			return 0, invalidf("%s is %s, not an integer between 0 and %d", what, clip(string(r.b[start:end])), limit)
		}
		n = n*10 + uint64(c-'0')
	}
	if n > limit {
		return 0, invalidf("%s is %d, not between 0 and %d", what, n, limit)
	}
	return n, nil
}

func (r *reader) position(what string) (store.Position, error) {
	n, err := r.uint(what, uint64(store.MaxPosition))
	return store.Position(n), err
}

func (r *reader) time(what string) (time.Time, error) {
	s, err := r.text(what)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, invalidf("%s is %q, not a time such as 2026-11-01T10:06:00Z", what, clip(s))
	}
	if t = store.Time(t); t.IsZero() { // elsewhere the zero time means that none is given
		return time.Time{}, invalidf("%s is %q, not a time after the first moment of the year 1", what, s)
	}
	return t, nil
}

// mostTexts bounds a list of strings: no event has room for as many tags, and no query takes as many.
const mostTexts = store.MaxEnvelopeBytes / 2

// texts reads a list of strings; nil for an empty one.
func (r *reader) texts(what string) ([]string, error) {
	var out []string
	err := r.list(what, func() error {
		if len(out) == mostTexts {
			return &store.TooLargeError{What: "list of " + what, Unit: "entries", Got: len(out) + 1, Max: mostTexts}
		}
		s, err := r.text(what)
		out = append(out, s)
		return err
	})
	return out, err
}

// payload reads any value and returns it without whitespace outside strings.
func (r *reader) payload() ([]byte, error) {
	start := r.i
	end, spaced, err := skipValue(r.b, start)
	if err != nil {
		return nil, err
	}
	r.i = end
	if !spaced {
		return bytes.Clone(r.b[start:end]), nil
	}
	return appendCompact(make([]byte, 0, end-start), r.b[start:end]), nil
}

func (r *reader) base64(what string) ([]byte, error) {
	s, err := r.text(what)
	if err != nil {
		return nil, err
	}
	out, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, invalidf("%s is not standard Base64", what)
	}
	return out, nil
}

func clip(s string) string {
	if len(s) <= 64 {
		return s
	}
	return s[:64] + "…"
}
