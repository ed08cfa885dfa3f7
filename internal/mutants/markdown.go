package main

import (
	"fmt"
	"strings"
)

// introduction is what docs/mutants.md says before its table.
const introduction = `# Deliberate breakages

A test that has never failed proves little. This is a list of ways to break the engine on purpose: changes of a line or
two that someone could make by mistake, or would like to make for speed. Each breaks one promise of the contract or of
the format, and for each a test is named that must fail with it.

` + "`make mutants`" + ` applies them one at a time, through an overlay that leaves the tree alone, and runs the named test. It fails
when a mutant survives, and also when one no longer applies or compiles: whoever changes the engine changes the list
with it. Who adds a promise adds the mutant that breaks it. A mutant is never weakened so that a test catches it; the
missing test is written. The tests whose names begin with TestGuarantee stand in ` + "`store/disk/guarantee_*_test.go`" + ` and
catch theirs without chance.

The list is ` + "`internal/mutants/engine_*.go`" + `; ` + "`go run ./internal/mutants -doc`" + ` prints this page, and
` + "`go run ./internal/mutants NAME...`" + ` tries some of them alone.

`

// markdown returns the page about mutants.
func markdown(mutants []mutant) string {
	var b strings.Builder
	b.WriteString(introduction)
	b.WriteString("| name | what breaks | caught by |\n|---|---|---|\n")
	for _, m := range mutants {
		fmt.Fprintf(&b, "| `%s` | %s | `%s` in `%s` |\n", m.name, m.breaks, m.test, m.pkg)
	}
	return b.String()
}
