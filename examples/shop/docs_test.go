package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gestadb/gesta/internal/console"
)

const (
	root = "../.."
	page = root + "/docs/projections.md"
)

// TestMain lets the pages run this program as shop: it is on PATH, as a copy of the test binary.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"shop": main})
}

// TestGoOnPage finds each block of Go of the page, as it stands, in the files of this directory, which are compiled and run.
func TestGoOnPage(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, name := range names {
		files = append(files, read(t, name))
	}
	blocks := strings.Split(read(t, page), "```go\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("the page has no Go")
	}
	for _, b := range blocks {
		block, _, closed := strings.Cut(b, "```\n")
		if !closed {
			t.Fatalf("a block is never closed:\n%s", block)
		}
		if !within(files, block) {
			t.Errorf("this is on the page, and in no file:\n%s", block)
		}
	}
}

// TestWithin makes sure that a block is found whole, and by nothing less.
func TestWithin(t *testing.T) {
	files := []string{"package p\n", "func f() {\n\tif a {\n\t\tb()\n\n\t\tc()\n\t}\n}\n"}
	for block, want := range map[string]bool{
		"if a {\n\tb()\n\n\tc()\n}\n": true,
		"b()\n\nc()\n":                true,
		"func f() {\n\tif a {\n":      true,
		"b()\nc()\n":                  false,
		"b()\n\n\tc()\n":              false,
		"if a {\nb()\n":               false,
		"d()\n":                       false,
		"()\n":                        false,
		"":                            false,
		"\n":                          false,
	} {
		if got := within(files, block); got != want {
			t.Errorf("within(%q) = %t", block, got)
		}
	}
}

// within says whether a block, at some depth of indentation, is a run of whole lines of one of the files.
func within(files []string, block string) bool {
	if strings.TrimSpace(block) == "" {
		return false
	}
	for indent := ""; len(indent) < 6; indent += "\t" {
		var b strings.Builder
		for line := range strings.Lines(block) {
			if line != "\n" {
				b.WriteString(indent)
			}
			b.WriteString(line)
		}
		for _, file := range files {
			if strings.Contains("\n"+file, "\n"+b.String()) {
				return true
			}
		}
	}
	return false
}

// TestSessions runs the console blocks of the README, and those of the page, whose info string is shell-session: the console blocks
// of all pages are run elsewhere, without this program. With GESTA_UPDATE=1 both show what is printed.
func TestSessions(t *testing.T) {
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "gesta"), "./cmd/gesta")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build gesta: %v\n%s", err, out)
	}
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))

	t.Run("README.md", func(t *testing.T) {
		if console.Run(t, "README.md", "") == 0 {
			t.Error("the page has no console block")
		}
	})
	t.Run("projections.md", func(t *testing.T) {
		const there, here = "```shell-session\n", "```console\n"
		before := strings.ReplaceAll(read(t, page), there, here)
		name := filepath.Join(t.TempDir(), "projections.md")
		write(t, name, before)
		if console.Run(t, name, "") == 0 {
			t.Error("the page has no session")
		}
		if after := read(t, name); after != before {
			write(t, page, strings.ReplaceAll(after, here, there))
		}
	})
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(fmt.Errorf("write a page: %w", err))
	}
}
