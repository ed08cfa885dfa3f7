package reducer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/reducer"
)

// leavesOf returns the leaves of a state by their paths.
func leavesOf(t *testing.T, state []byte) map[string]string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(state))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, state)
	}
	out := map[string]string{}
	addLeaves(out, "", v)
	return out
}

func addLeaves(to map[string]string, path string, v any) {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			addLeaves(to, path+"/"+escape.Replace(name), inner)
		}
		if len(v) > 0 || path == "" {
			return
		}
	case []any:
		for i, inner := range v {
			addLeaves(to, fmt.Sprintf("%s/%d", path, i), inner)
		}
		if len(v) > 0 {
			return
		}
	}
	text, _ := json.Marshal(v)
	to[path] = string(text)
}

// checkChanges holds the changes of a step against the leaves before it, which it makes those after it, and against the state after it.
func checkChanges(t *testing.T, leaves map[string]string, changes []reducer.Change, state []byte) {
	t.Helper()
	last := ""
	for i, c := range changes {
		if i > 0 && c.Path <= last {
			t.Fatalf("change of %q after that of %q", c.Path, last)
		}
		last = c.Path
		old, had := leaves[c.Path]
		if had != (c.Old != nil) || had && !reducer.EqualScalars([]byte(old), c.Old) {
			t.Fatalf("%s %s from %s; it was %s", c.Op(), c.Path, c.Old, old)
		}
		if c.Old != nil && c.New != nil && reducer.EqualScalars(c.Old, c.New) {
			t.Fatalf("%s is said to change from %s to %s", c.Path, c.Old, c.New)
		}
		if delete(leaves, c.Path); c.New != nil {
			leaves[c.Path] = string(c.New)
		}
	}
	want := leavesOf(t, state)
	for path, text := range want {
		if got, ok := leaves[path]; !ok || !reducer.EqualScalars([]byte(got), []byte(text)) {
			t.Fatalf("%s is %s; after the changes it is %q\nstate %s", path, text, got, state)
		}
	}
	if len(want) != len(leaves) {
		t.Fatalf("after the changes there are %v; the state has %v", slices.Sorted(maps.Keys(leaves)), slices.Sorted(maps.Keys(want)))
	}
}

// texts writes changes in lines.
func texts(changes []reducer.Change) []string {
	var out []string
	for _, c := range changes {
		out = append(out, fmt.Sprintf("%s %s %s -> %s", c.Op(), c.Path, c.Old, c.New))
	}
	return out
}

