package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/internal/console"
)

const (
	root     = "../.."
	tutorial = root + "/docs/tutorial.md"

	// most is how many lines the task may take: events, two commands, a projection, an upcaster and their tests.
	most = 119
)

// block is a fenced block of a page.
type block struct {
	info string // of the fence
	file string // that a line right above it, of nothing but its name in backticks, names
	text string
	from int // index of its first line
	to   int // index of the fence that closes it
}

var fileName = regexp.MustCompile("^`([a-z_.]+)`$")

// blocks returns the fenced blocks of a page.
func blocks(t *testing.T, lines []string) []block {
	t.Helper()
	var all []block
	name := ""
	for i := 0; i < len(lines); i++ {
		info, ok := strings.CutPrefix(lines[i], "```")
		if !ok {
			if m := fileName.FindStringSubmatch(lines[i]); m != nil {
				name = m[1]
			} else if lines[i] != "" {
				name = ""
			}
			continue
		}
		b := block{info: info, file: name, from: i + 1}
		for i++; lines[i] != "```"; i++ {
			b.text += lines[i] + "\n"
		}
		b.to = i
		all, name = append(all, b), ""
	}
	if len(all) == 0 {
		t.Fatal("the page has no blocks")
	}
	return all
}

// write puts a block of Go at the end of its file, or applies a block of changes to it: hunks that begin with a line @@, each of which fits in one place.
func write(t *testing.T, files map[string]string, b block) {
	t.Helper()
	if b.file == "" {
		t.Fatalf("line %d: no file is named above the block", b.from)
	}
	now, exists := files[b.file]
	if b.info == "go" {
		if exists {
			now += "\n"
		}
		files[b.file] = now + b.text
		return
	}
	for hunk := range strings.SplitSeq(strings.TrimPrefix(b.text, "@@\n"), "@@\n") {
		var was, is strings.Builder
		for line := range strings.Lines(hunk) {
			switch line[0] {
			case '-':
				was.WriteString(line[1:])
			case '+':
				is.WriteString(line[1:])
			default:
				was.WriteString(strings.TrimPrefix(line, " "))
				is.WriteString(strings.TrimPrefix(line, " "))
			}
		}
		if n := strings.Count(now, was.String()); n != 1 {
			t.Fatalf("line %d: the hunk fits %s in %d places:\n%s", b.from, b.file, n, hunk)
		}
		now = strings.Replace(now, was.String(), is.String(), 1)
	}
	files[b.file] = now
}

// readPage returns the lines of a page.
func readPage(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

// TestFiles holds the files that the tutorial leads to against those that lie here.
func TestFiles(t *testing.T) {
	page := map[string]string{}
	for _, b := range blocks(t, readPage(t, tutorial)) {
		if b.info == "go" || b.info == "diff" {
			write(t, page, b)
		}
	}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	here := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		here[name] = string(text)
	}
	delete(here, "docs_test.go")
	if diff := cmp.Diff(here, page); diff != "" {
		t.Errorf("docs/tutorial.md does not lead to the files in examples/tutorial (-here +page):\n%s", diff)
	}
}

// TestLines counts what the task takes: lines of Go that are neither blank nor a comment, of everything but the command line around it.
func TestLines(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, name := range names {
		if name == "main.go" || name == "docs_test.go" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines += linesOfCode(string(text))
	}
	if lines > most {
		t.Errorf("the task takes %d lines; want %d at the most", lines, most)
	}
	if says := fmt.Sprintf("%d lines", lines); !strings.Contains(strings.Join(readPage(t, tutorial), "\n"), says) {
		t.Errorf("docs/tutorial.md does not say that it takes %s", says)
	}
}

// linesOfCode counts the lines that are neither blank nor a comment.
func linesOfCode(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "//") {
			n++
		}
	}
	return n
}

