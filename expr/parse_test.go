package expr_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/expr"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

func TestSyntaxError(t *testing.T) {
	deep := strings.Repeat("(", 1001)
	tests := []struct{ text, want string }{
		{``, `at byte 0: found its end, expected a path, a literal, a function, or parentheses`},
		{`state.due <`, `at byte 11: found its end, expected a path, a literal, a function, or parentheses`},
		{`state.due = 0`, `at byte 10: found "=", expected "=="`},
		{`state.due === 0`, `at byte 10: found "===", expected "=="`},
		{`state.due <> 0`, `at byte 10: found "<>", expected "!="`},
		{`state.a & state.b`, `at byte 8: found "&", expected "&&"`},
		{`state.a and state.b`, `at byte 8: found "and", expected "&&"`},
		{`(state.a or state.b)`, `at byte 9: found "or", expected "||"`},
		{`NOT state.a`, `at byte 0: found "NOT", expected "!"`},
		{`state.a == nil`, `at byte 11: found "nil", expected "null"`},
		{`stat.due < 0`, `at byte 0: found "stat", expected a path that begins with state, before or event; did you mean "state"?`},
		{`state.a == True`, `at byte 11: found "True", expected a path that begins with state, before or event; did you mean "true"?`},
		{`due < 0`, `at byte 0: found "due", expected a path that begins with state, before or event`},
		{`match(state.a, "x")`, `at byte 0: found "match", expected a function: has or matches; did you mean "matches"?`},
		{`lower(state.a)`, `at byte 0: found "lower", expected a function: has or matches`},
		{`state.a lke "x"`, `at byte 8: found "lke", expected an operator, or the end; did you mean "like"?`},
		{`state.a "x"`, `at byte 8: found "\"x\"", expected an operator, or the end`},
		{`state.a in`, `at byte 10: found its end, expected a path, a literal, a function, or parentheses`},
		{`in state.a`, `at byte 0: found "in", expected a path that begins with state, before or event`},
		{`has(1)`, `at byte 4: found "1", expected a path that begins with state, before or event`},
		{`has stat`, `at byte 4: found "stat", expected "("`},
		{`has(evnt.x)`, `at byte 4: found "evnt", expected a path that begins with state, before or event; did you mean "event"?`},
		{`has(state.a`, `at byte 11: found its end, expected ")"`},
		{`matches(state.a)`, `at byte 15: found ")", expected ","`},
		{`matches(state.a, state.b)`, `at byte 17: found "state", expected a regular expression in quotes`},
		{`matches(state.a, "(")`, `at byte 17: found "\"(\"", expected a regular expression: missing closing ): "("`},
		{`matches(state.a, "(x{100}){100}")`, `at byte 17: found "\"(x{100}){100}\"", expected a regular expression: invalid repeat count: "{100}"`},
		{`matches(state.a, "[a-c]{1000}\\pL{500}") || matches(state.b, "(abcdefgh){1000}")`, `at byte 61: found "\"(abcdefgh){1000}\"", expected regular expressions of at most 10000 steps in all`},
		{`state.a like state.b`, `at byte 13: found "state", expected a pattern in quotes`},
		{`state.a like "x\\"`, `at byte 13: found "\"x\\\\\"", expected a character after the last backslash of the pattern`},
		{`1 < 2 < 3`, `at byte 6: found "<", expected parentheses, or && between two comparisons`},
		{`!state.a == 1`, `at byte 9: found "==", expected parentheses around what ! turns over`},
		{`!state.a + 1`, `at byte 9: found "+", expected parentheses around what ! turns over`},
		{`state.`, `at byte 6: found its end, expected a name after the point, or a name in brackets and quotes`},
		{`state.-x`, `at byte 6: found "-", expected a name after the point, or a name in brackets and quotes`},
		{`state[x]`, `at byte 6: found "x", expected an index or a name in quotes`},
		{`state[01]`, `at byte 6: found "01", expected a number without a leading zero`},
		{`state[1.5]`, `at byte 6: found "1.5", expected an index: digits, at most nine`},
		{`state[1234567890]`, `at byte 6: found "1234567890", expected an index: digits, at most nine`},
		{`state[1`, `at byte 7: found its end, expected "]"`},
		{`state .a`, `at byte 6: found ".", expected an operator, or the end`},
		{`.5`, `at byte 0: found ".", expected a path, a literal, a function, or parentheses`},
		{`5.`, `at byte 0: found "5.", expected digits after the point`},
		{`012`, `at byte 0: found "012", expected a number without a leading zero`},
		{`1e`, `at byte 0: found "1e", expected digits in the exponent`},
		{`12px`, `at byte 0: found "12px", expected a number`},
		{`"abc`, `at byte 4: found its end, expected a closing "`},
		{`'abc"`, `at byte 5: found its end, expected a closing '`},
		{`"a\d"`, `at byte 2: found "\\d", expected an escape of JSON (\" \\ \/ \b \f \n \r \t \u0000), or \\ for a backslash`},
		{`"\u12g4"`, `at byte 1: found "\\u", expected an escape of JSON (\" \\ \/ \b \f \n \r \t \u0000), or \\ for a backslash`},
		{`"\'"`, `at byte 1: found "\\'", expected an escape of JSON (\" \\ \/ \b \f \n \r \t \u0000), or \\ for a backslash`},
		{"\"a\nb\"", `at byte 2: found "\n", expected the escape \u000a in its place`},
		{`state.a # b`, `at byte 8: found "#", expected an operator, a path, or a literal`},
		{"state.a == \"\xff\"", `at byte 12: found "\xff", expected valid UTF-8`},
		{`[1, 2`, `at byte 5: found its end, expected "," or "]"`},
		{`[1 2]`, `at byte 3: found "2", expected "," or "]"`},
		{`[1,]`, `at byte 3: found "]", expected one more element`},
		{`[,]`, `at byte 1: found ",", expected a path, a literal, a function, or parentheses`},
		{`(1`, `at byte 2: found its end, expected ")"`},
		{`1)`, `at byte 1: found ")", expected an operator, or the end`},
		{deep, `at byte 1000: found "(", expected at most 1000 levels`},
		{strings.Repeat("!", 1001) + "true", `at byte 1000: found "!", expected at most 1000 levels`},
		{strings.Repeat(" ", 65537), `at byte 65536: found "more", expected at most 65536 bytes`},
		{strings.Repeat("x", 50), `at byte 0: found "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…", expected a path that begins with state, before or event`},
	}
	for _, tt := range tests {
		t.Run(tt.text[:min(len(tt.text), 30)], func(t *testing.T) {
			e, err := expr.Parse(tt.text, roots...)
			var wrong *expr.SyntaxError
			if e != nil || !errors.As(err, &wrong) || !errors.Is(err, store.ErrInvalid) {
				t.Fatalf("Parse = %v, %v", e, err)
			}
			if got, want := err.Error(), "gesta: invalid: expression "+tt.want; got != want {
				t.Errorf("error\n got %s\nwant %s", got, want)
			}
		})
	}
	if _, err := expr.Parse("state"); err == nil || !strings.Contains(err.Error(), "there are no paths here") {
		t.Errorf("without roots: %v", err)
	}
}

