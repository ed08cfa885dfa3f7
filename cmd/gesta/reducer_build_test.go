package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestGoScripts runs the conversations in testdata/go, which need the go command and what it keeps of earlier builds.
func TestGoScripts(t *testing.T) {
	text, err := exec.CommandContext(t.Context(), "go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS").Output()
	if err != nil {
		t.Fatal(err)
	}
	var goEnv map[string]string
	if err := json.Unmarshal(text, &goEnv); err != nil {
		t.Fatal(err)
	}
	gesta, err := exec.LookPath("gesta")
	if err != nil {
		t.Fatal(err)
	}
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "go"),
		Setup: func(env *testscript.Env) error {
			for name, value := range goEnv {
				env.Setenv(name, value)
			}
			env.Setenv("ROOT", top)
			env.Setenv("GESTA_DIR", filepath.Dir(gesta))
			env.Setenv("GESTA_STORE", "")
			return nil
		},
	})
}
