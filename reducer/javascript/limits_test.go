package javascript_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/javascript"
	"github.com/gestadb/gesta/store"
)

// failing folds ten events of which the seventh is bad, and returns the error.
func failing(t *testing.T, source string, o javascript.Options, w reducer.Want, data string) error {
	t.Helper()
	f, err := rule(t, source, o).New(within(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	var all []store.Recorded
	for i := range 10 {
		typ, d := "Good", "{}"
		if i == 6 {
			typ, d = "Bad", data
		}
		all = append(all, event(i+1, typ, d))
	}
	var last error
	for step, err := range f.Steps(sequence(all), w) {
		if last != nil {
			t.Fatalf("after the error comes %v, %v", step, err)
		}
		last = err
	}
	again := false
	for _, err := range f.Steps(sequence(all), w) {
		if again = err != nil && err.Error() == last.Error(); !again {
			t.Fatalf("a broken fold goes on: %v", err)
		}
	}
	if !again {
		t.Fatal("a broken fold goes on")
	}
	return last
}

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		is         error
		line       int
		says       string
	}{
		{"loop", "for (;;) {}", javascript.ErrTime, -1, ""},
		{"loop with something in it", "for (;;) {\ns.x = 1 }", javascript.ErrTime, 6, ""},
		{"loop in try", "try { for (;;) {} } catch (e) {} finally { for (;;) {} }", javascript.ErrTime, -1, ""},
		{"regular expression", `/^(a+)+\1$/.test('a'.repeat(64) + 'b')`, javascript.ErrTime, -1, ""},
		{"one allocation", "new ArrayBuffer(4 * 1024 * 1024 * 1024)", javascript.ErrMemory, 0, ""},
		{"one allocation in try", "try { new ArrayBuffer(4 * 1024 * 1024 * 1024) } catch (e) {}", javascript.ErrMemory, 0, ""},
		{"a long text", "let t = 'x'; for (;;) t += t", javascript.ErrMemory, 0, ""},
		{"many texts", "let t = 'x'; while (t.length < 1 << 24) t += t; s.all = []; for (;;) s.all.push(t + s.all.length)", javascript.ErrMemory, -1, ""},
		{"a long list", "s.list.length = 4294967295", javascript.ErrMemory, -1, ""},
		{"recursion", "function f() { return f() + 1 } f()", javascript.ErrDepth, 5, ""},
		{"recursion in try", "function f() { try { return f() + 1 } catch (e) { return f() } } f()", javascript.ErrDepth, 5, ""},
		{"recursion of what is built in", "function f() { [1].map(f) } f()", javascript.ErrDepth, -1, ""},
		{"throw", "throw new Error('so not')", nil, 5, "so not"},
		{"throw a text", "throw 'so not'", nil, 5, "so not"},
		{"throw what cannot be written", "throw { toString() { for (;;); } }", nil, 5, "threw an object"},
		{"throw what says something", "throw { message: 'so not' }", nil, 5, "threw an object: so not"},
		{"throw an error that cannot be written", "throw new class extends Error { toString() { for (;;); } }('so not')", nil, 5, "Error: so not"},
		{"throw an error that takes long", "const o = { get message() { for (;;); } }\nthrow o", nil, 6, "threw an object"},
		{"throw a long text", "throw 'so not '.repeat(100000)", nil, 5, "so n... (700006 bytes)"},
		{"throw what a terminal would obey", "throw '\\u001b[31m\\u202e\\n\\u0000'", nil, 5, `threw \x1b[31m\u202e\n\x00`},
		{"throw a symbol", "throw Symbol('so not')", nil, 5, "threw so not"},
		{"throw in a promise", "(async () => { throw new Error('so not') })()", nil, 4, "a promise was rejected, and nothing has taken the error; handlers do not wait: so not"},
		{"reject", "Promise.reject(7)", nil, 4, "handlers do not wait: 7"},
		{"not there", "s.x.y = 1", nil, 5, "TypeError"},
		{"clock", "s.x = Date.now()", javascript.ErrForbidden, 5, "clock"},
		{"clock in try", "try { s.x = Date.now() } catch (e) { s.x = 1 }", javascript.ErrForbidden, 5, "clock"},
		{"clock at the end", "return Date.now()", javascript.ErrForbidden, 5, "clock"},
		{"clock in finally", "try { Date.now() } finally { return s }", javascript.ErrForbidden, 5, "clock"},
		{"clock by what is built in", "try { [1].forEach(Date.now) } catch (e) {}", javascript.ErrForbidden, 5, "clock"},
		{"new date", "s.x = new Date()", javascript.ErrForbidden, 5, "clock"},
		{"new date in try", "try { s.x = new Date() } catch (e) {}", javascript.ErrForbidden, 5, "clock"},
		{"date", "s.x = Date()", javascript.ErrForbidden, 5, "clock"},
		{"chance", "s.x = Math.random()", javascript.ErrForbidden, 5, "randomness"},
		{"chance in try", "try { s.x = Math.random() } catch (e) {}", javascript.ErrForbidden, 5, "randomness"},
		{"emit", "emit('a', 'b', {})", javascript.ErrForbidden, 5, "emit"},
		{"linkTo in try", "try { linkTo('a', e) } catch (e) {}", javascript.ErrForbidden, 5, "linkTo"},
		{"linkStreamTo", "linkStreamTo('a', 'b')", javascript.ErrForbidden, 5, "linkStreamTo"},
		{"a number", "s.x = e.data.big", javascript.ErrNumber, 5, "9007199254740993"},
		{"a number in try", "try { s.x = e.body.big } catch (e) {}", javascript.ErrNumber, 5, "9007199254740993"},
		{"not a number", "s.x = { y: [0, NaN] }", javascript.ErrState, 4, "/x/y/1 is NaN"},
		{"infinity", "s.good = 1 / 0", javascript.ErrState, 5, "/good is infinite"},
		{"a big integer", "s.x = 1n", javascript.ErrState, 5, "/x is a BigInt"},
		{"a circle", "s.x = {}; s.x.y = s.x", javascript.ErrState, 4, "holds itself"},
		{"a circle of lists", "const a = []; a.push(a, a); s.x = a", javascript.ErrState, 4, "holds itself"},
		{"async", "return (async () => s)()", javascript.ErrState, 4, "a promise"},
		{"what toJSON throws", "s.x = { toJSON() { throw new Error('so not') } }", nil, 5, "so not"},
		{"what a getter throws", "s.x = { get y() { throw new Error('so not') } }", nil, 5, "so not"},
		{"a getter that takes long", "s.x = { get y() { for (;;); } }", javascript.ErrTime, 5, ""},
		{"toJSON that writes", "s.x = { toJSON() { s.y = 1; return 1 } }", javascript.ErrState, 5, "it changes"},
		{"frozen", "'use strict'; Object.freeze(s)", nil, 5, "TypeError"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source := "fromAll().when({\n$init() { return { good: 0, list: [] } },\nGood(s) { s.good++ },\nBad(s, e) {\n" + tt.body + "\n}})"
			var o javascript.Options
			if errors.Is(tt.is, javascript.ErrTime) || strings.Contains(tt.body, "for (;;)") && tt.is == nil {
				o.Time = 300 * time.Millisecond
			}
			for _, w := range []reducer.Want{{}, {Changes: true}} {
				err := failing(t, source, o, w, `{"big":9007199254740993}`)
				var at *reducer.EventError
				if !errors.As(err, &at) || at.Position != 107 || at.Type != "Bad" || at.Stream != "order-1" {
					t.Fatalf("%#v: %v", err, err)
				}
				where := fmt.Sprintf("Bad at position 107, test.js:%d: ", at.Line)
				if at.Line == 0 {
					where = "Bad at position 107, test.js: "
				}
				if at.File != "test.js" || !strings.HasPrefix(err.Error(), where) || strings.Contains(strings.ReplaceAll(err.Error(), "// gesta: lossy", ""), "gesta:") || strings.Contains(err.Error(), "(native)") {
					t.Errorf("error = %v", err)
				}
				if tt.is != nil && !errors.Is(err, tt.is) || tt.line >= 0 && at.Line != tt.line || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("line %d, error = %v, want %v in line %d that says %q", at.Line, err, tt.is, tt.line, tt.says)
				}
			}
		})
	}
}

