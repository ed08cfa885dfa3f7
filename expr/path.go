package expr

import (
	"fmt"
	"strings"

	"github.com/gestadb/gesta/reducer"
)

// path reads the path that begins with the root at the token, and returns which of the refs it is.
func (p *parser) path(root string) (int, error) {
	var path reducer.Path
	i := p.tok.end
	for i < len(p.text) && (p.text[i] == '.' || p.text[i] == '[') {
		if p.text[i] == '.' {
			n := nameLength(p.text[i+1:])
			if n == 0 {
				return 0, p.wrongPath(i+1, "a name after the point, or a name in brackets and quotes")
			}
			path = append(path, p.text[i+1:i+1+n])
			i += 1 + n
			continue
		}
		name, end, err := p.bracket(i)
		if err != nil {
			return 0, err
		}
		path, i = append(path, name), end
	}
	p.tok.end = i
	key := root + " " + path.String()
	ref, ok := p.places[key]
	if !ok {
		ref = len(p.refs)
		p.places[key] = ref
		p.refs = append(p.refs, Ref{Root: root, Path: path})
	}
	return ref, p.advance()
}

// bracket reads [0] or ["name"] and returns where it ends.
func (p *parser) bracket(start int) (name string, end int, err error) {
	const expected = "an index or a name in quotes"
	tok, err := scan(p.text, start+1)
	if err != nil {
		return "", 0, err
	}
	switch tok.kind {
	case tokenText:
		name = string(unescape(tok.json[1 : len(tok.json)-1]))
	case tokenNumber:
		name = p.text[tok.start:tok.end]
		if !isIndex(name) {
			return "", 0, p.wrongPath(tok.start, "an index: digits, at most nine")
		}
	default:
		return "", 0, p.wrongPath(tok.start, expected)
	}
	closing, err := scan(p.text, tok.end)
	if err != nil {
		return "", 0, err
	}
	if p.text[closing.start:closing.end] != "]" {
		return "", 0, p.wrongPath(closing.start, `"]"`)
	}
	return name, closing.end, nil
}

func (p *parser) wrongPath(at int, expected string) error {
	tok, err := scan(p.text, at)
	if err != nil {
		return err
	}
	return &SyntaxError{Offset: tok.start, Found: shorten(p.text[tok.start:tok.end]), Expected: expected}
}

// isIndex says whether a name is one that stands for an element of a list too.
func isIndex(name string) bool {
	return name != "" && len(name) <= 9 && strings.Trim(name, "0123456789") == "" && (name[0] != '0' || len(name) == 1)
}

// String returns the path as it stands in an expression.
func (r Ref) String() string {
	out := []byte(r.Root)
	for _, name := range r.Path {
		switch {
		case isIndex(name):
			out = fmt.Appendf(out, "[%s]", name)
		case nameLength(name) == len(name) && name != "":
			out = append(append(out, '.'), name...)
		default:
			out = append(appendQuoted(append(out, '['), name), ']')
		}
	}
	return string(out)
}
