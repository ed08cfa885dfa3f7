package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the conversations in testdata: each is typed at a terminal, one a command or a subject. With
// GESTA_UPDATE=1 what is printed replaces what a script compares it with by cmp.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no script in testdata: %v", err)
	}
	testscript.Run(t, testscript.Params{
		Files:         files,
		UpdateScripts: os.Getenv("GESTA_UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("TZ", "UTC")
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("GESTA_STORE", "")
			env.Values[serversKey{}] = servers{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"shows": shows, "flip": flip, "serve": serve, "end": end, "same": same, "denied": denied},
	})
}

// shows runs a command and compares what it prints on stdout with a file of the script, in which … in a line stands for any
// characters: shows FILE COMMAND [ARG…]. Where stdout is empty it compares stderr.
func shows(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: shows FILE COMMAND [ARG...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	if (err != nil) != neg {
		ts.Fatalf("%s: %v", strings.Join(args[1:], " "), err)
	}
	got, want := ts.ReadFile("stdout"), ts.ReadFile(args[0])
	if got == "" {
		got = ts.ReadFile("stderr")
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(want, "\n")
	same := len(gotLines) == len(wantLines)
	for i := 0; same && i < len(gotLines); i++ {
		same = matches(wantLines[i], gotLines[i])
	}
	if !same {
		ts.Fatalf("%s prints\n%s\nwhere the script has\n%s", strings.Join(args[1:], " "), got, want)
	}
}

// matches says whether text is pattern, in which … stands for any characters.
func matches(pattern, text string) bool {
	parts := strings.Split(pattern, "…")
	if len(parts) == 1 {
		return pattern == text
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	for _, part := range parts[1 : len(parts)-1] {
		if !ok {
			return false
		}
		_, rest, ok = strings.Cut(rest, part)
	}
	return ok && strings.HasSuffix(rest, parts[len(parts)-1])
}

// flip turns one bit in the middle of a file: flip GLOB.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: flip GLOB")
	}
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	if err != nil || len(files) == 0 {
		ts.Fatalf("no file is named %s: %v", args[0], err)
	}
	b, err := os.ReadFile(files[0])
	ts.Check(err)
	b[len(b)/2] ^= 4
	ts.Check(os.WriteFile(files[0], b, 0o600))
}
