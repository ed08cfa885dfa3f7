package openapi_test

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

// What makes the clients, and what they need.
var (
	pythonPackages = []string{"openapi-python-client==0.29.1", "httpx==0.28.1", "attrs==26.1.0"}
	nodePackages   = []string{"openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3", "@types/node@20.19.43"}
)

// python returns the directory of a virtual environment that has the packages, or skips the test.
func python(t *testing.T) string {
	t.Helper()
	return installed(t, "openapi-python", pythonPackages, func(dir string) [][]string {
		return [][]string{
			{"python3", "-m", "venv", dir},
			append([]string{program(dir, "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"}, pythonPackages...),
		}
	})
}

// node returns a directory whose node_modules has the packages, or skips the test.
func node(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "node", "--version").Output()
	major, _, _ := strings.Cut(strings.TrimPrefix(string(out), "v"), ".")
	if n, _ := strconv.Atoi(major); n < 18 {
		missing(t, "node of version 18 or later is needed: %q, %v", out, err)
	}
	return installed(t, "openapi-node", nodePackages, func(dir string) [][]string {
		return [][]string{append([]string{"npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "--save-exact", "--silent"}, nodePackages...)}
	})
}

// installed runs the commands that install packages into a directory, unless it has them.
func installed(t *testing.T, name string, packages []string, commands func(dir string) [][]string) string {
	t.Helper()
	base := os.Getenv("GESTA_COMPAT_DIR")
	if base == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			missing(t, "there is no cache directory: %v", err)
		}
		base = filepath.Join(cache, "gesta-compat")
	}
	dir := filepath.Join(base, name)
	stamp, want := filepath.Join(dir, "installed"), strings.Join(packages, "\n")
	if got, err := os.ReadFile(stamp); err == nil && string(got) == want {
		return dir
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, command := range commands(dir) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
		cancel()
		if err != nil {
			missing(t, "%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	if err := os.WriteFile(stamp, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// program returns the path of a program of a virtual environment.
func program(dir, name string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, "Scripts", name+".exe")
	}
	return filepath.Join(dir, "bin", name)
}

func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	message := "clients cannot be generated here: " + fmt.Sprintf(format, args...)
	if os.Getenv("GESTA_REQUIRE_COMPAT") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// run runs a command in a directory and returns what it printed.
func run(t *testing.T, dir string, command ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return string(out)
}

// put writes a file.
func put(t *testing.T, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// copyHere copies a file of this directory into another one.
func copyHere(t *testing.T, name, dir string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, name, text)
}