// TestParentStaysFlat lets a child take all that it may, and looks at what the parent took for it.
func TestParentStaysFlat(t *testing.T) {
	source := `fromAll().when({ Bad(s) { let t = 'x'; while (t.length < 1 << 24) t += t; s.all = []; for (;;) s.all.push(t + s.all.length) }, Good(s) {} })`
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if err := failing(t, source, javascript.Options{}, reducer.Want{Changes: true}, "{}"); !errors.Is(err, javascript.ErrMemory) {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("the parent took %d bytes", grown)
	}
}

// TestSources looks at what is wrong with a file before there are events.
func TestSources(t *testing.T) {
	for _, tt := range []struct {
		source string
		line   int
		is     error
		says   string
	}{
		{"", 0, nil, "does not say when"},
		{"fromAll()", 0, nil, "does not say when"},
		{"fromAll().when({\n$any(s, e) { s. }})", 2, nil, "Unexpected token"},
		{"\n\nthrow new Error('so not')", 3, nil, "so not"},
		{"\nfor (;;);", -1, javascript.ErrTime, ""},
		{"new ArrayBuffer(4 * 1024 * 1024 * 1024)", 0, javascript.ErrMemory, ""},
		{strings.Repeat("(", 200000), -1, nil, ""},
		{"when({ $init() {\nreturn { x: Math.random() } } })", 2, javascript.ErrForbidden, "randomness"},
		{"when({ $init() { return { x: NaN } } })", 1, javascript.ErrState, "/x is NaN"},
		{"when({ $any: 7 })", 1, nil, "not a function"},
		{"when(7)", 1, nil, "an object of handlers"},
		{"when({ $any() {} }); when({ $any() {} })", 1, nil, "twice"},
		{"when({ $created() {}, $any() {} })", 1, javascript.ErrForbidden, "$created"},
		{"options({ biState: true }); when({ $any() {} })", 1, javascript.ErrForbidden, "biState"},
		{"fromAll().partitionBy(e => e.data.x).when({ $any() {} })", 1, javascript.ErrForbidden, "partitionBy"},
		{"fromAll().when({ $any() {} }).transformBy(s => 1)", 1, javascript.ErrForbidden, "transformBy"},
		{"when({ $any() {} });\nPromise.reject('so not')", 0, nil, "so not"},
		{"require('fs')", 1, nil, "require is not defined"},
		{"setTimeout(() => 1, 1)", 1, nil, "setTimeout is not defined"},
	} {
		t.Run(fmt.Sprintf("%.40q", tt.source), func(t *testing.T) {
			var o javascript.Options
			if errors.Is(tt.is, javascript.ErrTime) {
				o.Time = 300 * time.Millisecond
			}
			_, err := rule(t, tt.source, o).New(within(t))
			var at *javascript.SourceError
			if !errors.As(err, &at) || at.Name != "test.js" {
				t.Fatalf("%#v: %v", err, err)
			}
			if tt.is != nil && !errors.Is(err, tt.is) || tt.line >= 0 && at.Line != tt.line || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("line %d, error = %v, want %v in line %d that says %q", at.Line, err, tt.is, tt.line, tt.says)
			}
		})
	}
}

// TestDefaults ends a loop without being told after how long.
func TestDefaults(t *testing.T) {
	r, err := javascript.New("test.js", []byte("when({ $any() { for (;;); } })"), javascript.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := r.New(within(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range f.Steps(sequence(events("A", "{}")), reducer.Want{}) {
		if !errors.Is(err, javascript.ErrTime) {
			t.Errorf("error = %v", err)
		}
	}
	if err := errors.Join(f.Close(), r.Close()); err != nil {
		t.Error(err)
	}
}

// TestCancel cancels a fold that would last.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f, err := rule(t, "when({ $any() { for (;;); } })", javascript.Options{Time: 1e12}).New(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range f.Steps(func(yield func(store.Recorded, error) bool) {
		yield(event(1, "A", "{}"), nil)
		cancel()
	}, reducer.Want{}) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("error = %v", last)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := rule(t, "when({ $any() {} })", javascript.Options{}).New(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
}
