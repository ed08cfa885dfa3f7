package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/gestadb/gesta/store/eventjson"
)

// Every code that a program can meet has a page, and no page is of a code that there is not.
func TestEveryCodeIsExplained(t *testing.T) {
	c := newCLI(t)
	for _, code := range eventjson.Codes() {
		p, ok := codePages[code]
		if !ok || p.summary == "" || p.when == "" || p.next == "" || p.http < 400 {
			t.Errorf("the page of %s is missing or not whole: %+v", code, p)
		}
		if out := c.ok("explain", string(code)); !strings.HasPrefix(out, string(code)+": ") {
			t.Errorf("gesta explain %s prints %s", code, out)
		}
	}
	if len(codePages) != len(eventjson.Codes()) {
		t.Errorf("%d pages for %d codes", len(codePages), len(eventjson.Codes()))
	}
	for code := range exitCodes {
		if _, ok := codePages[code]; !ok {
			t.Errorf("%s has an exit code and no page", code)
		}
	}
	for line := range strings.Lines(exitCodesHelp) { // the numbers that the table has
		exit, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if regexp.MustCompile(`^[0-9]+$`).MatchString(exit) {
			c.ok("explain", exit)
		}
	}
}

// The HTTP statuses, as other programs rely on them.
func TestExplainedStatuses(t *testing.T) {
	const table = "400 usage,409 conflict,409 keyReused,409 tracking,500 damaged,404 notFound,410 erased,410 truncated,422 reducer," +
		"503 unavailable,503 locked,503 timeout,429 rateLimited,503 readOnly,503 outcomeUnknown,401 unauthenticated,403 denied,413 tooLarge,500 internal"
	c := newCLI(t)
	got := c.ok("explain", "--jq", `[.items[] | select(.http != null and .http != 200) | "\(.http) \(.code)"] | join(",")`)
	if got != table+"\n" {
		t.Errorf("got  %swant %s", got, table)
	}
}

// What a page tells one to type is a command line of gesta.
func TestExplainedCommandsParse(t *testing.T) {
	for _, x := range explanations() {
		for line := range strings.Lines(x.Next) {
			words, ok := strings.CutPrefix(line, "  gesta ")
			if !ok {
				continue
			}
			words, _, _ = strings.Cut(words, "    ")
			args := strings.Fields(words)
			if args[0] == "COMMAND" || args[0] == "help" {
				continue
			}
			root := newRoot(&env{})
			cmd, rest, err := root.Find(args)
			if err == nil {
				err = cmd.ParseFlags(rest)
			}
			if err == nil {
				err = cmd.ValidateArgs(cmd.Flags().Args())
			}
			if err != nil || cmd == root {
				t.Errorf("%s: gesta %s: %v", x.Code, words, err)
			}
		}
	}
}

// Every command and topic has a page, which man shows without a word of complaint.
func TestManualPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man")
	c := newCLI(t)
	c.ok("man", "--dir", dir)
	root := newRoot(&env{})
	pages := 0
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		pages++
		path := filepath.Join(dir, "man"+manSection(cmd), manName(cmd)+"."+manSection(cmd))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			return
		}
		for _, want := range []string{".TH ", ".SH NAME\n", ".SH DESCRIPTION\n"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s has no %s", path, want)
			}
		}
		for _, below := range cmd.Commands() {
			if below.Name() != "help" || below.HasParent() && below.Parent() != root {
				visit(below)
			}
		}
		lint(t, path)
	}
	visit(root)
	if pages < 20 {
		t.Errorf("only %d pages", pages)
	}
}

// lint lets groff read a page, where there is one.
func lint(t *testing.T, path string) {
	t.Helper()
	groff, err := exec.LookPath("groff")
	if err != nil {
		return
	}
	cmd := exec.CommandContext(t.Context(), groff, "-man", "-ww", "-Tutf8", "-z", path)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%s: %v: %s", path, err, out)
	}
}

// Text stands in a page as it is, whatever it looks like to roff.
func TestRoff(t *testing.T) {
	for in, want := range map[string]string{
		"--json":   `\-\-json`,
		".gesta x": `\&.gesta x`,
		"'#1120'":  `\(aq#1120\(aq`,
		`a\b`:      `a\eb`,
	} {
		if got := roff(in); got != want {
			t.Errorf("roff(%q) = %q, want %q", in, got, want)
		}
	}
}
