package reducer

import (
	"fmt"
	"strings"

	"github.com/gestadb/gesta/store"
)

// Path leads to a part of a state: names of members, and of elements of lists: their indexes in digits, or [sku="S-1"] for the one
// whose member sku is S-1, and [id=1] for a number. Lists where an element has no such member, or two have equal ones, know
// indexes alone. The empty Path is the whole.
type Path []string

// ParsePath reads a path in either of its forms: a JSON Pointer, /items/0/qty, or items[0].qty. In the second form a name with a
// point, a bracket or a quote in it stands in brackets and double quotes, with the escapes of JSON: items["a.b"].qty. An element that a member tells apart is
// /items/[sku="S-1"]/qty or items[sku="S-1"].qty; there what is not JSON after the = is a text: items[sku=S-1].qty. The empty text is
// the whole state. An error is [store.ErrInvalid].
func ParsePath(text string) (Path, error) {
	if text == "" {
		return nil, nil
	}
	if strings.HasPrefix(text, "/") {
		return parsePointer(text)
	}
	return parseDotted(text)
}

func parsePointer(text string) (Path, error) {
	var p Path
	for token := range strings.SplitSeq(text[1:], "/") {
		for i := range len(token) {
			if token[i] == '~' && (i+1 == len(token) || token[i+1] != '0' && token[i+1] != '1') {
				return nil, invalidPath(text, "~ stands before 0 or 1 in a JSON Pointer")
			}
		}
		p = append(p, strings.NewReplacer("~1", "/", "~0", "~").Replace(token))
	}
	return p, nil
}

func parseDotted(text string) (Path, error) {
	var p Path
	rest := text
	for first := true; rest != ""; first = false {
		if strings.HasPrefix(rest, "[") {
			name, after, err := parseBracket(text, rest)
			if err != nil {
				return nil, err
			}
			p, rest = append(p, name), after
			continue
		}
		if !first {
			if rest[0] != '.' {
				return nil, invalidPath(text, "a point or a bracket is missing")
			}
			rest = rest[1:]
		}
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		if end == 0 {
			return nil, invalidPath(text, "a name is empty")
		}
		p, rest = append(p, rest[:end]), rest[end:]
	}
	return p, nil
}

// parseBracket reads [0], ["name"] or [member=value] and returns what follows.
func parseBracket(text, rest string) (name, after string, err error) {
	if key, value, ok := cutKey(rest[1:]); ok {
		return parseKeyed(text, key, value)
	}
	if strings.HasPrefix(rest[1:], `"`) {
		return parseQuoted(text, rest[1:])
	}
	inner, after, ok := strings.Cut(rest[1:], "]")
	if _, isIndex := index(inner); !ok || !isIndex {
		return "", "", invalidPath(text, `brackets hold an index, a name in double quotes, or member=value`)
	}
	return inner, after, nil
}

// parseQuoted reads what follows on the bracket of ["name"], the name as JSON has it, and returns what comes after the bracket.
func parseQuoted(text, rest string) (found, after string, err error) {
	spelling, after, ok := cutText(rest)
	if !ok {
		return "", "", invalidPath(text, "a name in double quotes is no text of JSON")
	}
	if after, ok = strings.CutPrefix(after, "]"); !ok {
		return "", "", invalidPath(text, "a bracket does not end")
	}
	return name([]byte(spelling)), after, nil
}

// parseKeyed reads what follows on [member= and returns what comes after the bracket.
func parseKeyed(text, key, rest string) (name, after string, err error) {
	value, after, ok := strings.Cut(rest, "]")
	if strings.HasPrefix(rest, `"`) {
		if value, after, ok = cutText(rest); ok {
			after, ok = strings.CutPrefix(after, "]")
		}
	}
	switch {
	case !ok:
		return "", "", invalidPath(text, "a bracket does not end")
	case value == "":
		return "", "", invalidPath(text, "a value is missing after =")
	case !isElementValue(value):
		value = string(spell(value))
	}
	return element{key, canonical([]byte(value))}.String(), after, nil
}

func invalidPath(text, problem string) error {
	return &store.InvalidError{Problem: fmt.Sprintf("path %q: %s", text, problem)}
}

// index reads the index of an element: digits without a leading zero, as in a JSON Pointer.
func index(s string) (int, bool) {
	if s == "" || len(s) > 9 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// String returns the path as a JSON Pointer.
func (p Path) String() string {
	var b strings.Builder
	for _, name := range p {
		b.WriteByte('/')
		b.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return b.String()
}