// TestSessions does what the tutorial says, from top to bottom, in a module of its own: it writes the files as they grow, and types the commands. With
// GESTA_UPDATE=1 the page shows what they print.
func TestSessions(t *testing.T) {
	source := stranger(t)
	lines := readPage(t, tutorial)
	var script strings.Builder
	step := func(command string) {
		fmt.Fprintf(&script, "```console\n$ %s\n```\n\n", strings.ReplaceAll(command, "\n", "\n> "))
	}
	step(fmt.Sprintf("mkdir library && cd library && cp '%s'/go.mod '%s'/go.sum .", source, source))
	files := map[string]string{}
	var sessions []block
	for _, b := range blocks(t, lines) {
		switch b.info {
		case "go", "diff":
			write(t, files, b)
			step("cat >" + b.file + " <<'END OF FILE'\n" + files[b.file] + "END OF FILE")
		case "shell-session":
			sessions = append(sessions, b)
			script.WriteString("```console\n" + b.text + "```\n\n")
		}
	}
	golden, err := filepath.Abs("testdata/events.golden")
	if err != nil {
		t.Fatal(err)
	}
	updating := os.Getenv("GESTA_UPDATE") == "1"
	if updating {
		step("cp testdata/events.golden '" + golden + "'")
	} else {
		step("cmp testdata/events.golden '" + golden + "'")
	}

	name := filepath.Join(t.TempDir(), "tutorial.md")
	if err := os.WriteFile(name, []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if console.Run(t, name, "") <= len(sessions) || len(sessions) == 0 {
		t.Error("not all was run")
	}
	if updating {
		update(t, lines, sessions, blocks(t, readPage(t, name)))
	}
}

// update puts the sessions that were run in the place of those on the page.
func update(t *testing.T, lines []string, sessions, ran []block) {
	t.Helper()
	ran = slices.DeleteFunc(ran, func(b block) bool {
		return strings.HasPrefix(b.text, "$ cat >") || strings.HasPrefix(b.text, "$ mkdir library") || strings.HasPrefix(b.text, "$ cp testdata")
	})
	if len(ran) != len(sessions) {
		t.Fatalf("%d sessions were run; want %d", len(ran), len(sessions))
	}
	for i, s := range slices.Backward(sessions) {
		lines = slices.Replace(lines, s.from, s.to, strings.Split(strings.TrimSuffix(ran[i].text, "\n"), "\n")...)
	}
	if err := os.WriteFile(tutorial, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

// stranger puts the command line of gesta on PATH, and a go that finds what is compiled already and fetches nothing. It returns a directory
// with the go.mod and go.sum of a module that requires this one.
func stranger(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	bin, source := filepath.Join(dir, "bin"), filepath.Join(dir, "source")
	for _, d := range []string{bin, source} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	output := func(arg ...string) string {
		t.Helper()
		var stderr bytes.Buffer
		c := exec.CommandContext(t.Context(), goTool, arg...)
		c.Dir, c.Stderr = root, &stderr
		out, err := c.Output()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(arg, " "), err, stderr.String())
		}
		return strings.TrimSpace(string(out))
	}
	output("build", "-o", filepath.Join(bin, "gesta"), "./cmd/gesta")

	env := map[string]string{"GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOWORK": "off", "GOTOOLCHAIN": "local"}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
		env[name] = output("env", name)
	}
	wrapper := "#!/bin/sh\n"
	for _, name := range slices.Sorted(maps.Keys(env)) {
		wrapper += fmt.Sprintf("export %s='%s'\n", name, env[name])
	}
	wrapper += fmt.Sprintf("exec '%s' \"$@\"\n", goTool)
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(wrapper), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))

	module, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(string) string{
		"go.sum": func(text string) string { return text },
		"go.mod": func(text string) string {
			_, text, _ = strings.Cut(text, "\n") // the line that names the module
			return "module library\n" + text + "\nrequire github.com/gestadb/gesta v0.0.0\n\nreplace github.com/gestadb/gesta => " + module + "\n"
		},
	} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(source, name), []byte(edit(string(text))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return source
}

const compare = root + "/docs/compare.md"

// TestCompare holds the page that compares libraries against what it speaks of: what it shows of gesta is in examples/bank, word for word, and each
// count of lines is that of the blocks.
func TestCompare(t *testing.T) {
	var bank strings.Builder
	for _, name := range []string{"account.go", "main.go"} {
		text, err := os.ReadFile(filepath.Join(root, "examples/bank", name))
		if err != nil {
			t.Fatal(err)
		}
		bank.Write(text)
	}
	lines := readPage(t, compare)
	counts, own := map[string]int{}, 0
	for _, b := range blocks(t, lines) {
		counts[section(lines, b.from)] += linesOfCode(b.text)
		if b.info != "go" {
			continue
		}
		own++
		if !strings.Contains(bank.String(), "\n"+b.text) {
			t.Errorf("line %d: this is not in examples/bank any more:\n%s", b.from, b.text)
		}
	}
	if own == 0 || len(counts) < 7 {
		t.Errorf("the page has %d blocks of gesta and %d libraries", own, len(counts))
	}
	for name, n := range counts {
		row := fmt.Sprintf("| %s | %d |", name, n)
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, row) }) {
			t.Errorf("no row of the table begins with %s", row)
		}
	}
}

// section returns the heading above a line.
func section(lines []string, at int) string {
	for _, line := range slices.Backward(lines[:at]) {
		if name, ok := strings.CutPrefix(line, "## "); ok {
			return name
		}
	}
	return ""
}
