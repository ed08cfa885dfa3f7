package main

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const hostileText = "a\x1b[31mb\x00c\u202ed\u200fe\nf\u0085g\xffh\u2066i\U000e0041j"

func TestVisible(t *testing.T) {
	tests := []struct{ in, want, lines string }{
		{"plain é 😀", "plain é 😀", "plain é 😀"},
		{"�", "�", "�"},
		{hostileText, `a\u001b[31mb\u0000c\u202ed\u200fe\nf\u0085g\xffh\u2066i\udb40\udc41j`, `a\u001b[31mb\u0000c\u202ed\u200fe` + "\n" + `f\u0085g\xffh\u2066i\udb40\udc41j`},
	}
	for _, tt := range tests {
		if got := visible(tt.in); got != tt.want {
			t.Errorf("visible(%q) = %q, want %q", tt.in, got, tt.want)
		}
		if got := visibleLines(tt.in); got != tt.lines {
			t.Errorf("visibleLines(%q) = %q, want %q", tt.in, got, tt.lines)
		}
	}
}

// Nothing from data reaches a terminal raw, in any layout, not in errors either; and where nobody looks, JSON is as it is stored.
func TestNothingHostileReachesATerminal(t *testing.T) {
	c := newCLI(t)
	const dangerous = "x\u202ey\u009bz"
	c.ok("append", "s-"+"\u202e", "--type", "T\u2066", "--tag", "t\u200f", "--actor", dangerous, "--data", `{"a":"`+dangerous+`"}`)
	c.ok("append", "s-"+"\u202e", "--type", "raw", "--data", "\x1b[31m"+dangerous+"\r\n", "--content-type", "text/x")
	clean := func(args []string, out string) {
		t.Helper()
		for _, r := range out {
			if r != '\n' && hostile(r) {
				t.Errorf("gesta %s prints %q raw:\n%q", strings.Join(args, " "), r, out)
				return
			}
		}
	}
	all := [][]string{
		{"log"},
		{"log", "--oneline"},
		{"show", "1"},
		{"show", "2"},
		{"state", "s-\u202e"},
		{"streams"},
		{"types"},
		{"log", "--json"},
		{"log", "--ndjson"},
		{"log", "--jq", ".items[].type"},
		{"show", "1", "--json", "--jq", ".items[0].data.a"},
		{"export", "ndjson"},
		{"state", "s-\u202e", "--json"},
		{"state", "s-\u202e@9"},
		{"log", "\u202e"},
		{"append", "s-\u202e", "--type", "A", "--expect", "none"},
		{"\u202e"},
	}
	for _, args := range all {
		c.terminal = true
		out, errs, _ := c.run(t.Context(), "", append(args, "--color", "never")...)
		c.terminal = false
		clean(args, out)
		if !strings.HasPrefix(errs, `{"error"`) {
			clean(args, errs)
		}
	}
	if got := c.ok("log", "-n1", "--reverse", "--ndjson", "--until", "2026-11-01T10:01Z"); !strings.Contains(got, dangerous) {
		t.Errorf("where nobody looks the data has changed: %q", got)
	}
}

func TestColor(t *testing.T) {
	c := newCLI(t)
	c.orders()
	tests := []struct {
		name     string
		terminal bool
		environ  map[string]string
		args     []string
		want     bool
	}{
		{"to a file", false, nil, nil, false},
		{"to a terminal", true, nil, nil, true},
		{"NO_COLOR", true, map[string]string{"NO_COLOR": "1"}, nil, false},
		{"dumb terminal", true, map[string]string{"TERM": "dumb"}, nil, false},
		{"never", true, nil, []string{"--color", "never"}, false},
		{"always beats NO_COLOR", false, map[string]string{"NO_COLOR": "1"}, []string{"--color=always"}, true},
	}
	for _, tt := range tests {
		c.terminal, c.environ = tt.terminal, map[string]string{"PAGER": "cat"}
		maps.Copy(c.environ, tt.environ)
		out := c.ok(append([]string{"log"}, tt.args...)...)
		if got := strings.Contains(out, "\x1b["); got != tt.want {
			t.Errorf("%s: coloured is %t", tt.name, got)
		}
	}
}

