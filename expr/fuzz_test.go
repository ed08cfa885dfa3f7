package expr_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gestadb/gesta/expr"
	"github.com/gestadb/gesta/store"
)

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`state.due < 0 && event.type in ["a", 'b']`, `!has(state["x"].y[0]) || -1.5e3 * (2 - before) / 3 >= 7`,
		`matches(state.a, "^x\\d+$") == (state.b like "a?\\**")`, `[1, [state], null] != {"a"`, `"\ud83d\ude00" + 'it\'s'`, `--5 - -5`,
	} {
		f.Add(text, `{"a": [1.0, "x", {"b": null}], "a": 2}`, ` [ "\ud800" ] `)
	}
	f.Add(`state == before`, `{"a":1,"b":[{}]}`, `{"b":[{}],"a":1.0}`)
	f.Add(`state in before`, `"x`, `["x,`)
	f.Fuzz(func(t *testing.T, text, one, two string) {
		e, err := expr.Parse(text, "state", "before", "event")
		if err != nil {
			var wrong *expr.SyntaxError
			if !errors.As(err, &wrong) || !errors.Is(err, store.ErrInvalid) || wrong.Offset < 0 || wrong.Offset > len(text) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		printed := e.String()
		again, err := expr.Parse(printed, "state", "before", "event")
		if err != nil || again.String() != printed {
			t.Fatalf("%q prints as %q, and then as %v, %v", text, printed, again, err)
		}
		var vs [][]byte
		for i, ref := range e.Refs() {
			doc := []byte(one)
			if i%2 == 1 {
				doc = []byte(two)
			}
			if i > 2 {
				doc = expr.At(doc, ref.Path)
			}
			vs = append(vs, doc)
		}
		got := e.Eval(vs) // of anything: no panic
		out := string(got.AppendJSON(nil))
		if repeated := string(again.Eval(vs).AppendJSON(nil)); repeated != out {
			t.Fatalf("%q gives %s, and as %q %s", text, out, printed, repeated)
		}
		if json.Valid([]byte(one)) && json.Valid([]byte(two)) && !json.Valid([]byte(out)) {
			t.Fatalf("%q of %s and %s gives %s, which is no JSON", text, one, two, out)
		}
	})
}

// FuzzEqual holds equality of documents against that of decoded values.
func FuzzEqual(f *testing.F) {
	f.Add(`{"a":1,"b":[{}],"a":2}`, `{"b":[{}], "a":2.0}`)
	f.Add(`{"b":1,"a":2}`, `{"a":2,"b":1}`)
	f.Add(`[1,[2,{"x":"\u0041"}]]`, `[1.0,[2,{"x":"A"}]]`)
	f.Add(`{"a":{"a":1,"a":2}}`, `{"a":{"a":2}}`)
	f.Fuzz(func(t *testing.T, one, two string) {
		e := parse(t, "state == before")
		got := e.Eval([][]byte{[]byte(one), []byte(two)}).Truth()
		if got != parse(t, "before == state").Eval([][]byte{[]byte(two), []byte(one)}).Truth() {
			t.Fatalf("%s and %s: %t, and not the other way", one, two, got)
		}
		if !decodable(one) || !decodable(two) {
			return
		}
		if want := same(decode(one), decode(two)); got != want {
			t.Fatalf("%s and %s: %t", one, two, got)
		}
	})
}

// decodable says whether the standard library reads a document without a loss: no halves of pairs, no large exponents.
func decodable(doc string) bool {
	lower := strings.ToLower(doc)
	return json.Valid([]byte(doc)) && utf8.ValidString(doc) && !strings.Contains(lower, `\ud`) && !exponents.MatchString(lower)
}

var exponents = regexp.MustCompile(`e[+-]?[0-9]{4}`)
