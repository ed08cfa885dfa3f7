// Package rig has what the tests of compatibility need of others: it installs their programs, and starts UmaDB's server.
//
// Programs are installed in the versions that the tests pin, below $GESTA_COMPAT_DIR, or gesta-compat in the user's cache directory, once for all runs. Where that cannot be
// done a test is skipped, unless GESTA_REQUIRE_COMPAT=1.
package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Env is a directory in which programs of others are installed.
type Env string

// Program returns the path of a program of an environment for Python.
func (e Env) Program(name string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(string(e), "Scripts", name+".exe")
	}
	return filepath.Join(string(e), "bin", name)
}

// Python returns a virtual environment of this name that has the packages. The flags are those of pip install.
func Python(t *testing.T, name string, packages []string, flags ...string) Env {
	t.Helper()
	return install(t, name, packages, func(e Env) [][]string {
		pip := append([]string{e.Program("python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"}, flags...)
		return [][]string{{"python3", "-m", "venv", string(e)}, append(pip, packages...)}
	})
}

// Node returns an environment of this name whose node_modules has the packages.
func Node(t *testing.T, name string, packages []string) Env {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "node", "--version").Output()
	major, _, _ := strings.Cut(strings.TrimPrefix(string(out), "v"), ".")
	if n, _ := strconv.Atoi(major); n < 18 {
		missing(t, "node of version 18 or later is needed: %q, %v", out, err)
	}
	return install(t, name, packages, func(e Env) [][]string {
		return [][]string{append([]string{"npm", "install", "--prefix", string(e), "--no-audit", "--no-fund", "--save-exact", "--silent"}, packages...)}
	})
}

// Installed returns an environment that the tests of another package make.
func Installed(t *testing.T, name, by string) Env {
	t.Helper()
	e := env(t, name)
	if _, err := os.Stat(e.stamp()); err != nil {
		missing(t, "go test %s installs it: %v", by, err)
	}
	return e
}

func env(t *testing.T, name string) Env {
	t.Helper()
	base := os.Getenv("GESTA_COMPAT_DIR")
	if base == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			missing(t, "there is no cache directory: %v", err)
		}
		base = filepath.Join(cache, "gesta-compat")
	}
	return Env(filepath.Join(base, name))
}

// stamp is a file that names what is installed, written when everything is.
func (e Env) stamp() string { return filepath.Join(string(e), "installed") }

// install runs the commands that install packages into an environment, unless it has them.
func install(t *testing.T, name string, packages []string, commands func(Env) [][]string) Env {
	t.Helper()
	e, want := env(t, name), strings.Join(packages, "\n")
	if got, err := os.ReadFile(e.stamp()); err == nil && string(got) == want {
		return e
	}
	if err := os.RemoveAll(string(e)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(string(e), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, command := range commands(e) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
		cancel()
		if err != nil {
			missing(t, "%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	if err := os.WriteFile(e.stamp(), []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
	return e
}

// missing ends a test that lacks programs of others.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	message := "programs of others are missing: " + fmt.Sprintf(format, args...)
	if os.Getenv("GESTA_REQUIRE_COMPAT") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
}
