package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
)

// lines are the input of gesta append --ndjson and the acknowledgements that it must give.
func TestAppendLines(t *testing.T) {
	const input = `{"stream":"a-1","type":"A","data":{"n": 1}}

{"stream":"a-1","type":"B","guards":[{"streamAt":{"stream":"a-1","version":7}}]}
{"events":[{"stream":"a-1","type":"C"},{"type":"D","tags":["t"]}],"key":"k"}
{"stream":"a-1","tpye":"E"}
{"key":"k","events":[{"stream":"a-1","type":"C"},{"type":"D","tags":["t"]}]}
{"stream":"$own","type":"F"}
{"events":[],"tracking":{"source":"s","position":1}}
{"stream":"a-1","type":"G"}`
	c := newCLI(t)
	stdout, stderr, code := c.run(t.Context(), input, "append", "--ndjson")
	want := []string{
		`{"line":1,"ok":true,"first":1,"last":1,"duplicate":false,"versions":{"a-1":1}}`,
		`{"line":3,"ok":false,"error":{"code":"conflict","message":"conflict: expected stream \"a-1\" at version 7, it is at 1","hint":"…","failed":[{"guard":{"streamAt":{"stream":"a-1","version":7}},"actualVersion":1,"events":[],"complete":true}],"line":3}}`,
		`{"line":4,"ok":true,"first":2,"last":3,"duplicate":false,"versions":{"a-1":2}}`,
		`{"line":5,"ok":false,"error":{"code":"usage","message":"invalid: a line of input has no member \"tpye\"","line":5}}`,
		`{"line":6,"ok":true,"first":2,"last":3,"duplicate":true,"versions":{"a-1":2}}`,
		`{"line":7,"ok":false,"error":{"code":"usage","message":"streams whose names begin with $, such as \"$own\", are gesta's own","line":7}}`,
		`{"line":8,"ok":true,"first":0,"last":0,"duplicate":false,"versions":{}}`,
		`{"line":9,"ok":true,"first":4,"last":4,"duplicate":false,"versions":{"a-1":3}}`,
		``,
	}
	if diff := cmp.Diff(want, strings.Split(strings.ReplaceAll(stdout, hints["conflict"], "…"), "\n")); diff != "" {
		t.Errorf("acknowledgements (-want +got):\n%s", diff)
	}
	if code != exitConflict || !strings.HasPrefix(stderr, `{"error":{"code":"conflict","message":"3 of 8 lines were refused, the first is line 3: `) {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if got := c.ok("log", "--reverse", "--ndjson", "--jq", `"\(.type) \(.id | length) \(.data)"`); got != "A 36 {\"n\":1}\nC 36 null\nD 36 null\nG 36 null\n" {
		t.Errorf("log:\n%s", got)
	}
}

func TestAppendLinesStopOnError(t *testing.T) {
	c := newCLI(t)
	const input = `{"stream":"a-1","type":"A"}
{"stream":"a-1","type":"B","guards":[{"streamAt":{"stream":"a-1","version":7}}]}
{"stream":"a-1","type":"C"}
`
	stdout, _, code := c.run(t.Context(), input, "append", "--ndjson", "--stop-on-error", "--jq", ".ok")
	if stdout != "true\nfalse\n" || code != exitConflict {
		t.Errorf("exit code %d, acknowledgements %q", code, stdout)
	}
	if got := c.ok("log", "--jq", ".items[].type"); got != "A\n" {
		t.Errorf("log: %q", got)
	}
}

// A thousand lines in flight keep their order, and each is acknowledged once.
func TestAppendManyLines(t *testing.T) {
	c := newCLI(t)
	var input, want strings.Builder
	const n = 20_000
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&input, `{"stream":"a-%d","type":"A","data":%d}`+"\n", i%7, i)
		fmt.Fprintf(&want, "%d %d\n", i, i)
	}
	stdout, stderr, code := c.run(t.Context(), input.String(), "append", "--ndjson", "--jq", `"\(.line) \(.first)"`)
	if code != exitOK || stdout != want.String() {
		t.Errorf("exit code %d, %s\n%.200s", code, stderr, stdout)
	}
	if got := c.ok("log", "--reverse", "--ndjson", "--jq", ".data"); got != strings.Join(numbersTo(n), "\n")+"\n" {
		t.Errorf("events: %.200s", got)
	}
}

func numbersTo(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprint(i+1))
	}
	return out
}

func TestAppendKeepsBytes(t *testing.T) {
	c := newCLI(t)
	tests := []struct{ name, data, contentType, stdin, want string }{
		{"JSON loses whitespace alone", `{"b": 1.50, "b":"<>&\u00e9 "}`, "", "", `{"b":1.50,"b":"<>&\u00e9 "}`},
		{"stdin", "-", "", " [1]\n", `[1]`},
		{"stdin of another content type", "-", "text/plain", " [1]\n", " [1]\n"},
		{"another content type", "{", "text/plain", "", "{"},
		{"the usual content type, named", "[ ]", "application/json", "", "[]"},
	}
	for i, tt := range tests {
		args := []string{"append", "s-1", "--type", "A", "--data", tt.data}
		if tt.contentType != "" {
			args = append(args, "--content-type", tt.contentType)
		}
		if _, stderr, code := c.run(t.Context(), tt.stdin, args...); code != exitOK {
			t.Fatalf("%s: %s", tt.name, stderr)
		}
		for r, err := range c.store.Read(t.Context(), nil, store.ReadOptions{After: store.Position(i)}) {
			if err != nil || string(r.Data) != tt.want {
				t.Errorf("%s: stored %q, %v; want %q", tt.name, r.Data, err, tt.want)
			}
		}
	}
}

func TestAppendMetadata(t *testing.T) {
	for _, tt := range []struct{ metadata, actor, want string }{
		{"", "", ""},
		{"", `a"da`, `{"actor":"a\"da"}`},
		{`{"a": 1}`, "", `{"a":1}`},
		{`{"a": 1}`, "ada", `{"a":1,"actor":"ada"}`},
		{`{ }`, "ada", `{"actor":"ada"}`},
	} {
		f := appendFlags{metadata: tt.metadata, actor: tt.actor}
		if got, err := f.meta(); string(got) != tt.want || err != nil {
			t.Errorf("--metadata %s --actor %s: %s, %v; want %s", tt.metadata, tt.actor, got, err, tt.want)
		}
	}
	for _, bad := range []string{`[]`, `{`, `{"actor":"x"}`} {
		f := appendFlags{metadata: bad, actor: "ada"}
		if got, err := f.meta(); err == nil {
			t.Errorf("--metadata %s --actor ada: %s", bad, got)
		}
	}
}
