package expr_test

import (
	"strings"
	"testing"

	"github.com/gestadb/gesta/expr"
	"github.com/gestadb/gesta/reducer"
)

// docs has the JSON document of each root.
var docs = map[string]string{
	"state": `{
		"due": -3.50, "zero": 0, "n": 38.50, "big": 123456789012345678901234567890, "huge": 1e400, "far": 1e999999999999,
		"name": "Ada", "empty": "", "esc": "\u0041da", "quote": "a\"b", "lines": "a\nb", "city": "Zürich",
		"half": "\ud83d", "otherHalf": "\ude00", "smile": "\ud83d\ude00", "odd name": 7, "a.b": {"c": 1}, "": "blank",
		"yes": true, "no": false, "null": null, "items": [{"qty": 2, "sku": "x"}, {"qty": 3}], "tags": ["a", "b", null, 1.0],
		"o": {"a": 1, "b": [1, 2]}, "p": {"b": [1.0, 2e0], "a": 10e-1}, "dup": {"a": 7, "b": [1, 2], "a": 1}, "none": {}, "nil": []
	}`,
	"before": `{"due": 4, "items": []}`,
	"event":  `{"type": "OrderPlaced", "version": 3, "data": {"x": 1, "amount": "12"}}`,
}

var roots = []string{"state", "before", "event"}

