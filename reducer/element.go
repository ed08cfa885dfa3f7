package reducer

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/gestadb/gesta/internal/decimal"
)

// element names an element of a list by the value of one of its members: [sku="S-1"] or [id=1]. It is a name of a [Path] like any
// other, so that a path with elements in it is a JSON Pointer. The value is compact JSON: a number as its shortest decimal, so that 1
// and 1.0 are one element, and 1 and "1" are two. A member whose name has one of ="[]\ in it is written as JSON: ["a=b"=1].
type element struct {
	key   string
	value []byte // a text, a number, true or false
}

// elementOf returns the name of an element that has the key, with a value that can stand for it: neither null, an object nor a list.
func elementOf(v *value, key string) (element, bool) {
	if v.object == nil {
		return element{}, false
	}
	member := v.object.get(key)
	if member == nil || member.scalar == nil || member.isNull() {
		return element{}, false
	}
	return element{key, canonical(member.scalar)}, true
}

// canonical returns the one spelling of a scalar among those that are equal.
func canonical(scalar []byte) []byte {
	switch {
	case scalar[0] == '"':
		return spell(name(scalar))
	case isNumber(scalar):
		if n, err := decimal.Parse(scalar); err == nil {
			return n.AppendText(nil)
		}
	}
	return scalar
}

// parseElement reads the name of an element as [element.String] writes it; false for any other name.
func parseElement(token string) (element, bool) {
	rest, ok := strings.CutPrefix(token, "[")
	if !ok {
		return element{}, false
	}
	key, rest, ok := cutKey(rest)
	value, closed := strings.CutSuffix(rest, "]")
	if !ok || !closed || !isElementValue(value) {
		return element{}, false
	}
	return element{key, canonical([]byte(value))}, true
}

// cutKey reads the name of a member and the = after it.
func cutKey(text string) (key, rest string, ok bool) {
	if strings.HasPrefix(text, `"`) {
		spelling, rest, ok := cutText(text)
		if !ok {
			return "", "", false
		}
		rest, ok = strings.CutPrefix(rest, "=")
		return name([]byte(spelling)), rest, ok
	}
	key, rest, ok = strings.Cut(text, "=")
	return key, rest, ok && isPlainKey(key)
}

// isPlainKey says whether the name of a member stands as it is.
func isPlainKey(key string) bool { return key != "" && !strings.ContainsAny(key, `="[]\`) }

// isElementValue says whether text is compact JSON that can stand for an element.
func isElementValue(text string) bool {
	return text != "" && text != "null" && !strings.ContainsAny(text[:1], "{[ \t\r\n") && strings.TrimSpace(text) == text && json.Valid([]byte(text))
}

// cutText cuts a text of JSON, with its quotes, off the front.
func cutText(text string) (spelling, rest string, ok bool) {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return text[:i+1], text[i+1:], json.Valid([]byte(text[:i+1]))
		}
	}
	return "", "", false
}

func (e element) String() string {
	var b bytes.Buffer
	b.WriteByte('[')
	if isPlainKey(e.key) {
		b.WriteString(e.key)
	} else {
		b.Write(spell(e.key))
	}
	b.WriteByte('=')
	b.Write(e.value)
	b.WriteByte(']')
	return b.String()
}

// find returns the element of a list that has the name, nil where there is none or the list goes by places.
func (e element) find(l *list) *value {
	d := differ{key: e.key}
	t := d.tokens(l)
	return l.element(t.find(e.String()))
}

// ArrayKey returns the member by whose value the path names elements of lists, as in items[sku="S-1"]: that of the first such
// element, empty where there is none.
func (p Path) ArrayKey() string {
	for _, token := range p {
		if e, ok := parseElement(token); ok {
			return e.key
		}
	}
	return ""
}
