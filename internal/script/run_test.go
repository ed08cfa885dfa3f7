package script_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gestadb/gesta/internal/script"
)

// innerDir names, in the environment of a child process, the directory of scripts that TestInner runs there.
const innerDir = "GESTA_SCRIPT_INNER_DIR"

// TestInner is what the tests below run in a child process, to see it fail. Its commands answer with their own name and
// input, but for "blank", "fatal" and "silent".
func TestInner(t *testing.T) {
	dir := os.Getenv(innerDir)
	if dir == "" {
		return
	}
	script.Run(t, os.DirFS(dir), "*.txt", dir, func(t *testing.T) func(script.Cmd) string {
		return func(c script.Cmd) string {
			switch c.Name {
			case "blank":
				return "a\n\nb"
			case "fatal":
				t.Fatal("fatal was asked")
			case "silent":
				return ""
			}
			return c.Name + "\n" + c.Input
		}
	})
}

// inner runs TestInner over dir in a child process and returns what it printed and whether it passed.
func inner(t *testing.T, dir, update string) (string, bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInner$", "-test.v")
	cmd.Env = append(os.Environ(), innerDir+"="+dir, "GESTA_UPDATE="+update, "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func TestRunFails(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a wrong answer", "# why\na\n----\nb\n", "x.txt:2:\n# why\na\n----\ngot:\na\nwant:\nb\n"},
		{"a missing line", "a\nin\n----\na\n", "got:\na\nin\nwant:\na\n"},
		{"an answer where none is expected", "a\n----\n", "got:\na\nwant:\n"},
		{"no answer where one is expected", "silent\n----\na\n", "got:\nwant:\na\n"},
		{"no rule", "a\n\nb\n----\nb\n", "x.txt:1: no rule"},
		{"two rules", "a\n----\na\n----\n", "line 4: a second rule"},
		{"a rule alone", "# a\n----\na\n", "line 2: a rule without a command"},
		{"a bad command", "a\n----\na\n\na 'b\n----\n", "line 5: 'b has no closing quote"},
		{"comments alone", "# a\n\n# b\n", "x.txt holds no conversation"},
		{"an empty file", "", "x.txt holds no conversation"},
		{"a blank line in an answer", "blank\n----\na\n", "an answer cannot hold a blank line"},
		{"a command that gives up", "fatal\n----\na\n", "fatal was asked"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "x.txt"), tt.text)
			// The testing package indents what a test logs.
			out, ok := inner(t, dir, "")
			if flat := strings.ReplaceAll(out, "\n        ", "\n"); ok || !strings.Contains(flat, tt.want) {
				t.Errorf("passed: %t; printed:\n%s\nwant a failure with:\n%s", ok, flat, tt.want)
			}
		})
	}
	t.Run("no file", func(t *testing.T) {
		if out, ok := inner(t, t.TempDir(), ""); ok || !strings.Contains(out, "no script matches") {
			t.Errorf("passed: %t; printed:\n%s", ok, out)
		}
	})
}

func TestUpdate(t *testing.T) {
	dir := t.TempDir()
	before := "# kept\n\n# why\na\n  in\n----\nold\n\n\n\nnew\n\nsilent\n----\nold\n"
	after := "# kept\n\n# why\na\n  in\n----\na\n  in\n\n\n\nnew\n----\nnew\n\nsilent\n----\n"
	write(t, filepath.Join(dir, "good.txt"), before)
	bad := "a\n----\nold\n\nfatal\n----\nold\n"
	write(t, filepath.Join(dir, "bad.txt"), bad)

	out, ok := inner(t, dir, "1")
	if ok || strings.Contains(out, "FAIL: TestInner/good") {
		t.Errorf("want bad.txt alone to fail; printed:\n%s", out)
	}
	if got := read(t, filepath.Join(dir, "good.txt")); got != after {
		t.Errorf("good.txt is now:\n%s\nwant:\n%s", got, after)
	}
	if got := read(t, filepath.Join(dir, "bad.txt")); got != bad {
		t.Errorf("bad.txt was rewritten though its test failed:\n%s", got)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
