package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gestadb/gesta/internal/console"
	"github.com/gestadb/gesta/reducer/javascript"
	"github.com/gestadb/gesta/reducer/sandbox"
	"github.com/gestadb/gesta/reducer/webassembly"
)

// root is the directory of the repository, seen from this package.
const root = "../.."

// TestMain lets the tests run this program as gesta: it is on PATH, as a copy of the test binary.
func TestMain(m *testing.M) {
	if sandbox.IsChild(os.Args) {
		sandbox.RunChild(os.Stdin, os.Stdout, os.Stderr, os.Exit, &javascript.Language, &webassembly.Language)
		return
	}
	testscript.Main(m, map[string]func(){"gesta": main})
}

// TestDocs runs every console block of the pages that a reader meets. The doc of package console has the rules.
func TestDocs(t *testing.T) {
	pages := docPages(t)
	blocks := make(chan int, len(pages))
	t.Run("pages", func(t *testing.T) {
		for _, page := range pages {
			name, err := filepath.Rel(root, page)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				blocks <- console.Run(t, page, testData())
			})
		}
	})
	close(blocks)
	found := 0
	for n := range blocks {
		found += n
	}
	if found == 0 && !t.Failed() {
		t.Error("no page has a console block: has the info string changed?")
	}
}

// docPages lists the pages whose console blocks are run. A page of the root that is missing fails the test.
func docPages(t *testing.T) []string {
	t.Helper()
	pages := []string{filepath.Join(root, "README.md"), filepath.Join(root, "ARCHITECTURE.md"), filepath.Join(root, "CHANGELOG.md")}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(name) == ".md" {
			pages = append(pages, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// testData returns the directory of real event logs: GESTA_TESTDATA, seen from the root of the repository where it
// is relative, else the data that lies beside a checkout. It need not exist.
func testData() string {
	dir := os.Getenv("GESTA_TESTDATA")
	if dir == "" {
		dir = filepath.Join("..", "shared", "data")
	}
	if filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(root, dir)
}