func TestRefs(t *testing.T) {
	e := parse(t, `state.a[0].b == state.a["0"]["b"] && has(event.data["a b"]) || state["a"].0.b in [before, state] || before == 1`)
	want := []expr.Ref{
		{Root: "state", Path: reducer.Path{"a", "0", "b"}},
		{Root: "event", Path: reducer.Path{"data", "a b"}},
		{Root: "before"},
		{Root: "state"},
	}
	if diff := cmp.Diff(want, e.Refs()); diff != "" {
		t.Error(diff)
	}
	if refs := parse(t, "1 == 1").Refs(); len(refs) != 0 {
		t.Errorf("refs of a constant = %v", refs)
	}
}

func TestString(t *testing.T) {
	tests := []struct{ in, want string }{
		{`((state.a)) <  ((0))`, `state.a < 0`},
		{`(1+2)*3-(4-5)`, `(1 + 2) * 3 - (4 - 5)`},
		{`(1+2)+3`, `1 + 2 + 3`},
		{`true||(false||true)&&!(1==2)`, `true || (false || true) && !(1 == 2)`},
		{`(true&&false)||true`, `true && false || true`},
		{`(1 < 2) == (2 < 3)`, `(1 < 2) == (2 < 3)`},
		{`(!state.a) == 1`, `(!state.a) == 1`},
		{`-(!state.a) + 1`, `-(!state.a) + 1`},
		{`! ! state.a`, `!!state.a`},
		{`- - 5`, `--5`},
		{`-(state.a+1)`, `-(state.a + 1)`},
		{`state["a"]['b c'][0]["x\"y\u0001\ud800\\"]`, `state.a["b c"][0]["x\"y\u0001\ud800\\"]`},
		{`state.a like 'x*'`, `state.a like "x*"`},
		{`matches ( state.a , 'x"' )`, `matches(state.a, "x\"")`},
		{`has( event.type )`, `has(event.type)`},
		{`1 in[1,2]`, `1 in [1,2]`},
		{`1 in[state.a,2]`, `1 in [state.a, 2]`},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			e := parse(t, tt.in)
			if got := e.String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if again := parse(t, e.String()); again.String() != tt.want || !cmp.Equal(again.Refs(), e.Refs()) {
				t.Errorf("then %s, which reads %v", again, again.Refs())
			}
		})
	}
}
