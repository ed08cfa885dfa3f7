package expr

import "bytes"

// Value is what an expression comes to: a JSON value. The zero Value is null.
type Value struct {
	kind valueKind
	text []byte // in JSON, without whitespace around it
}

type valueKind uint8

const (
	kindNull valueKind = iota
	kindFalse
	kindTrue
	kindNumber
	kindText
	kindList
	kindObject
)

// names has the values that are written as names.
var names = map[string]Value{
	"null":  {kindNull, []byte("null")},
	"false": {kindFalse, []byte("false")},
	"true":  {kindTrue, []byte("true")},
}

var (
	valueTrue  = names["true"]
	valueFalse = names["false"]
)

func boolean(b bool) Value {
	if b {
		return valueTrue
	}
	return valueFalse
}

// valueOf takes a JSON text for a value. What is no JSON becomes something, in most cases null.
func valueOf(b []byte) Value {
	b = trimSpace(b)
	if len(b) == 0 {
		return Value{}
	}
	switch c := b[0]; {
	case c == '"' && len(b) > 1 && b[len(b)-1] == '"':
		return Value{kindText, b}
	case c == '{':
		return Value{kindObject, b}
	case c == '[':
		return Value{kindList, b}
	case c == 't':
		return valueTrue
	case c == 'f':
		return valueFalse
	case c == '-' || '0' <= c && c <= '9':
		return Value{kindNumber, b}
	}
	return Value{}
}

// Truth reports whether the value is true. Nothing else is.
func (v Value) Truth() bool { return v.kind == kindTrue }

// AppendJSON appends the value as JSON. What came from the caller appears as it was, without whitespace outside of texts.
func (v Value) AppendJSON(dst []byte) []byte {
	switch {
	case v.kind == kindNull:
		return append(dst, "null"...)
	case v.kind < kindList || !bytes.ContainsAny(v.text, " \t\r\n"):
		return append(dst, v.text...)
	}
	for i := 0; i < len(v.text); {
		end := i + 1
		if v.text[i] == '"' {
			end = skipText(v.text, i)
		}
		if !isSpace(v.text[i]) {
			dst = append(dst, v.text[i:end]...)
		}
		i = end
	}
	return dst
}

// inner returns a text without its quotes, with its escapes.
func (v Value) inner() []byte { return v.text[1 : len(v.text)-1] }
