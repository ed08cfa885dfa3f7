package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mutant is one deliberate breakage: a change of a line or two that someone could make by mistake, or would like to
// make for speed, and the test that must fail with it.
type mutant struct {
	name   string // short words joined by hyphens; no two mutants have the same
	breaks string // one sentence that says what is wrong with the engine then
	file   string // the file that is changed, from the root of the module
	old    string // what is replaced; it occurs in the file exactly once
	new    string
	pkg    string // the directory of the test's package, from the root of the module
	test   string // the name of the test, with / before the names of subtests
	hangs  bool   // the test may also be caught in a wait that never ends
}

// apply returns the changed text of the mutant's file, in the module at root.
func (m *mutant) apply(root string) (string, error) {
	b, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return "", fmt.Errorf("read what is to be broken: %w", err)
	}
	text := string(b)
	if n := strings.Count(text, m.old); n != 1 {
		return "", fmt.Errorf("%s has the text to be replaced %d times, not once: bring the mutant up to date", m.file, n)
	}
	return strings.Replace(text, m.old, m.new, 1), nil
}

// pattern returns what to run the test with alone: its name and those of its subtests, each as a whole.
func (m *mutant) pattern() string {
	return "^" + strings.ReplaceAll(m.test, "/", "$/^") + "$"
}

// testKey tells a test of one package from those of others.
func (m *mutant) testKey() string { return m.pkg + " " + m.test }
