package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/test/compat/rig"
)

// TestImportRealUmaDB copies the real server, and has the official client read both: but for the tracking of an append's events but the last,
// they show the same.
func TestImportRealUmaDB(t *testing.T) {
	env := rig.Installed(t, "umadb", "./test/compat/umadb")
	addr := rig.UmaDB(t, env)
	python := func(command, addr string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), env.Program("python"), "testdata/uma.py", command, "http://"+addr).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		return string(out)
	}
	python("fill", addr)
	target := newMemory(t)
	c := newCopying(t, addr, target)
	head := 40 + 26 + 13 + 61 // see uma.py
	c.want(fmt.Sprintf(`"head":%d,"complete":true,"appended":%d,"present":0,"bad":0,"untracked":0,"positionsKept":true}`, head, head))
	c.want(fmt.Sprintf(`"appended":0,"present":%d,`, head))
	if diff := cmp.Diff(lastTracked(python("show", addr)), python("show", serveUmaDB(t, target))); diff != "" {
		t.Error(diff)
	}
}

var trackedLine = regexp.MustCompile(`\('s\d', \d+\)$`)

// lastTracked takes the tracking away from lines behind which comes one with the same.
func lastTracked(text string) string {
	lines := strings.Split(text, "\n")
	for i := range len(lines) - 1 {
		own, next := trackedLine.FindString(lines[i]), trackedLine.FindString(lines[i+1])
		if own != "" && own == next {
			lines[i] = strings.TrimSuffix(lines[i], own) + "None"
		}
	}
	return strings.Join(lines, "\n")
}
