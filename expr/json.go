package expr

import (
	"strconv"

	"github.com/gestadb/gesta/reducer"
)

// The functions here walk over JSON. What is none leads them astray, but not beyond its end, and not forever.

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b[skipSpace(b, 0):]
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

// skipText returns where the text ends whose quote is at i.
func skipText(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(b)
}

// skipValue returns where the value ends that begins at i. It returns i where none does.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			i = skipText(b, i)
		case c == '{' || c == '[':
			depth++
			i++
		case c == '}' || c == ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case isSpace(c) || c == ',' || c == ':':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			for i < len(b) && !isSpace(b[i]) && b[i] != ',' && b[i] != ':' && b[i] != ']' && b[i] != '}' {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

// members walks over the members of an object, or over the elements of a list.
type members struct {
	b    []byte
	i    int // behind what was read last
	list bool
	name []byte // of the last member, without quotes; nil in a list
}

// membersAt begins a walk over the object or the list at i.
func membersAt(b []byte, i int) members { return members{b: b, i: i + 1, list: b[i] == '['} }

// item goes to where the next value begins. At the end of the object or the list it goes behind it, and returns false.
func (m *members) item() bool {
	m.i = skipSpace(m.b, m.i)
	if m.i < len(m.b) && m.b[m.i] == ',' {
		m.i = skipSpace(m.b, m.i+1)
	}
	switch {
	case m.i == len(m.b):
		return false
	case m.b[m.i] == ']' || m.b[m.i] == '}':
		m.i++
		return false
	case m.list:
		return true
	case m.b[m.i] != '"':
		return m.giveUp()
	}
	end := skipText(m.b, m.i)
	m.name = m.b[m.i+1 : max(m.i+1, end-1)]
	m.i = skipSpace(m.b, end)
	if m.i < len(m.b) && m.b[m.i] == ':' {
		m.i = skipSpace(m.b, m.i+1)
	}
	return true
}

// past goes on behind a value. It returns false if there was none, which is no JSON.
func (m *members) past(end int) bool {
	if end == m.i {
		return m.giveUp()
	}
	m.i = end
	return true
}

func (m *members) giveUp() bool {
	m.i = len(m.b)
	return false
}

// next returns the text of the next value, and false when there is none.
func (m *members) next() ([]byte, bool) {
	if !m.item() {
		return nil, false
	}
	start := m.i
	if !m.past(skipValue(m.b, start)) {
		return nil, false
	}
	return m.b[start:m.i], true
}

// At returns the part of a JSON document that a path leads to, and nil where it leads nowhere. Of members with the same name the
// last one counts. It shares the memory of doc.
func At(doc []byte, path reducer.Path) []byte {
	doc = trimSpace(doc)
	for _, name := range path {
		v := valueOf(doc)
		switch v.kind {
		case kindObject:
			doc = member(v, name)
		case kindList:
			doc = element(v, name)
		default:
			return nil
		}
	}
	if len(doc) == 0 {
		return nil
	}
	return doc
}

func member(v Value, name string) (found []byte) {
	for m := membersAt(v.text, 0); ; {
		value, ok := m.next()
		if !ok {
			return found
		}
		if string(unescape(m.name)) == name {
			found = value
		}
	}
}

func element(v Value, name string) []byte {
	i, err := strconv.Atoi(name)
	if err != nil || !isIndex(name) {
		return nil
	}
	for m := membersAt(v.text, 0); ; i-- {
		if value, ok := m.next(); !ok || i == 0 {
			return value
		}
	}
}