func TestPager(t *testing.T) {
	c := newCLI(t)
	c.orders()
	c.terminal, c.environ = true, map[string]string{"NO_COLOR": "1", "PAGER": "sed s/^/paged:/"}
	if out := c.ok("log", "--oneline"); !strings.HasPrefix(out, "paged:") || strings.Count(out, "\n") != 5 {
		t.Errorf("not paged: %q", out)
	}
	for _, args := range [][]string{{"log", "--oneline", "--no-pager"}, {"log", "--json"}} {
		if out := c.ok(args...); strings.Contains(out, "paged:") {
			t.Errorf("gesta %v is paged", args)
		}
	}
	c.environ["PAGER"] = ""
	if out := c.ok("log", "--oneline"); !strings.HasPrefix(out, "#") {
		t.Errorf("paged although PAGER is empty: %q", out)
	}
	c.environ["PAGER"] = "head -n1 >/dev/null"
	if _, stderr, code := c.run(t.Context(), "", "log"); code != exitOK || stderr != "" {
		t.Errorf("a pager that is left early: exit code %d, %s", code, stderr)
	}
	c.environ = map[string]string{"TERM": "dumb"} // of which less complains, and waits for a key
	if out := c.ok("config", "--jq", `.items[] | select(.name == "pager") | .from`, "--color=never"); out != "default: the terminal is dumb\n" {
		t.Errorf("the pager of a dumb terminal: %q", out)
	}
}

func TestJQ(t *testing.T) {
	c := newCLI(t)
	c.orders()
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"log", "--jq", ".items[].type"}, "Paid\nNoted\nPlaced\nMoved\nPlaced\n"},
		{[]string{"log", "--ndjson", "--jq", "[.position, .version]"}, "[5,3]\n[4,null]\n[3,1]\n[2,2]\n[1,1]\n"},
		{[]string{"log", "--ndjson", "--jq", "select(.position == 1) | .data"}, `{"customer":"c-77","due":38.50}` + "\n"},
		{[]string{"state", "order-42", "--jq", ".state"}, `{"city":"Lyon","customer":"c-77","due":0}` + "\n"},
		{[]string{"stats", "--jq", ".events, empty, .basis.head"}, "5\n5\n"},
		{[]string{"log", "-n1", "--json=type,position", "--jq", ".items"}, `[{"position":5,"type":"Paid"}]` + "\n"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, c.ok(tt.args...)); diff != "" {
			t.Errorf("gesta %s (-want +got):\n%s", strings.Join(tt.args, " "), diff)
		}
	}
}

func TestJSONFields(t *testing.T) {
	c := newCLI(t)
	c.orders()
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"log", "-n2", "--json=type,position,tags"}, `"items":[{"position":5,"type":"Paid"},{"position":4,"type":"Noted","tags":["customer:c-77"]}]}`},
		{[]string{"streams", "--json=stream"}, `"items":[{"stream":"order-42"},{"stream":"order-7"}]}`},
		{[]string{"stats", "--json=streams,events"}, `"head":5},"events":5,"streams":2}`},
		{[]string{"state", "order-42", "--json=state"}, `"reducer":"mergepatch/1"},"state":{"customer":"c-77","due":0,"city":"Lyon"}}`},
	}
	for _, tt := range tests {
		if got := c.ok(tt.args...); !strings.HasSuffix(got, tt.want+"\n") {
			t.Errorf("gesta %s prints %s; want %s at its end", strings.Join(tt.args, " "), got, tt.want)
		}
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	table := &table{w: &b, right: map[int]bool{1: true}}
	for i := range tablePage + 2 {
		name := "a"
		if i == tablePage {
			name = "long é"
		}
		if err := table.row(name, fmt.Sprint(i), ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.flush(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if len(lines) != tablePage+3 || lines[0] != "a    0" || lines[tablePage] != "long é  500" || lines[tablePage+1] != "a       501" {
		t.Errorf("lines: %q, %q, %q", lines[0], lines[tablePage], lines[tablePage+1])
	}
}
