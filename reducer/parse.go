package reducer

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// parse reads a JSON value. What it returns shares no memory with b. It returns false when b is not JSON.
func parse(b []byte) (value, bool) {
	if len(b) == 0 || !utf8.Valid(b) || !json.Valid(b) {
		return value{}, false
	}
	entries, _ := scratch.Get().(*[]entry)
	p := parser{b: bytes.Clone(b), s: string(b), entries: *entries}
	v := p.value()
	if cap(p.entries) <= maxScratch {
		clear(p.entries[:cap(p.entries)])
		*entries = p.entries
		scratch.Put(entries)
	}
	return v, true
}

// parser walks over bytes that are known to be JSON, so that nothing in it can fail.
type parser struct {
	b []byte
	s string // the same, for names
	i int

	entries []entry // of the objects that are being read, one in the other
}

// maxScratch is for how many entries memory is kept.
const maxScratch = 64

// scratch keeps memory for the entries of parsers. None of it is part of what they return.
var scratch = sync.Pool{New: func() any { return new([]entry) }}

func (p *parser) space() {
	for p.i < len(p.b) && (p.b[p.i] == ' ' || p.b[p.i] == '\t' || p.b[p.i] == '\n' || p.b[p.i] == '\r') {
		p.i++
	}
}

func (p *parser) value() value {
	p.space()
	switch p.b[p.i] {
	case '{':
		return value{object: p.object()}
	case '[':
		return value{list: p.list()}
	case '"':
		return value{scalar: p.text()}
	}
	start := p.i
	for p.i < len(p.b) && strings.IndexByte(",]} \t\r\n", p.b[p.i]) < 0 {
		p.i++
	}
	return value{scalar: p.b[start:p.i]}
}

// text returns a string with its quotes.
func (p *parser) text() []byte {
	start := p.i
	for p.i++; p.b[p.i] != '"'; p.i++ {
		if p.b[p.i] == '\\' {
			p.i++
		}
	}
	p.i++
	return p.b[start:p.i]
}

func (p *parser) object() *object {
	start := len(p.entries)
	for p.i++; ; p.i++ { // over the brace, then over each comma
		p.space()
		if p.b[p.i] == '}' {
			break
		}
		at := p.i
		spelling := p.text()
		name := p.name(at)
		p.space()
		p.i++ // the colon
		v := p.value()
		p.entries = append(p.entries, entry{name: name, spelling: spelling, value: v})
		p.space()
		if p.b[p.i] == '}' {
			break
		}
	}
	p.i++
	o := objectOf(p.entries[start:])
	p.entries = p.entries[:start]
	return o
}

// name returns what the string says that began at a place and ends here.
func (p *parser) name(at int) string {
	spelling := p.b[at:p.i]
	if bytes.IndexByte(spelling, '\\') < 0 {
		return p.s[at+1 : p.i-1]
	}
	return name(spelling)
}

// objectOf makes an object of members in memory of its own.
func objectOf(members []entry) *object {
	if len(members) <= fewEntries && !repeats(members) {
		return &object{entries: slices.Clone(members)}
	}
	o := newObject(len(members))
	for i := range members {
		o.set(members[i].name, members[i].spelling, members[i].value)
	}
	return o
}

// repeats says whether two of a few members have the same name.
func repeats(members []entry) bool {
	for i := range members {
		for j := range i {
			if members[i].name == members[j].name {
				return true
			}
		}
	}
	return false
}

func (p *parser) list() *list {
	l := &list{}
	for p.i++; ; p.i++ {
		p.space()
		if p.b[p.i] == ']' {
			break
		}
		l.elements = append(l.elements, p.value())
		p.space()
		if p.b[p.i] == ']' {
			break
		}
	}
	p.i++
	return l
}

// name returns what a string says. Half of a surrogate pair, which stands for no character, becomes the three bytes that
// UTF-8 would have for it, so that different halves are different names.
func name(spelling []byte) string {
	inner := spelling[1 : len(spelling)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	out := make([]byte, 0, len(inner))
	for i := 0; i < len(inner); i++ {
		if inner[i] != '\\' {
			out = append(out, inner[i])
			continue
		}
		i++
		if inner[i] != 'u' {
			out = append(out, unescape[inner[i]])
			continue
		}
		c := hex4(inner[i+1:])
		i += 4
		if utf16.IsSurrogate(c) && len(inner)-i > 6 && inner[i+1] == '\\' && inner[i+2] == 'u' {
			if pair := utf16.DecodeRune(c, hex4(inner[i+3:])); pair != utf8.RuneError {
				c = pair
				i += 6
			}
		}
		if utf16.IsSurrogate(c) {
			out = append(out, 0xe0|byte(c>>12), 0x80|byte(c>>6&0x3f), 0x80|byte(c&0x3f))
			continue
		}
		out = utf8.AppendRune(out, c)
	}
	return string(out)
}

var unescape = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func hex4(b []byte) rune {
	var r rune
	for _, c := range b[:4] {
		switch {
		case c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a':
			r = r<<4 | rune(c-'a'+10)
		default:
			r = r<<4 | rune(c-'A'+10)
		}
	}
	return r
}
