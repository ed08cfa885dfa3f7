package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gestadb/gesta/reducer"
)

func TestShownPath(t *testing.T) {
	for pointer, want := range map[string]string{
		"": "(all)", "/due": "due", "/items/0/qty": "items[0].qty", "/0": "[0]", `/items/[sku="S-1"]/qty`: `items[sku="S-1"].qty`,
		"/l/[id=1]/v": "l[id=1].v", `/l/[id="1"]`: `l[id="1"]`, `/l/[id="a~1~0\"]"]/[on=true]`: `l[id="a/~\"]"][on=true]`, `/["a=b"=1]`: `["a=b"=1]`,
		"/[sku=S-1]": `["[sku=S-1]"]`, `/[id="` + "\u202e" + `"]`: `[id="\u202e"]`,
		"/a.b/c": `["a.b"].c`, "/a~1b/~0": `["a/b"].~`, "/a/": `a[""]`, "/a b": `["a b"]`, "/x\u202e": `["x\u202e"]`, "/01": "01", "/é": "é", `/"`: `["\""]`,
		"/😀": "😀", "/a.😀": `["a.😀"]`, "/\x01\x7f\n": `["\u0001\u007f\n"]`, "/\U000e0041": `["\udb40\udc41"]`, `/\x`: `["\\x"]`,
		"/\xed\xa0\x80": `["\ud800"]`, "/a\xed\xbf\xbf": `["a\udfff"]`,
	} {
		got := shownPath(pointer)
		if got != want {
			t.Errorf("%s is shown as %s, want %s", pointer, got, want)
		}
		if pointer == "" {
			continue
		}
		if p, err := reducer.ParsePath(got); err != nil || p.String() != pointer {
			t.Errorf("%s is read as %s, %v; want %s", got, p.String(), err, pointer)
		}
	}
}

func TestParsePickaxe(t *testing.T) {
	for text, want := range map[string]string{
		"due": "/due", "due=38.50": "/due 38.50", "status=paid": `/status "paid"`, "status=": `/status ""`, `status="paid"`: `/status "paid"`, "a=b=c": `/a "b=c"`,
		`items["x=y"].q=1`: "/items/x=y/q 1", `["a]=\"b"]=null`: `/a]="b null`, "/items/0=true": "/items/0 true", "=1": " 1", `items[sku=a].qty=2`: `/items/[sku="a"]/qty 2`,
	} {
		axe, err := parsePickaxe(text)
		if err != nil {
			t.Fatal(err)
		}
		got := axe.Path.String()
		if axe.Value != nil {
			got += " " + string(axe.Value)
		}
		if got != want {
			t.Errorf("-S %s is read as %s, want %s", text, got, want)
		}
	}
}

// On a terminal long values are cut to its width; the rest of the time they are whole.
func TestDiffWidth(t *testing.T) {
	c := newCLI(t)
	long := strings.Repeat("long ", 100)
	c.ok("append", "a-1", "--type", "A", "--data", `{"short":1,"text":"`+long+`","both":"`+long+`"}`)
	c.ok("append", "a-1", "--type", "A", "--data", `{"short":2,"text":"was `+long+`","both":7,"more":"`+long+`\u202e"}`)
	c.environ["PAGER"] = "cat"
	c.environ["TERM"] = "dumb"
	c.environ["COLUMNS"] = "60"
	for _, args := range [][]string{{"diff", "a-1@1..2"}, {"log", "a-1", "-p", "--oneline"}} {
		c.terminal = true
		shown := c.ok(args...)
		lines := 0
		for line := range strings.Lines(shown) {
			if !strings.HasPrefix(line, "  ") {
				continue
			}
			lines++
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 60 || strings.Contains(line, "…") && n < 50 {
				t.Errorf("gesta %s: a line of %d characters on a terminal of 60: %s", args, n, line)
			}
		}
		if lines < 4 || !strings.Contains(shown, "…") || !strings.Contains(shown, "1 -> 2") {
			t.Errorf("gesta %s shows\n%s", args, shown)
		}
		c.terminal = false
		if whole := c.ok(args...); strings.Count(whole, long) < 4 || strings.Contains(whole, "…") {
			t.Errorf("gesta %s, not on a terminal, shows\n%s", args, whole)
		}
	}
}

// What a terminal would obey is escaped in every form of blame and diff.
func TestHostileChanges(t *testing.T) {
	c := newCLI(t)
	c.ok("append", "a-1", "--type", "A", "--data", "{\"x\u202e\":\"\u009b2J\u202e\"}", "--actor", "\u202eada\tb\n")
	c.terminal = true
	c.environ["PAGER"] = "cat"
	for _, args := range [][]string{{"diff", "..a-1"}, {"blame", "a-1"}, {"blame", "a-1", "--porcelain"}, {"log", "-p"}, {"diff", "..a-1", "--json"}, {"blame", "a-1", "--json"}} {
		if got := c.ok(args...); strings.ContainsAny(got, "\u202e\u009b") || !strings.Contains(got, `\u202e`) {
			t.Errorf("gesta %s prints %q", args, got)
		}
	}
	if got := c.ok("blame", "a-1", "--porcelain"); strings.Count(got, "\t") != 9 || strings.Count(got, "\n") != 1 {
		t.Errorf("porcelain: %q", got)
	}
}
