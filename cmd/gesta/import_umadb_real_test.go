package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// compatPrograms returns the directory with the programs of UmaDB's Python package, which the tests in test/compat/umadb install, or
// skips the test.
func compatPrograms(t *testing.T) string {
	t.Helper()
	base := os.Getenv("GESTA_COMPAT_DIR")
	if base == "" {
		if cache, err := os.UserCacheDir(); err == nil {
			base = filepath.Join(cache, "gesta-compat")
		}
	}
	if _, err := os.Stat(filepath.Join(base, "umadb", "installed")); err != nil {
		message := "the real UmaDB is not installed: go test ./test/compat/umadb installs it"
		if os.Getenv("GESTA_REQUIRE_COMPAT") == "1" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	return filepath.Join(base, "umadb", "bin")
}

// startRealUmaDB starts the real server on a new database and returns its address.
func startRealUmaDB(t *testing.T, programs string) string {
	t.Helper()
	for range 5 { // the port may be taken between the two
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.WithoutCancel(t.Context())) // the clients end first
		server := exec.CommandContext(ctx, filepath.Join(programs, "umadb"), "--listen", addr, "--db-path", t.TempDir())
		out, err := server.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stop(); _ = server.Wait() })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.Contains(lines.Text(), "UmaDB started") {
				go func() {
					for lines.Scan() { // so that the server can go on writing
					}
				}()
				return addr
			}
		}
	}
	t.Fatal("the real server does not start")
	return ""
}

// TestImportRealUmaDB copies the real server, and has the official client read both: but for the tracking of an append's events but the last,
// they show the same.
func TestImportRealUmaDB(t *testing.T) {
	programs := compatPrograms(t)
	addr := startRealUmaDB(t, programs)
	python := func(command, addr string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), filepath.Join(programs, "python"), "testdata/uma.py", command, "http://"+addr).CombinedOutput()
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
