package expr

import (
	"bytes"
	"cmp"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// char returns the character at i of a JSON text without its quotes, and where the next one begins. Half of a surrogate pair is a
// character of its own.
func char(b []byte, i int) (r rune, next int) {
	if b[i] != '\\' {
		r, n := utf8.DecodeRune(b[i:])
		return r, i + n
	}
	if i+1 == len(b) {
		return '\\', i + 1
	}
	if r, ok := hexEscape(b[i:]); ok {
		if utf16.IsSurrogate(r) {
			low, ok := hexEscape(b[i+6:])
			if pair := utf16.DecodeRune(r, low); ok && pair != utf8.RuneError {
				return pair, i + 12
			}
		}
		return r, i + 6
	}
	switch b[i+1] {
	case 'b':
		return '\b', i + 2
	case 'f':
		return '\f', i + 2
	case 'n':
		return '\n', i + 2
	case 'r':
		return '\r', i + 2
	case 't':
		return '\t', i + 2
	}
	r, n := utf8.DecodeRune(b[i+1:])
	return r, i + 1 + n
}

// hexEscape reads \u0041 at the start of b.
func hexEscape(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	return hex4(b[2:6])
}

func hex4(b []byte) (rune, bool) {
	var r rune
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// compareText orders two JSON texts without their quotes by their characters.
func compareText(a, b []byte) int {
	if bytes.IndexByte(a, '\\') < 0 && bytes.IndexByte(b, '\\') < 0 {
		return bytes.Compare(a, b)
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		var x, y rune
		x, i = char(a, i)
		y, j = char(b, j)
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a)-i, len(b)-j)
}

// unescape returns what a JSON text without its quotes says, in UTF-8; half of a surrogate pair as the three bytes that it would
// have there, as in the names of a [reducer.Path].
func unescape(b []byte) []byte {
	if bytes.IndexByte(b, '\\') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		var r rune
		r, i = char(b, i)
		if utf16.IsSurrogate(r) {
			out = append(out, 0xe0|byte(r>>12), 0x80|byte(r>>6&0x3f), 0x80|byte(r&0x3f))
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// appendQuoted appends the JSON text that says what s says: the other way of unescape.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1 && len(s)-i >= 3 && s[i] == 0xed:
			n = 3
			dst = fmt.Appendf(dst, `\u%04x`, 0xd000|rune(s[i+1]&0x3f)<<6|rune(s[i+2]&0x3f))
		case r < ' ':
			dst = fmt.Appendf(dst, `\u%04x`, r)
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		default:
			dst = append(dst, s[i:i+n]...)
		}
		i += n
	}
	return append(dst, '"')
}
