package reducer_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

func TestParsePath(t *testing.T) {
	tests := []struct {
		in      string
		want    reducer.Path
		pointer string
	}{
		{"", nil, ""},
		{"due", reducer.Path{"due"}, "/due"},
		{"items[0].qty", reducer.Path{"items", "0", "qty"}, "/items/0/qty"},
		{"/items/0/qty", reducer.Path{"items", "0", "qty"}, "/items/0/qty"},
		{`a["b.c"][10].d`, reducer.Path{"a", "b.c", "10", "d"}, "/a/b.c/10/d"},
		{`["x/y~z"]`, reducer.Path{"x/y~z"}, "/x~1y~0z"},
		{`["\/\"\\\u00e9\ud83d\ude00\b"].a`, reducer.Path{"/\"\\é😀\b", "a"}, "/~1\"\\é😀\b/a"},
		{"/x~1y~0z~01", reducer.Path{"x/y~z~1"}, "/x~1y~0z~01"},
		{"/", reducer.Path{""}, "/"},
		{"a.0", reducer.Path{"a", "0"}, "/a/0"},
		{"l[id=1].v", reducer.Path{"l", "[id=1]", "v"}, "/l/[id=1]/v"},
		{"l[id=1.0e1]", reducer.Path{"l", "[id=10]"}, "/l/[id=10]"},
		{`l[id="1"].v`, reducer.Path{"l", `[id="1"]`, "v"}, `/l/[id="1"]/v`},
		{"l[id=S-1].v", reducer.Path{"l", `[id="S-1"]`, "v"}, `/l/[id="S-1"]/v`},
		{`l[id="a/b~]\u0041"].v`, reducer.Path{"l", `[id="a/b~]A"]`, "v"}, `/l/[id="a~1b~0]A"]/v`},
		{`l[on=true]["a=b"=1]`, reducer.Path{"l", "[on=true]", `["a=b"=1]`}, `/l/[on=true]/["a=b"=1]`},
		{`/l/[id="a~1b"]`, reducer.Path{"l", `[id="a/b"]`}, `/l/[id="a~1b"]`},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := reducer.ParsePath(tt.in)
			if err != nil || !slices.Equal(got, tt.want) || got.String() != tt.pointer {
				t.Errorf("ParsePath = %q, %v, written %q; want %q, written %q", got, err, got.String(), tt.want, tt.pointer)
			}
		})
	}
	for _, bad := range []string{".", "a.", "a..b", "a[", "a[x]", "a[01]", "a[0", `a["b`, `a["b"x`, `a["\x41"]`, `a["\a"]`, `a["\U0001f600"]`, `a["\u00"]`, "a[\"b\n\"]", "a[0]b", "/a~2", "/~", "a[id=", "a[id=]", `a[id="x]`, `a[id="x"`, `a["b"=`, "a[id=1]b", "a[=1]"} {
		if _, err := reducer.ParsePath(bad); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("ParsePath(%q): error = %v", bad, err)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"items[0].qty", "/a~1b/0", `["a\"b"].c`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := reducer.ParsePath(text)
		if err != nil || len(p) == 0 {
			return
		}
		again, err := reducer.ParsePath(p.String())
		if err != nil || !slices.Equal(p, again) {
			t.Fatalf("%q is %q, written %q, and that is %q, %v", text, p, p.String(), again, err)
		}
	})
}

func TestAppendAt(t *testing.T) {
	f, _ := fold(t, `{"a":[{"b":1.0},[true]],"c":{"d":"x"},"0":"zero"}`)
	tests := []struct {
		path, want string
		ok         bool
	}{
		{"", `{"a":[{"b":1.0},[true]],"c":{"d":"x"},"0":"zero"}`, true},
		{"a[0].b", "1.0", true},
		{"a[1]", "[true]", true},
		{"c", `{"d":"x"}`, true},
		{"/0", `"zero"`, true},
		{"a[2]", "", false},
		{"a.b", "", false},
		{"c.d.e", "", false},
		{"x", "", false},
	}
	for _, tt := range tests {
		p, err := reducer.ParsePath(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := f.AppendAt(nil, p); string(got) != tt.want || ok != tt.ok {
			t.Errorf("at %q: %s, %t; want %s, %t", tt.path, got, ok, tt.want, tt.ok)
		}
	}
}
