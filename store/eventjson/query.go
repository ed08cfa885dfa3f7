package eventjson

import (
	"strings"
	"unicode"

	"github.com/gestadb/gesta/store"
)

// DecodeQuery reads a query in JSON: a list of items. An error is [store.ErrInvalid].
func DecodeQuery(b []byte) (store.Query, error) {
	var q store.Query
	err := document(b, false, func(r *reader) (err error) {
		q, err = r.query("query", "parts")
		return err
	})
	return q, err
}

// query reads a query. Where all queries together have more parts than any store takes, what is left is not read: a few bytes of text can be many in memory. what and unit say so.
func (r *reader) query(what, unit string) (store.Query, error) {
	q := store.Query{}
	err := r.list("query", func() error {
		var it store.Item
		err := r.object("an item of a query", func(name string) (known bool, err error) {
			switch name {
			case "stream":
				it.Stream, err = r.text(name)
			case "category":
				it.Category, err = r.text(name)
			case "types":
				it.Types, err = r.texts(name)
			case "tags":
				it.Tags, err = r.texts(name)
			default:
				return false, nil
			}
			return true, err
		})
		if err != nil {
			return err
		}
		if r.parts += 1 + len(it.Types) + len(it.Tags); r.parts > store.MaxQueryParts {
			return &store.TooLargeError{What: what, Unit: unit, Got: r.parts, Max: store.MaxQueryParts}
		}
		q = append(q, it)
		return nil
	})
	return q, err
}

// ParseQuery reads the text form of a query: terms stream=, category=, type= and tag=, all of which hold for an event that
// matches, and OR between alternatives. type takes several values with commas; tag is repeated. A value with a space, a
// comma, a quote or a backslash stands in double quotes, inside which a backslash stands before a quote or a
// backslash. A text that begins with [ is the JSON form. An error is [store.ErrInvalid].
func ParseQuery(text string) (store.Query, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "[") {
		return DecodeQuery([]byte(text))
	}
	if text == "" {
		return nil, invalidf("the query is empty; [] matches every event")
	}
	p := queryParser{rest: text}
	q := store.Query{}
	for {
		it, more, err := p.item()
		if err != nil {
			return nil, err
		}
		q = append(q, it)
		if !more {
			return q, nil
		}
	}
}

type queryParser struct{ rest string }

// item reads the terms up to OR, for which more is true, or the end.
func (p *queryParser) item() (it store.Item, more bool, err error) {
	terms := 0
	for {
		p.rest = strings.TrimLeftFunc(p.rest, unicode.IsSpace)
		if p.rest == "" || isWord(p.rest, "OR") {
			if terms == 0 {
				return it, false, invalidf("the query has an alternative without a term; [] matches every event")
			}
			more = p.rest != ""
			p.rest = strings.TrimPrefix(p.rest, "OR")
			return it, more, nil
		}
		if err := p.term(&it); err != nil {
			return it, false, err
		}
		terms++
	}
}

func isWord(s, word string) bool {
	rest, ok := strings.CutPrefix(s, word)
	return ok && (rest == "" || strings.TrimLeftFunc(rest, unicode.IsSpace) != rest)
}

func (p *queryParser) term(it *store.Item) error {
	name, rest, ok := strings.Cut(p.rest, "=")
	if !ok || strings.ContainsFunc(name, unicode.IsSpace) {
		word, _, _ := strings.Cut(p.rest, " ")
		return invalidf("the query has %q where a term such as type=Shipped is expected", clip(word))
	}
	p.rest = rest
	values, err := p.values(name)
	if err != nil {
		return err
	}
	switch name {
	case "type":
		if len(it.Types) > 0 {
			return invalidf("the query has type twice in one alternative: write type=A,B for either")
		}
		it.Types = values
	case "tag":
		if len(values) > 1 {
			return invalidf("the query has several values for tag: write tag=A tag=B for both, tag=A OR tag=B for either")
		}
		it.Tags = append(it.Tags, values...)
	case "stream":
		return single(name, values, &it.Stream)
	case "category":
		return single(name, values, &it.Category)
	default:
		return invalidf("the query has no term %q; there are stream, category, type and tag", clip(name))
	}
	return nil
}

func single(name string, values []string, to *string) error {
	if *to != "" || len(values) > 1 {
		return invalidf("the query has several values for %s in one alternative: write %s=A OR %s=B for either", name, name, name)
	}
	*to = values[0]
	return nil
}

// values reads the values of a term, up to a space.
func (p *queryParser) values(name string) ([]string, error) {
	var out []string
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		if v == "" {
			return nil, invalidf("the query has an empty value for %s", clip(name))
		}
		out = append(out, v)
		rest, ok := strings.CutPrefix(p.rest, ",")
		if !ok {
			return out, nil
		}
		p.rest = rest
	}
}

func (p *queryParser) value() (string, error) {
	if !strings.HasPrefix(p.rest, `"`) {
		end := strings.IndexFunc(p.rest, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
		if end < 0 {
			end = len(p.rest)
		}
		v := p.rest[:end]
		if strings.ContainsAny(v, `"\`) {
			return "", invalidf("the query has a quote or backslash in %q: put the value in double quotes", clip(v))
		}
		p.rest = p.rest[end:]
		return v, nil
	}
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; c {
		case '\\':
			i++
			if i >= len(p.rest) || p.rest[i] != '"' && p.rest[i] != '\\' {
				return "", invalidf(`the query has a backslash before something other than " or \ inside quotes`)
			}
			b.WriteByte(p.rest[i])
		case '"':
			p.rest = p.rest[i+1:]
			if p.rest != "" && !strings.HasPrefix(p.rest, ",") && strings.TrimLeftFunc(p.rest, unicode.IsSpace) == p.rest {
				return "", invalidf("the query has %q right after a quote; a space or a comma is expected", clip(p.rest))
			}
			return b.String(), nil
		default:
			b.WriteByte(c)
		}
	}
	return "", invalidf("the query has a quote that does not end")
}

// FormatQuery returns the text that [ParseQuery] reads as q: terms, or JSON for a query that terms cannot say, such as the
// empty one.
func FormatQuery(q store.Query) string {
	var b strings.Builder
	for i := range q {
		if q[i].All() {
			return string(AppendQuery(nil, q))
		}
		if i > 0 {
			b.WriteString(" OR ")
		}
		formatItem(&b, &q[i])
	}
	if len(q) == 0 {
		return "[]"
	}
	return b.String()
}

func formatItem(b *strings.Builder, it *store.Item) {
	sep := ""
	term := func(name string, values ...string) {
		b.WriteString(sep + name + "=")
		for i, v := range values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quoteValue(v))
		}
		sep = " "
	}
	if it.Stream != "" {
		term("stream", it.Stream)
	}
	if it.Category != "" {
		term("category", it.Category)
	}
	if len(it.Types) > 0 {
		term("type", it.Types...)
	}
	for _, t := range it.Tags {
		term("tag", t)
	}
}

func quoteValue(v string) string {
	plain := !strings.ContainsFunc(v, func(r rune) bool {
		return r == ',' || r == '"' || r == '\\' || unicode.IsSpace(r)
	})
	if plain && v != "" {
		return v
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
}