func TestChanges(t *testing.T) {
	for _, tt := range []struct {
		name, before, data, key string
		want                    []string
	}{
		{"of nothing", `{}`, `{"a":1,"b":{"c":[],"d":[1,{}]}}`, "", []string{"add /a  -> 1", "add /b/c  -> []", "add /b/d/0  -> 1", "add /b/d/1  -> {}"}},
		{"an equal value is none", `{"a":38.50,"b":"A","c":[],"d":{},"e":null}`, `{"a":38.5,"b":"\u0041","c":[],"d":{}}`, "", nil},
		{"replaced", `{"a":1,"b":[1,2]}`, `{"a":"1","b":[1,3,4]}`, "", []string{`replace /a 1 -> "1"`, "replace /b/1 2 -> 3", "add /b/2  -> 4"}},
		{"removed", `{"a":{"b":1,"c":[2]}}`, `{"a":null}`, "", []string{"remove /a/b 1 -> ", "remove /a/c/0 2 -> "}},
		{"an object loses its last member", `{"a":{"b":1}}`, `{"a":{"b":null}}`, "", []string{"add /a  -> {}", "remove /a/b 1 -> "}},
		{"an empty object gets one", `{"a":{}}`, `{"a":{"b":1}}`, "", []string{"remove /a {} -> ", "add /a/b  -> 1"}},
		{"in and out in one", `{"a":{"b":1}}`, `{"a":{"b":null,"c":2}}`, "", []string{"remove /a/b 1 -> ", "add /a/c  -> 2"}},
		{"a leaf becomes a list", `{"a":1}`, `{"a":[2]}`, "", []string{"remove /a 1 -> ", "add /a/0  -> 2"}},
		{"a list is emptied", `{"a":[1,2]}`, `{"a":[]}`, "", []string{"add /a  -> []", "remove /a/0 1 -> ", "remove /a/1 2 -> "}},
		{"names are escaped", `{}`, `{"a/b":{"~":1}}`, "", []string{"add /a~1b/~0  -> 1"}},
		{
			"by places", `{"i":[{"s":"x","n":1},{"s":"y","n":2}]}`, `{"i":[{"s":"y","n":2}]}`, "",
			[]string{"replace /i/0/n 1 -> 2", `replace /i/0/s "x" -> "y"`, "remove /i/1/n 2 -> ", `remove /i/1/s "y" -> `},
		},
		{
			"by key", `{"i":[{"s":"x","n":1},{"s":"y","n":2}]}`, `{"i":[{"s":"y","n":3}]}`, "s",
			[]string{`remove /i/[s="x"]/n 1 -> `, `remove /i/[s="x"]/s "x" -> `, `replace /i/[s="y"]/n 2 -> 3`},
		},
		{
			"by a key that not all have", `{"i":[{"s":"x"}]}`, `{"i":[{"s":"x"},{"n":1}]}`, "s",
			[]string{`add /i/0/s  -> "x"`, "add /i/1/n  -> 1", `remove /i/[s="x"]/s "x" -> `},
		},
		{"by a number, however it is written", `{"i":[{"s":1,"n":1},{"s":2,"n":5}]}`, `{"i":[{"s":2.0,"n":5},{"s":1e0,"n":1}]}`, "s", nil},
		{"the first of those by key", `{"i":[]}`, `{"i":[{"s":7}]}`, "s", []string{"remove /i [] -> ", "add /i/[s=7]/s  -> 7"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := begin(t)
			step(t, f, event(tt.before), reducer.Want{})
			got := texts(step(t, f, event(tt.data), reducer.Want{Changes: true, ArrayKey: tt.key}).Changes)
			if diff := cmp.Diff(tt.want, got); diff != "" && tt.want != nil || len(got) != len(tt.want) {
				t.Error(diff)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		want     []string
	}{
		{`{"a":1}`, `{"a":1.0}`, nil},
		{``, `{"a":1}`, []string{"add /a  -> 1"}},
		{``, `{}`, nil},
		{`7`, `{"a":1}`, []string{"remove  7 -> ", "add /a  -> 1"}},
		{`[]`, `[1]`, []string{"remove  [] -> ", "add /0  -> 1"}},
	} {
		got, ok := reducer.Diff([]byte(tt.from), []byte(tt.to), "")
		if diff := cmp.Diff(tt.want, texts(got)); diff != "" || !ok {
			t.Errorf("%s to %s: %s", tt.from, tt.to, diff)
		}
	}
	if _, ok := reducer.Diff([]byte(`{`), nil, ""); ok {
		t.Error("what is not JSON has leaves")
	}
}

// TestTotal adds up what goes there and back.
func TestTotal(t *testing.T) {
	f := begin(t)
	var total reducer.Total
	for i, d := range []string{`{"a":1,"b":2}`, `{"a":3,"c":{"d":1}}`, `{"b":null,"c":null}`, `{"a":4,"b":2.0}`} {
		did := step(t, f, event(d), reducer.Want{Changes: true})
		if i > 0 {
			total.Add(did.Changes)
		}
	}
	if diff := cmp.Diff([]string{"replace /a 1 -> 4"}, texts(total.Changes())); diff != "" {
		t.Error(diff)
	}
}

// FuzzDocument sets, removes and truncates parts of a document as the bytes say, and holds the changes against the leaves.
func FuzzDocument(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, "")
	f.Add([]byte("some operations, whatever they are"), "k")
	values := []string{`1`, `1.0`, `"x"`, `{}`, `[]`, `[1,2]`, `{"k":1}`, `[{"k":1},{"k":2}]`, `{"a":{"b":[]}}`, ""}
	tokens := []string{"a", "b", "k", "0", "1", "2", "a/~"}
	f.Fuzz(func(t *testing.T, ops []byte, key string) {
		if len(ops) > 200 {
			t.Skip()
		}
		var d reducer.Document
		if err := d.Replace([]byte(`{}`)); err != nil {
			t.Fatal(err)
		}
		d.Begin(reducer.Want{Changes: true, ArrayKey: key})
		before := d.AppendState(nil)
		for len(ops) >= 3 {
			var p reducer.Path
			for n := ops[0] % 4; n > 0; n-- {
				p = append(p, tokens[int(ops[1]>>n)%len(tokens)])
			}
			var text []byte
			if v := values[int(ops[2])%len(values)]; v != "" {
				text = []byte(v)
			}
			if ops[0]&64 != 0 {
				_ = d.Truncate(p, int(ops[2])%3)
			} else if text != nil || len(p) > 0 {
				_ = d.Set(p, text)
			}
			if ops[0]&128 != 0 || len(ops) < 6 {
				var s reducer.Step
				d.Finish(&s, event(""), true)
				after := d.AppendState(nil)
				if key == "" {
					checkChanges(t, leavesOf(t, before), s.Changes, after)
				}
				want, _ := reducer.Diff(before, after, key)
				if diff := cmp.Diff(texts(want), texts(s.Changes)); diff != "" && !sameTexts(want, s.Changes) {
					t.Fatalf("from %s to %s: %s", before, after, diff)
				}
				before = after
			}
			ops = ops[3:]
		}
	})
}

// sameTexts says whether changes are the same, whatever equal values they began and ended with.
func sameTexts(a, b []reducer.Change) bool {
	return slices.EqualFunc(a, b, func(a, b reducer.Change) bool {
		same := func(x, y []byte) bool { return (x == nil) == (y == nil) && (x == nil || reducer.EqualScalars(x, y)) }
		return a.Path == b.Path && same(a.Old, b.Old) && same(a.New, b.New)
	})
}
