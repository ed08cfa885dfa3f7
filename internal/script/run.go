package script

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// Run runs each file of fsys that matches pattern (see [path.Match]) as a subtest named after the file. start is called
// once a file, in its subtest, and returns the function that answers the file's commands, in their order. An answer with
// or without its last newline is the same. To give up on a file, start and the function it returns call Fatal on the test.
//
// dir is the directory on disk from which fsys was taken; the files there are rewritten if GESTA_UPDATE is 1, each
// unless its test has failed. An empty dir is for files that are not the caller's to rewrite: they are only compared.
//
// The test fails if no file matches, if a file holds no conversation or cannot be parsed, and for each
// answer that differs; the commands after one that differs are run all the same.
func Run(t *testing.T, fsys fs.FS, pattern, dir string, start func(*testing.T) func(Cmd) string) {
	t.Helper()
	names, err := fs.Glob(fsys, pattern)
	if err != nil {
		t.Fatalf("match %q: %v", pattern, err)
	}
	if len(names) == 0 {
		t.Fatalf("no script matches %q", pattern)
	}
	update := os.Getenv("GESTA_UPDATE") == "1" && dir != ""
	for _, name := range names {
		t.Run(strings.TrimSuffix(path.Base(name), path.Ext(name)), func(t *testing.T) {
			text, err := fs.ReadFile(fsys, name)
			if err != nil {
				t.Fatal(err)
			}
			after := runFile(t, name, string(text), start(t), update)
			if !update || t.Failed() || after == string(text) {
				return
			}
			if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(after), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// runFile runs the conversations of one file and returns the file with the answers that were given.
func runFile(t *testing.T, name, text string, do func(Cmd) string, update bool) string {
	t.Helper()
	blocks, err := split(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	asked := 0
	var after strings.Builder
	for _, b := range blocks {
		if !b.comment() {
			asked++
			runBlock(t, name, b, do, update)
		}
		after.WriteString(b.String())
	}
	if asked == 0 {
		t.Fatalf("%s holds no conversation", name)
	}
	return after.String()
}

// runBlock asks one question and compares the answer, or keeps it in the block.
func runBlock(t *testing.T, name string, b *block, do func(Cmd) string, update bool) {
	t.Helper()
	if !b.rule && !update {
		t.Fatalf("%s:%d: no rule (----) below the command; add the answer, or run with GESTA_UPDATE=1", name, b.cmd.Line)
	}
	got := strings.TrimRight(do(b.cmd), "\n")
	if got != "" {
		got += "\n"
	}
	for line := range strings.Lines(got) {
		if strings.TrimSpace(line) == "" || line == rule {
			t.Fatalf("%s:%d: an answer cannot hold a blank line or a rule:\n%s", name, b.cmd.Line, got)
		}
	}
	switch {
	case update:
		b.rule, b.want = true, got
	case got != b.want:
		t.Errorf("%s:%d:\n%s----\ngot:\n%swant:\n%s", name, b.cmd.Line, b.ask, got, b.want)
	}
}
