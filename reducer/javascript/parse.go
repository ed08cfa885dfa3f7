package javascript

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dop251/goja"

	"github.com/gestadb/gesta/internal/decimal"
)

// jsonParser makes JavaScript's values of JSON in valid UTF-8.
type jsonParser struct {
	vm    *goja.Runtime
	b     []byte
	i     int
	lossy bool
	lost  []byte // the first number that has another value in JavaScript
	half  []byte // the first name that has half of a surrogate pair
}

// parse reads a JSON value. It returns false where b is not one in valid UTF-8.
func (p *jsonParser) parse() (goja.Value, bool) {
	if len(p.b) == 0 || !utf8.Valid(p.b) || !json.Valid(p.b) {
		return nil, false
	}
	return p.value(), true
}

func (p *jsonParser) space() {
	for p.i < len(p.b) && (p.b[p.i] == ' ' || p.b[p.i] == '\t' || p.b[p.i] == '\n' || p.b[p.i] == '\r') {
		p.i++
	}
}

func (p *jsonParser) value() goja.Value {
	p.space()
	switch p.b[p.i] {
	case '{':
		return p.object()
	case '[':
		return p.list()
	case '"':
		return p.text()
	case 't':
		p.i += len("true")
		return p.vm.ToValue(true)
	case 'f':
		p.i += len("false")
		return p.vm.ToValue(false)
	case 'n':
		p.i += len("null")
		return goja.Null()
	}
	return p.number()
}

func (p *jsonParser) number() goja.Value {
	start, whole := p.i, true
	for p.i < len(p.b) {
		c := p.b[p.i]
		if c != '-' && (c < '0' || c > '9') {
			if c != '.' && c != 'e' && c != 'E' && c != '+' {
				break
			}
			whole = false
		}
		p.i++
	}
	text := p.b[start:p.i]
	if whole && len(text) <= 15 {
		n, err := strconv.ParseInt(string(text), 10, 64)
		if err == nil && (n != 0 || text[0] != '-') {
			return p.vm.ToValue(n)
		}
	}
	if !p.lossy && p.lost == nil && !decimal.Float64Keeps(text) {
		p.lost = text
	}
	f, err := strconv.ParseFloat(string(text), 64)
	_ = err // beyond the range it is an infinity, as in JavaScript
	return p.vm.ToValue(f)
}

func (p *jsonParser) object() goja.Value {
	o := p.vm.NewObject()
	for p.i++; ; p.i++ { // over the brace, then over each comma
		p.space()
		if p.b[p.i] == '}' {
			break
		}
		name := p.name()
		p.space()
		p.i++ // the colon
		v := p.value()
		if name == "__proto__" {
			_ = o.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE) // a new object takes it
		} else {
			_ = o.Set(name, v) // as does this
		}
		p.space()
		if p.b[p.i] == '}' {
			break
		}
	}
	p.i++
	return o
}

func (p *jsonParser) list() goja.Value {
	elements := []any{}
	for p.i++; ; p.i++ {
		p.space()
		if p.b[p.i] == ']' {
			break
		}
		elements = append(elements, p.value())
		p.space()
		if p.b[p.i] == ']' {
			break
		}
	}
	p.i++
	return p.vm.NewArray(elements...)
}

// quoted returns what stands between quotes.
func (p *jsonParser) quoted() []byte {
	start := p.i + 1
	for p.i++; p.b[p.i] != '"'; p.i++ {
		if p.b[p.i] == '\\' {
			p.i++
		}
	}
	p.i++
	return p.b[start : p.i-1]
}

func (p *jsonParser) name() string {
	inner := p.quoted()
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	name := string(utf16.Decode(unescape(inner)))
	if p.half == nil && hasReplacement(name) && isHalved(unescape(inner)) {
		p.half = inner
	}
	return name
}

// isHalved says whether half of a surrogate pair stands in a text.
func isHalved(units []uint16) bool {
	for i := 0; i < len(units); i++ {
		if c := rune(units[i]); utf16.IsSurrogate(c) {
			if i+1 == len(units) || utf16.DecodeRune(c, rune(units[i+1])) == utf8.RuneError {
				return true
			}
			i++
		}
	}
	return false
}

func (p *jsonParser) text() goja.Value {
	inner := p.quoted()
	if bytes.IndexByte(inner, '\\') < 0 {
		return p.vm.ToValue(string(inner))
	}
	units := unescape(inner)
	for _, c := range units {
		if utf16.IsSurrogate(rune(c)) {
			return goja.StringFromUTF16(units)
		}
	}
	return p.vm.ToValue(string(utf16.Decode(units)))
}

// unescape returns what a JSON text says.
func unescape(b []byte) []uint16 {
	out := make([]uint16, 0, len(b))
	for len(b) > 0 {
		switch {
		case b[0] != '\\':
			c, n := utf8.DecodeRune(b)
			out = utf16.AppendRune(out, c)
			b = b[n:]
		case b[1] == 'u':
			n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
			_ = err // they are four hexadecimal digits
			out = append(out, uint16(n))
			b = b[6:]
		default:
			out = append(out, uint16(escapes[b[1]]))
			b = b[2:]
		}
	}
	return out
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
