package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/expr"
)

// No line of help is wider than a terminal of 80 columns.
func TestHelpWidth(t *testing.T) {
	c := newCLI(t)
	pages := 0
	var each func(cmd *cobra.Command)
	each = func(cmd *cobra.Command) {
		pages++
		words := strings.Fields(cmd.CommandPath())[1:]
		help := c.ok(append([]string{"help"}, words...)...)
		for line := range strings.Lines(help) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > pageWidth {
				t.Errorf("gesta help %s has a line of %d columns: %s", strings.Join(words, " "), n, line)
			}
		}
		for _, below := range cmd.Commands() {
			each(below)
		}
	}
	each(newRoot(&env{}))
	if pages < 30 {
		t.Errorf("%d pages of help", pages)
	}
}

func TestReflow(t *testing.T) {
	long := strings.Repeat("word ", 20)
	got := reflow("one\ntwo\n\n  kept   as\n  it is\n\n" + long + "\nend\n")
	want := "one two\n\n  kept   as\n  it is\n\n" + strings.TrimRight(strings.Repeat("word ", 16), " ") + "\nword word word word end"
	if got != want {
		t.Errorf("reflow makes\n%s\nwant\n%s", got, want)
	}
}

// What the page on expressions says of null holds.
func TestExpressionsHelp(t *testing.T) {
	for text, want := range map[string]string{
		"state.due - 5": "null", `state.text * 2`: "null", "1 / 0": "null", `"a" + "b"`: `"ab"`, `"a" + 1`: "null", "null < 0": "false", "null >= 0": "false",
		"state.due - 5 <= 0": "false", "!(state.due > 5)": "true", "state.due == null": "true", "state.open && true": "false", "38.50 == 38.5": "true",
		`state.text like "a*" && state.text in ["abc"] && matches(state["text"], "^a")`: "true", "has(state.none)": "true", "has(state.due)": "false",
	} {
		e, err := expr.Parse(text, "state")
		if err != nil {
			t.Fatal(err)
		}
		var values [][]byte
		for _, ref := range e.Refs() {
			values = append(values, expr.At([]byte(`{"text":"abc","open":1,"none":null}`), ref.Path))
		}
		if got := string(e.Eval(values).AppendJSON(nil)); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}
