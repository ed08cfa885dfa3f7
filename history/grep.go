package history

import (
	"bytes"
	"encoding/json"
	"regexp"
	"unicode/utf8"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// Grep looks for a pattern in what events say. It is used by one goroutine at a time.
//
// Payloads are searched as they are stored, except that an escape such as \u00e9 in JSON is read as the character that it stands for, unless that is a control character, a quote, a backslash or
// half of a pair.
type Grep struct {
	Pattern        *regexp.Regexp
	Data, Metadata bool         // which of the two is searched
	Path           reducer.Path // only what lies there, a text without its quotes and escapes; all of it where the path is empty

	document reducer.Document
}

// MaxMatches is how many matches are told of one event.
const MaxMatches = 100

// Match is a place in an event where the pattern was found.
type Match struct {
	Metadata bool   // otherwise in the data
	Text     []byte // what was searched
	From, To int    // the match is Text[From:To]
}

// Matches returns the places where the pattern is found in an event, at most [MaxMatches]. Their texts may share the memory of the event. An erased event has none.
func (g *Grep) Matches(r *store.Recorded) []Match {
	if r.Erased != 0 {
		return nil
	}
	var out []Match
	if g.Data {
		out = g.search(out, r.Data, false)
	}
	if g.Metadata {
		out = g.search(out, r.Metadata, true)
	}
	return out
}

func (g *Grep) search(out []Match, text []byte, metadata bool) []Match {
	if len(text) == 0 {
		return out
	}
	if len(g.Path) > 0 {
		var ok bool
		if text, ok = g.part(text); !ok {
			return out
		}
	} else {
		text = readable(text)
	}
	for _, m := range g.Pattern.FindAllIndex(text, MaxMatches-len(out)) {
		out = append(out, Match{Metadata: metadata, Text: text, From: m[0], To: m[1]})
	}
	return out
}

// part returns what lies at the path; false where nothing does.
func (g *Grep) part(text []byte) ([]byte, bool) {
	if g.document.Replace(text) != nil {
		return nil, false
	}
	value, ok := g.document.AppendAt(nil, g.Path)
	if !ok {
		return nil, false
	}
	var s string
	if value[0] == '"' && json.Unmarshal(value, &s) == nil {
		return []byte(s), true
	}
	return readable(value), true
}

// readable replaces escapes such as \u00e9 by what they stand for.
func readable(text []byte) []byte {
	if !bytes.Contains(text, []byte(`\u`)) || !json.Valid(text) {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		if text[i] != '\\' {
			out = append(out, text[i])
			i++
			continue
		}
		r, n := escapeAt(text[i:])
		if r != 0 {
			out = utf8.AppendRune(out, r)
		} else {
			out = append(out, text[i:i+n]...)
		}
		i += n
	}
	return out
}

// escapeAt reads the escape, or pair of them, at the start of a text, and how long it is; 0 for one that stays as it is.
func escapeAt(text []byte) (r rune, n int) {
	if text[1] != 'u' {
		return 0, 2
	}
	for _, n := range []int{12, 6} { // a pair stands for one character
		if n > len(text) {
			continue
		}
		var s string
		if json.Unmarshal(append(append([]byte{'"'}, text[:n]...), '"'), &s) != nil {
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		if size == len(s) && r != utf8.RuneError && r >= ' ' && r != '"' && r != '\\' && r != 0x7f {
			return r, n
		}
	}
	return 0, 6
}
