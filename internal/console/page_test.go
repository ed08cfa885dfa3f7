package console

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// tick writes single quotes as backquotes, which a raw string cannot hold.
func tick(s string) string { return strings.ReplaceAll(s, "'", "`") }

func TestParsePage(t *testing.T) {
	p, err := parsePage(tick(`# A page

'''console
$ gesta init
made .gesta

$ gesta log |
>   wc -l
0
$ echo a \
  b
'''

'''go
$ not a console
'''

''''markdown
'''console
$ not run: shown by another block
'''
''''

1. In a list:

   '''console data
   $ gesta stats

   one

   two

   '''
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []block{
		{line: 3, steps: []step{
			{line: 4, command: "gesta init", want: "made .gesta\n"},
			{line: 7, command: "gesta log |\n  wc -l", want: "0\n"},
			{line: 10, command: "echo a \\\n  b"},
		}},
		{line: 26, data: true, steps: []step{
			{line: 27, command: "gesta stats", want: "\none\n\ntwo\n", indent: "   "},
		}},
	}
	opt := cmp.Options{cmp.AllowUnexported(block{}, step{}), cmpopts.IgnoreFields(step{}, "from", "to")}
	if diff := cmp.Diff(want, p.blocks, opt); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
}

func TestParsePageRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"another info string": "'''console quick\n$ a\n'''\n",
		"a misspelt one":      "'''consoledata\n$ a\n'''\n",
		"an open block":       "'''console\n$ a\n",
		"output first":        "'''console\na\n$ a\n'''\n",
		"a wrong indentation": "  '''console\n$ a\n    $ b\n'''\n\n'''console\n    $ a\n'''\n",
		"no command":          "'''console\n\n'''\n",
	} {
		if _, err := parsePage(tick(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestShowReplacesOutputAlone(t *testing.T) {
	p, err := parsePage(tick("before\n  '''console\n  $ a\n  old\n\n  old\n\n  $ b\n  $ c\n  kept\n  '''\nafter\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := p.blocks[0].steps
	p.show(s[1], "b1\n")
	p.show(s[0], "a1\n\na2\n\n")
	want := tick("before\n  '''console\n  $ a\n  a1\n\n  a2\n\n  $ b\n  b1\n  $ c\n  kept\n  '''\nafter\n")
	if diff := cmp.Diff(want, p.String()); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}
