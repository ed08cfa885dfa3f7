package umadb

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gestadb/gesta/store/eventjson"
)

// isJSON says whether b is JSON. Most bytes that are not are told by their ends.
func isJSON(b []byte) bool {
	ends := bytes.Trim(b, " \t\r\n")
	if len(ends) == 0 {
		return false
	}
	first, last := ends[0], ends[len(ends)-1]
	switch first {
	case '{', '[':
		if last != first+2 { // } follows { and ] follows [ at this distance in ASCII
			return false
		}
	case '"':
		if last != '"' {
			return false
		}
	case 't', 'f', 'n', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if last != 'e' && last != 'l' && (last < '0' || last > '9') {
			return false
		}
	default:
		return false
	}
	return eventjson.Valid(b)
}

// members walks a JSON object, or list, that is known to be valid JSON. Of a list, name is empty.
type members struct {
	rest        []byte
	name, value []byte // as they stand there, texts with their quotes
}

// membersOf returns a walk over the object, or list, that b is; it has no members when b is anything else. open is the bracket that it begins with.
func membersOf(b []byte, open byte) members {
	b = skipSpace(b)
	if len(b) == 0 || b[0] != open {
		return members{}
	}
	return members{rest: b[1:]}
}

func (m *members) next() bool {
	m.rest = skipSpace(m.rest)
	if len(m.rest) > 0 && m.rest[0] == ',' {
		m.rest = skipSpace(m.rest[1:])
	}
	if len(m.rest) == 0 || m.rest[0] == '}' || m.rest[0] == ']' {
		m.rest = nil
		return false
	}
	end := valueEnd(m.rest)
	m.name, m.value, m.rest = nil, m.rest[:end], skipSpace(m.rest[end:])
	if len(m.rest) > 0 && m.rest[0] == ':' {
		m.rest = skipSpace(m.rest[1:])
		end = valueEnd(m.rest)
		m.name, m.value, m.rest = m.value, m.rest[:end], m.rest[end:]
	}
	return true
}

func skipSpace(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }

// valueEnd returns where the value ends that b begins with.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			if i += textEnd(b[i:]) - 1; depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i // of a scalar, right before what closes the object
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i // of a scalar
			}
		}
	}
	return len(b)
}

// textEnd returns where the text ends, quotes included, that b begins with.
func textEnd(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// isText says whether a value is a text.
func isText(value []byte) bool { return len(value) >= 2 && value[0] == '"' }

// unquoted returns what a text says: a part of it, or, where it has escapes, memory of its own.
func unquoted(text []byte) []byte {
	text = text[1 : len(text)-1]
	at := bytes.IndexByte(text, '\\')
	if at < 0 {
		return text
	}
	out := append(make([]byte, 0, len(text)), text[:at]...)
	for text = text[at:]; len(text) > 0; {
		if text[0] != '\\' {
			n := max(bytes.IndexByte(text, '\\'), 0)
			if n == 0 {
				n = len(text)
			}
			out, text = append(out, text[:n]...), text[n:]
			continue
		}
		var n int
		out, n = appendEscaped(out, text)
		text = text[n:]
	}
	return out
}

// appendEscaped appends what the escape says that b begins with, and returns its length. A half of a surrogate pair alone is U+FFFD.
func appendEscaped(dst, b []byte) (out []byte, n int) {
	if b[1] != 'u' {
		if i := strings.IndexByte("bfnrt", b[1]); i >= 0 {
			return append(dst, "\b\f\n\r\t"[i]), 2
		}
		return append(dst, b[1]), 2 // itself
	}
	r := unit(b)
	if !utf16.IsSurrogate(r) {
		return utf8.AppendRune(dst, r), 6
	}
	if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		if pair := utf16.DecodeRune(r, unit(b[6:])); pair != utf8.RuneError {
			return utf8.AppendRune(dst, pair), 12
		}
	}
	return utf8.AppendRune(dst, utf8.RuneError), 6
}

// unit returns the number of the escape \uXXXX that b begins with.
func unit(b []byte) rune {
	n, _ := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n)
}
