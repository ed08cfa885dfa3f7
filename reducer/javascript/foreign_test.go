package javascript_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/javascript"
)

// TestForeign writes into the state what JSON cannot carry: the fold ends and says where, in which line, what it is and what to keep.
func TestForeign(t *testing.T) {
	for _, tt := range []struct{ value, says string }{
		{"new Map()", "is a Map; keep an object, or a list of pairs"},
		{"new Set([1])", "is a Set; keep a list or an object"},
		{"new WeakMap()", "is a WeakMap; keep an object"},
		{"new WeakSet()", "is a WeakSet; keep a list or an object"},
		{"/a/g", "is a RegExp; keep its source"},
		{"new TypeError('x')", "is an Error; keep its message"},
		{"new (class extends Error {})('x')", "is an Error; keep its message"},
		{"Promise.resolve(1)", "is a promise; handlers do not wait"},
		{"(function* () {})()", "is a Generator; keep a list: [...it]"},
		{"[1].values()", "is an Array Iterator; keep a list: [...it]"},
		{"new Map().entries()", "is a Map Iterator; keep a list: [...it]"},
		{"'x'.matchAll(/x/g)", "is a RegExp String Iterator; keep a list: [...it]"},
		{"new ArrayBuffer(4)", "is an ArrayBuffer; keep a list of numbers"},
		{"new DataView(new ArrayBuffer(4))", "is a DataView; keep a list of numbers"},
		{"new Uint8Array(2)", "is a Uint8Array; keep a list: [...it]"},
		{"new Float64Array(2)", "is a Float64Array; keep a list: [...it]"},
		{"new BigInt64Array(2)", "is a BigInt64Array; keep a list: [...it]"},
		{"Symbol('x')", "is a Symbol; keep a text"},
		{"Object(Symbol('x'))", "is a Symbol; keep a text"},
		{"7n", "is a BigInt; keep a number or a text"},
		{"Object(7n)", "is a BigInt; keep a number or a text"},
		{"() => 1", "is a function; keep what it returns"},
		{"class A {}", "is a function; keep what it returns"},
		{"new (class Order { #due = 1 })", "is an instance of Order; keep a plain object or list, or give it toJSON()"},
		{"new (class extends Map {})", "is a Map; keep an object, or a list of pairs"},
		{"new (class Items extends Array {})", "is an instance of Items; keep a plain object or list, or give it toJSON()"},
		{"Object.create({ x: 1 })", "is an object with a prototype of its own; keep a plain object"},
		{"new Proxy({}, {})", "is a Proxy; keep what is behind it"},
		{"new Proxy([], {})", "is a Proxy; keep what is behind it"},
		{"arguments", "is the arguments of a function; keep a list: [...arguments]"},
		{"globalThis", "is the global object; keep an object of its own"},
		{"Math", "is an instance of Math; keep a plain object or list, or give it toJSON()"},
		{"({ [Symbol('x')]: 1 })", "is an object with a member that is named by a symbol; name it by a text"},
		{"({ a: 1, '\\ud800': 1 })", "is an object with a name that has half of a surrogate pair; name its members by whole characters"},
		{"({ '\\ufffd': 1, 'a\\udfff': 1 })", "is an object with a name that has half of a surrogate pair; name its members by whole characters"},
		{"Object.assign([1], { sum: 1 })", "is a list with the member sum; keep an object that has the list and the member"},
		{"Object.assign([1, , 3], { '-1': 1 })", "is a list with the member -1; keep an object that has the list and the member"},
		{"Object.assign('x'.match(/x/), { sum: 1 })", "is a list with the member sum; keep an object that has the list and the member"},
		{"Object.assign([1], { [Symbol('x')]: 1 })", "is an object with a member that is named by a symbol; name it by a text"},
		{"new Date(NaN)", "is a Date without a time"},
		{"NaN", "is NaN; JSON has no such number"},
		{"-1 / 0", "is infinite; JSON has no such number"},
	} {
		t.Run(tt.value, func(t *testing.T) {
			for _, as := range []struct {
				statement, path string
				line            int // 4 is where the handler begins
			}{
				{"\ns.open = %;", "/open", 6},
				{"\ns.list.push(%);", "/list/0", 6},
				{"s.open = { deep: [%] };", "/open/deep/0", 4},
				{"return { open: % };", "/open", 4},
				{"return %;", "it", 4},
			} {
				source := "fromAll().when({\n$init: () => ({ list: [] }),\nGood(s) { s.good = 1 },\nBad(s) {\n" + strings.ReplaceAll(as.statement, "%", tt.value) + "\n}})"
				err := failing(t, source, javascript.Options{}, reducer.Want{Changes: true}, "{}")
				var at *reducer.EventError
				if want := "the state is not JSON: " + as.path + " " + tt.says; !errors.As(err, &at) || at.Position != 107 || !errors.Is(err, javascript.ErrState) || !strings.HasSuffix(err.Error(), want) {
					t.Errorf("%s: error = %v, want %s", as.statement, err, want)
				} else if at.Line != as.line && at.Line != 4 || strings.Contains(tt.value, "class Order") && at.Line != as.line {
					t.Errorf("%s: line %d, want %d", as.statement, at.Line, as.line)
				}
			}
			_, err := rule(t, "when({\n$init() { return { open: "+tt.value+" } },\n$any() {} })", javascript.Options{}).New(within(t))
			var source *javascript.SourceError
			if !errors.As(err, &source) || source.Line != 2 || !strings.HasSuffix(err.Error(), "/open "+tt.says) {
				t.Errorf("in $init: error = %v", err)
			}
		})
	}
}

