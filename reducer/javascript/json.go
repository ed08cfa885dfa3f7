package javascript

import (
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// appendJSON appends a value of a state that was taken down.
func appendJSON(dst []byte, v goja.Value) []byte {
	if s, ok := v.(goja.String); ok {
		return appendString(dst, s)
	}
	if n := nodeOf(v); n != nil {
		return n.append(dst)
	}
	switch x := v.Export().(type) {
	case int64:
		return strconv.AppendInt(dst, x, 10)
	case float64:
		if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			return strconv.AppendInt(dst, int64(x), 10)
		}
		return append(dst, v.String()...)
	case bool:
		return strconv.AppendBool(dst, x)
	}
	return append(dst, "null"...)
}

func (n *node) append(dst []byte) []byte {
	if n.isList {
		dst = append(dst, '[')
		for i, v := range n.elements {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, v)
		}
		return append(dst, ']')
	}
	dst = append(dst, '{')
	first := true
	member := func(name string, v goja.Value) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendQuoted(dst, name)
		dst = appendJSON(append(dst, ':'), v)
	}
	if n.members.ints == 0 {
		for i := range n.members.list {
			if m := &n.members.list[i]; m.value != nil {
				member(m.name, m.value)
			}
		}
		return append(dst, '}')
	}
	for _, name := range n.members.names() {
		member(name, n.members.get(name))
	}
	return append(dst, '}')
}

// appendString appends a text as JavaScript writes it in JSON: half of a surrogate pair as an escape.
func appendString(dst []byte, s goja.String) []byte {
	text := s.String()
	if len(text) == s.Length() || !hasReplacement(text) {
		return appendQuoted(dst, text)
	}
	dst = append(dst, '"')
	for i := 0; i < s.Length(); i++ {
		c := rune(s.CharAt(i))
		if utf16.IsSurrogate(c) {
			if i+1 < s.Length() {
				if pair := utf16.DecodeRune(c, rune(s.CharAt(i+1))); pair != utf8.RuneError {
					dst = utf8.AppendRune(dst, pair)
					i++
					continue
				}
			}
			dst = append(append(dst, `\u`...), strconv.FormatInt(int64(c), 16)...)
			continue
		}
		dst = appendRune(dst, c)
	}
	return append(dst, '"')
}

func hasReplacement(s string) bool {
	for _, c := range s {
		if c == utf8.RuneError {
			return true
		}
	}
	return false
}

// appendQuoted appends valid UTF-8 as a JSON text.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			dst = append(dst, s[from:i]...)
			dst = appendRune(dst, rune(c))
			from = i + 1
		}
	}
	return append(append(dst, s[from:]...), '"')
}

func appendRune(dst []byte, c rune) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', byte(c))
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	if c < ' ' {
		const hex = "0123456789abcdef"
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
	}
	return utf8.AppendRune(dst, c)
}
