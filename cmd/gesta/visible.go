package main

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// hostile says whether a terminal would obey a rune rather than show it: control characters, escapes, and the marks that
// turn the direction of text or hide in it.
func hostile(r rune) bool {
	switch {
	case unicode.IsControl(r), r == '\u061c', r == '\u200e', r == '\u200f', r == '\u2028', r == '\u2029', r == '\ufeff':
		return true
	case r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u2069':
		return true
	}
	return r >= 0xe0000 && r <= 0xe007f // tags, which are never seen
}

// visible returns text from data as people may see it, on one line: what a terminal would obey is written as an escape,
// such as \u202e or \n, and what is not UTF-8 as \x and two digits.
func visible(s string) string { return replaceHostile(s, func(rune) bool { return true }) }

// visibleLines is visible for text of several lines, such as indented JSON: line feeds stay.
func visibleLines(s string) string { return replaceHostile(s, func(r rune) bool { return r != '\n' }) }

func replaceHostile(s string, unless func(rune) bool) string {
	clean := true
	for _, r := range s {
		if r == utf8.RuneError || hostile(r) && unless(r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x`)
			b.WriteByte(hexDigits[s[i]>>4])
			b.WriteByte(hexDigits[s[i]&15])
		case hostile(r) && unless(r):
			b.WriteString(escape(r))
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// escape writes a rune as JSON does.
func escape(r rune) string {
	switch r {
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	if r > 0xffff {
		r -= 0x10000
		return escape(0xd800+r>>10) + escape(0xdc00+r&0x3ff)
	}
	return `\u` + string([]byte{hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15]})
}

// jsonGuard is a writer for JSON on a terminal. It writes the runes that a terminal would obey as JSON escapes: they can
// stand inside strings alone, so that the document says the same. Each Write has whole runes.
type jsonGuard struct{ w io.Writer }

func (g jsonGuard) Write(b []byte) (int, error) {
	if _, err := io.WriteString(g.w, visibleLines(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}