// TestDeep folds data that is nested deeply: a state may be so by a few thousand levels.
func TestDeep(t *testing.T) {
	deep := func(levels int) string {
		return strings.Repeat(`{"a":[`, levels/2) + "1" + strings.Repeat("]}", levels/2)
	}
	source := "when({\n$any(s, e) {\ns.x = e.data } })"
	for _, w := range []reducer.Want{{}, {Changes: true}} {
		f := begin(t, rule(t, source, javascript.Options{}))
		run(t, f, events("A", deep(4000), "A", deep(4000), "A", "1"), w)
		if got := string(f.AppendState(nil)); got != `{"x":1}` {
			t.Errorf("state = %.80s", got)
		}
		err := failing(t, strings.Replace(source, "$any", "Good() {}, Bad", 1), javascript.Options{}, w, deep(9000))
		if want := "Bad at position 107, test.js:2: the state is not JSON: /x/a/0/a/0/a/0/a/... is nested deeper than 5000, or holds itself"; err.Error() != want {
			t.Errorf("error = %v, want %s", err, want)
		}
	}
}

// TestHalves reads data that JavaScript would take two names of for one: the fold ends, and the data of which nobody asks does not matter.
func TestHalves(t *testing.T) {
	for data, says := range map[string]string{
		`{"a":[{"\ud800":1,"\ud801":2}]}`:      `: the name has another value in JavaScript: "\ud800" in data has half of a surrogate pair, which no character is made of`,
		`{"x\udc00\ud83d\ude00":1}`:            `: the name has another value in JavaScript: "x\udc00\ud83d\ude00" in data has half of a surrogate pair, which no character is made of`,
		`{"\ufffd":"\ud800","\ud83d\ude00":2}`: "",
	} {
		for _, source := range []string{"when({ Good() {}, Bad(s, e) { s.x = e.data } })", "when({ Good() {}, Bad(s, e) { try { for (const k in e.body) s[k] = 1 } catch (e) {} } })"} {
			if says == "" {
				got := state(t, strings.Replace(source, "Good() {}, Bad", "$any", 1), events("A", data))
				if want := `{"x":{"` + "\ufffd" + `":"\ud800","😀":2}}`; got != want && got != `{"`+"\ufffd"+`":1,"😀":1}` {
					t.Errorf("%s is %s, want %s", data, got, want)
				}
				continue
			}
			err := failing(t, source, javascript.Options{}, reducer.Want{}, data)
			if !errors.Is(err, javascript.ErrName) || !strings.HasSuffix(err.Error(), says) {
				t.Errorf("%s: error = %v", data, err)
			}
			if got := state(t, "when({ $any(s, e) { s.type = e.eventType } })", events("A", data)); got != `{"type":"A"}` {
				t.Errorf("%s, which nobody reads, is %s", data, got)
			}
		}
	}
}
