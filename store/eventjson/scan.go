package eventjson

import (
	"fmt"

	"github.com/gestadb/gesta/store"
)

// MaxDepth is how deep objects and lists may be nested. RFC 8259 leaves the limit to the implementation; most readers stop
// here or earlier.
const MaxDepth = 10_000

func invalidf(format string, args ...any) error {
	return &store.InvalidError{Problem: fmt.Sprintf(format, args...)}
}

func syntaxError(b []byte, i int, want string) error {
	if i >= len(b) {
		return invalidf("JSON ends where %s is expected", want)
	}
	return invalidf("JSON has %q at byte %d where %s is expected", b[i], i+1, want)
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skipValue checks the JSON value that begins at b[i] and returns where it ends, and whether there is whitespace inside it
// outside of strings. It does not recurse: nesting costs a byte a level.
func skipValue(b []byte, i int) (end int, spaced bool, err error) {
	var buf [64]byte
	open := buf[:0] // the brackets that are open
	space := func() {
		if j := skipSpace(b, i); j != i {
			i, spaced = j, true
		}
	}
	for {
		// A value begins at i.
		if i >= len(b) {
			return i, spaced, syntaxError(b, i, "a value")
		}
		if c := b[i]; c == '{' || c == '[' {
			if len(open) == MaxDepth {
				return i, spaced, invalidf("JSON is nested deeper than %d levels", MaxDepth)
			}
			open = append(open, c)
			i++
			space()
			if i < len(b) && b[i] == c+2 { // } follows { and ] follows [ at this distance in ASCII
				open = open[:len(open)-1]
				i++
			} else {
				if c == '{' {
					if i, err = skipName(b, i, &spaced); err != nil {
						return i, spaced, err
					}
				}
				continue
			}
		} else if i, err = skipScalar(b, i); err != nil {
			return i, spaced, err
		}
		// A value ended at i: close what closes here, and go on to the next value.
		for {
			if len(open) == 0 {
				return i, spaced, nil
			}
			c := open[len(open)-1]
			space()
			if i < len(b) && b[i] == c+2 {
				open = open[:len(open)-1]
				i++
				continue
			}
			if i >= len(b) || b[i] != ',' {
				return i, spaced, syntaxError(b, i, "a comma or the end of what is open")
			}
			i++
			space()
			if c == '{' {
				if i, err = skipName(b, i, &spaced); err != nil {
					return i, spaced, err
				}
			}
			break
		}
	}
}

// skipName checks a member's name and its colon and returns where the value begins.
func skipName(b []byte, i int, spaced *bool) (int, error) {
	i, err := skipString(b, i)
	if err != nil {
		return i, err
	}
	j := skipSpace(b, i)
	if j >= len(b) || b[j] != ':' {
		return j, syntaxError(b, j, "a colon")
	}
	k := skipSpace(b, j+1)
	*spaced = *spaced || j != i || k != j+1
	return k, nil
}

func skipScalar(b []byte, i int) (int, error) {
	switch c := b[i]; {
	case c == '"':
		return skipString(b, i)
	case c == '-' || c >= '0' && c <= '9':
		return skipNumber(b, i)
	case c == 't':
		return skipWord(b, i, "true")
	case c == 'f':
		return skipWord(b, i, "false")
	case c == 'n':
		return skipWord(b, i, "null")
	}
	return i, syntaxError(b, i, "a value")
}

func skipWord(b []byte, i int, word string) (int, error) {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return i, syntaxError(b, i, word)
	}
	return i + len(word), nil
}

// skipString checks the string at b[i] and returns where it ends. That the bytes are UTF-8 is checked by the caller.
func skipString(b []byte, i int) (int, error) {
	if i >= len(b) || b[i] != '"' {
		return i, syntaxError(b, i, "a string")
	}
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c < 0x20:
			return i, syntaxError(b, i, "no control character")
		case c == '\\':
			i++
			if i >= len(b) {
				return i, syntaxError(b, i, "an escape")
			}
			if b[i] == 'u' {
				if _, ok := hex4(b, i+1); !ok {
					return i, syntaxError(b, i, "an escape with four hexadecimal digits")
				}
				i += 4
			} else if unescaped(b[i]) == 0 {
				return i, syntaxError(b, i, "an escape")
			}
		}
	}
	return i, syntaxError(b, i, "the end of a string")
}

// unescaped returns what the letter after a backslash stands for, 0 for none; u is not among them.
func unescaped(c byte) byte {
	switch c {
	case '"', '\\', '/':
		return c
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return 0
}

func hex4(b []byte, i int) (rune, bool) {
	if len(b)-i < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

func skipNumber(b []byte, i int) (int, error) {
	digits := func() bool {
		start := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > start
	}
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return i, syntaxError(b, i, "a digit")
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			return i, syntaxError(b, i, "a digit")
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return i, syntaxError(b, i, "a digit")
		}
	}
	return i, nil
}