func parse(t testing.TB, text string) *expr.Expr {
	t.Helper()
	e, err := expr.Parse(text, roots...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func values(e *expr.Expr) [][]byte {
	var vs [][]byte
	for _, ref := range e.Refs() {
		vs = append(vs, expr.At([]byte(docs[ref.Root]), ref.Path))
	}
	return vs
}

func TestEval(t *testing.T) {
	tests := []struct{ text, want string }{
		// Paths and literals.
		{`state.due`, `-3.50`},
		{`state.items[0].qty`, `2`},
		{`state.items.1.qty`, `3`},
		{`state.items["0"]`, `{"qty":2,"sku":"x"}`},
		{`state["odd name"]`, `7`},
		{`state['a.b'].c`, `1`},
		{`state[""]`, `"blank"`},
		{`state["\u006eame"]`, `"Ada"`},
		{`event.data.x`, `1`},
		{`state.nothing`, `null`},
		{`state.due.deeper[3]`, `null`},
		{`state.items[2]`, `null`},
		{`event`, `{"type":"OrderPlaced","version":3,"data":{"x":1,"amount":"12"}}`},
		{`'it\'s "so"'`, `"it's \"so\""`},
		{`"a\u00e9\n"`, `"a\u00e9\n"`},
		{`-1.50e3`, `-1.50e3`},
		{`[]`, `[]`},
		{`[1, "x", null, [true]]`, `[1,"x",null,[true]]`},
		{`[state.due, state.nothing, [event.type]]`, `[-3.50,null,["OrderPlaced"]]`},

		// Truth.
		{`state.yes && true`, `true`},
		{`state.yes && 1`, `false`},
		{`"true" || 1 || [] || null`, `false`},
		{`state.no || state.yes`, `true`},
		{`!state.nothing`, `true`},
		{`!0`, `true`},
		{`!!"x"`, `false`},
		{`!state.yes`, `false`},
		{`true || false && false`, `true`},
		{`(true || false) && false`, `false`},
		{`!true || true`, `true`},

		// Equality.
		{`state.n == 38.5`, `true`},
		{`state.n == 3850e-2`, `true`},
		{`state.n != 38.51`, `true`},
		{`state.big == 123456789012345678901234567891`, `false`},
		{`0 == -0.0`, `true`},
		{`state.huge == 10e399`, `true`},
		{`state.esc == state.name`, `true`},
		{`state.name == 'Ada'`, `true`},
		{`state.name == "ada"`, `false`},
		{`state.quote == 'a"b'`, `true`},
		{`state.smile == "😀"`, `true`},
		{`state.half == "\ud83d"`, `true`},
		{`state.half == state.otherHalf`, `false`},
		{`state.nothing == null`, `true`},
		{`state.null == null`, `true`},
		{`state.nothing == state.null`, `true`},
		{`state.nothing != null`, `false`},
		{`state.zero == null`, `false`},
		{`state.zero == false`, `false`},
		{`1 == "1"`, `false`},
		{`1 != "1"`, `true`},
		{`true == true`, `true`},
		{`true == false`, `false`},
		{`state.o == state.p`, `true`},
		{`state.o == state.dup`, `true`},
		{`state.p != state.o`, `false`},
		{`state.o == state.items[0]`, `false`},
		{`state.none == state.nil`, `false`},
		{`state.nil == []`, `true`},
		{`state.none == state.o`, `false`},
		{`state.tags == ["a", "\u0062", null, 1]`, `true`},
		{`state.tags == ["b", "a", null, 1]`, `false`},
		{`state.tags == ["a", "b", null]`, `false`},
		{`[state.o] == [state.p]`, `true`},

		// Order.
		{`state.due < 0`, `true`},
		{`state.due <= -3.5`, `true`},
		{`state.due >= -3.5`, `true`},
		{`state.due > -3.5`, `false`},
		{`state.huge > 1e399`, `true`},
		{`state.big > 123456789012345678901234567889`, `true`},
		{`state.name < "Adb"`, `true`},
		{`state.name > ""`, `true`},
		{`state.name <= state.esc`, `true`},
		{`"Z" < "a"`, `true`},
		{`"\uffff" < state.smile`, `true`}, // by code points, not by UTF-16
		{`state.half < state.smile`, `true`},
		{`state.nothing < 0`, `false`},
		{`state.nothing >= 0`, `false`},
		{`state.nothing <= null`, `false`},
		{`null >= null`, `false`},
		{`1 < "2"`, `false`},
		{`"2" > 1`, `false`},
		{`false < true`, `false`},
		{`[1] < [2]`, `false`},

		// in.
		{`event.type in ["OrderPlaced", "OrderPaid"]`, `true`},
		{`event.type in []`, `false`},
		{`state.due in [before.due, -3.5]`, `true`},
		{`state.due in [before.due, -3]`, `false`},
		{`"b" in state.tags`, `true`},
		{`1 in state.tags`, `true`},
		{`null in state.tags`, `true`},
		{`state.nothing in state.tags`, `true`},
		{`"c" in state.tags`, `false`},
		{`1 in 1`, `false`},
		{`"a" in "abc"`, `false`},
		{`"a" in state.o`, `false`},
		{`1 in state.nothing`, `false`},
		{`[1, 2] in [state.o.b]`, `true`},

		// like and matches.
		{`event.type like "Order*"`, `true`},
		{`event.type like "*Placed"`, `true`},
		{`event.type like "Order"`, `false`},
		{`event.type like "*"`, `true`},
		{`state.empty like "*"`, `true`},
		{`state.empty like ""`, `true`},
		{`state.empty like "?"`, `false`},
		{`state.name like "A?a"`, `true`},
		{`state.name like "A??a"`, `false`},
		{`state.city like "Z?rich"`, `true`},
		{`state.smile like "?"`, `true`},
		{`state.half like "?"`, `true`},
		{`state.lines like "a?b"`, `true`},
		{`state.esc like "Ad*"`, `true`},
		{`"a*b" like "a\\*b"`, `true`},
		{`"axb" like "a\\*b"`, `false`},
		{`"a\\b" like "a\\\\b"`, `true`},
		{`"abcbcd" like "a*bcd"`, `true`},
		{`"abcbc" like "a*bcd"`, `false`},
		{`"aab" like "*a**b"`, `true`},
		{`5 like "*"`, `false`},
		{`state.nothing like "*"`, `false`},
		{`matches(state.name, "^A")`, `true`},
		{`matches(state.name, "d")`, `true`},
		{`matches(state.name, "^d")`, `false`},
		{`matches(state.esc, "^Ada$")`, `true`},
		{`matches(state.lines, "a\\sb")`, `true`},
		{`matches(state.half, "^\ufffd{3}$")`, `true`},
		{`matches(state.due, ".")`, `false`},
		{`matches(state.nothing, "")`, `false`},
		{`matches(state.name + "x", 'x$')`, `true`},

		// has.
		{`has(state.due)`, `true`},
		{`has(state.null)`, `true`},
		{`has(state.nothing)`, `false`},
		{`has(state.items[1].sku)`, `false`},
		{`has(state)`, `true`},

		// Arithmetic.
		{`state.due + 4`, `0.5`},
		{`1 + 2 * 3`, `7`},
		{`(1 + 2) * 3`, `9`},
		{`10 - 4 - 3`, `3`},
		{`8 / 4 / 2`, `1`},
		{`0.1 + 0.2 == 0.3`, `true`},
		{`state.big + 1`, `1.23456789012345678901234567891e29`},
		{`1 / 3`, `0.3333333333333333333333333333333333`},
		{`1 / 0`, `null`},
		{`1 / 0 == null`, `true`},
		{`1 / 0 < 1`, `false`},
		{`-state.due`, `3.5`},
		{`--5`, `5`},
		{`1 - -1`, `2`},
		{`-state.name`, `null`},
		{`-state.zero`, `0`},
		{`"a" + "b"`, `"ab"`},
		{`state.name + ' ' + event.type`, `"Ada OrderPlaced"`},
		{`state.half + state.otherHalf == state.smile`, `true`},
		{`"a" + 1`, `null`},
		{`1 + "a"`, `null`},
		{`"a" - "a"`, `null`},
		{`[1] + [2]`, `null`},
		{`true + 1`, `null`},
		{`state.nothing + 1`, `null`},
		{`event.data.amount * 2`, `null`},
		{`state.far + 1`, `null`},
		{`state.far * state.far`, `null`},
		{`1e9999 + 1 > 1e9999`, `true`},
		{`1e10000 + 1`, `null`},
		{`state.items[0].qty * 2 + state.items[1].qty == 7 && before.due > state.due`, `true`},
		{"state.due\n\t< 0 ", `true`},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			e := parse(t, tt.text)
			v := e.Eval(values(e))
			if got := string(v.AppendJSON(nil)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if v.Truth() != (tt.want == "true") {
				t.Errorf("Truth = %t", v.Truth())
			}
			again := parse(t, e.String())
			if again.String() != e.String() {
				t.Errorf("prints as %s, and then as %s", e, again)
			}
			if got := string(again.Eval(values(again)).AppendJSON(nil)); got != tt.want {
				t.Errorf("as %s it gives %s", e, got)
			}
		})
	}
}

func TestAt(t *testing.T) {
	doc := ` {"a": [1, {"b": "x"}, [ ]], "c": {"": 0}, "a": [7, 8 ], "\u0064": 1} `
	tests := []struct {
		path reducer.Path
		want string
		none bool
	}{
		{nil, strings.TrimSpace(doc), false},
		{reducer.Path{"a"}, `[7, 8 ]`, false},
		{reducer.Path{"a", "1"}, `8`, false},
		{reducer.Path{"a", "2"}, ``, true},
		{reducer.Path{"a", "01"}, ``, true},
		{reducer.Path{"a", "b"}, ``, true},
		{reducer.Path{"a", "1", "b"}, ``, true},
		{reducer.Path{"c", ""}, `0`, false},
		{reducer.Path{"d"}, `1`, false},
		{reducer.Path{"e"}, ``, true},
	}
	for _, tt := range tests {
		if got := expr.At([]byte(doc), tt.path); string(got) != tt.want || (got == nil) != tt.none {
			t.Errorf("at %s: %q", tt.path, got)
		}
	}
	if got := expr.At([]byte(" "), nil); got != nil {
		t.Errorf("in nothing: %q", got)
	}
}

func TestValuesLeftOut(t *testing.T) {
	if v := parse(t, `state.a == null && !has(state.b)`).Eval(nil); !v.Truth() {
		t.Error("what is left out is there")
	}
	if got := string(expr.Value{}.AppendJSON(nil)); got != "null" {
		t.Errorf("the zero Value is %s", got)
	}
}

func TestDeepValues(t *testing.T) {
	deep := func(n int, inner string) []byte {
		return []byte(strings.Repeat("[", n) + inner + strings.Repeat("]", n))
	}
	e := parse(t, `state == before`)
	if !e.Eval([][]byte{deep(9_999, "1.0"), deep(9_999, "1")}).Truth() {
		t.Error("9,999 levels: not equal")
	}
	if e.Eval([][]byte{deep(9_999, "1.0"), deep(9_999, "2")}).Truth() {
		t.Error("9,999 levels: equal")
	}
	if e.Eval([][]byte{deep(1_000_000, "1.0"), deep(1_000_000, "1")}).Truth() {
		t.Error("a million levels, byte by byte: equal")
	}
}

func TestMadeIsBounded(t *testing.T) {
	part := []byte(`"` + strings.Repeat("x", 1<<20) + `"`)
	if v := parse(t, "state.a"+strings.Repeat(" + state.a", 3)).Eval([][]byte{part}); len(v.AppendJSON(nil)) != 4<<20+2 {
		t.Error("4 MiB are not joined")
	}
	if v := parse(t, "state.a"+strings.Repeat(" + state.a", 5000)).Eval([][]byte{part}); string(v.AppendJSON(nil)) != "null" {
		t.Error("5 GiB are joined")
	}
	if v := parse(t, "["+strings.Repeat("state.a, ", 5000)+"1]").Eval([][]byte{part}); string(v.AppendJSON(nil)) != "null" {
		t.Error("a list of 5 GiB is made")
	}
}

func TestEvalAllocatesNothing(t *testing.T) {
	for _, text := range []string{
		`state.due < 0`,
		`state.n == 3850e-2 && state.esc == "Ada" && event.type in ["OrderPaid", "OrderPlaced"] && event.type like "*Pl?ced"`,
		`has(state.due) && 1 in state.tags && state.tags != ["a"] && matches(event.type, "^Order")`,
		`state.due in [before.due, -3.5]`,
	} {
		e := parse(t, text)
		vs := values(e)
		if !e.Eval(vs).Truth() {
			t.Fatalf("%s is not true", text)
		}
		if n := testing.AllocsPerRun(100, func() { e.Eval(vs) }); n != 0 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	for _, bm := range []struct{ name, text string }{
		{"order", `state.due < 0`},
		{"types", `event.type in ["OrderPaid", "OrderPlaced"] && state.n != 38.5`},
		{"sum", `state.due + state.n > 30`},
		{"regexp", `matches(event.type, "^Order")`},
		{"object", `state.o == state.p`},
	} {
		b.Run(bm.name, func(b *testing.B) {
			e := parse(b, bm.text)
			vs := values(e)
			b.ReportAllocs()
			for b.Loop() {
				e.Eval(vs)
			}
		})
	}
}
