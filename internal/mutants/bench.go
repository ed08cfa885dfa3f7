package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// bench compiles and runs tests of the module at root, with its own files in dir. It may be used by many goroutines.
type bench struct {
	root    string
	dir     string
	timeout time.Duration // of one test
}

// outcome is how a test came out.
type outcome int

const (
	passed   outcome = iota
	failed           // the test itself says so
	timedOut         // it did not end in time
	absent           // it was skipped, there is none of that name, or its process ended otherwise
)

// compile makes a test binary of a package, with the files that overlay replaces, by their absolute names.
func (b *bench) compile(ctx context.Context, pkg, name string, overlay map[string]string) (string, error) {
	bin := filepath.Join(b.dir, name+".test")
	args := []string{"test", "-c", "-o", bin, "-ldflags=-s -w"}
	if len(overlay) > 0 {
		file, err := b.writeOverlay(name, overlay)
		if err != nil {
			return "", err
		}
		args = append(args, "-overlay", file)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./"+pkg)...)
	cmd.Dir = b.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile %s: %w\n%s", pkg, err, bytes.TrimSpace(out))
	}
	return bin, nil
}

// writeOverlay writes the texts that replace files, and the list of them that the go command reads.
func (b *bench) writeOverlay(name string, overlay map[string]string) (string, error) {
	replace := map[string]string{}
	for file, text := range overlay {
		replace[file] = filepath.Join(b.dir, name+"-"+filepath.Base(file))
		if err := os.WriteFile(replace[file], []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(b.dir, name+".json")
	return file, os.WriteFile(file, list, 0o600)
}

// run runs the test of a mutant from a binary, and returns what it printed too.
func (b *bench) run(ctx context.Context, bin string, m *mutant) (outcome, string, error) {
	const grace = 10 * time.Second // for the test to notice the time by itself
	ctx, cancel := context.WithTimeout(ctx, b.timeout+grace)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "-test.v", "-test.count=1", "-test.run="+m.pattern(), "-test.timeout="+b.timeout.String())
	cmd.Dir = filepath.Join(b.root, m.pkg)
	cmd.Env = withoutSwitches(os.Environ())
	out, err := cmd.CombinedOutput()
	text := string(out)
	exit, isExit := errors.AsType[*exec.ExitError](err)
	switch {
	case err != nil && !isExit:
		return absent, text, fmt.Errorf("run %s: %w", m.test, err)
	case errors.Is(ctx.Err(), context.Canceled):
		return absent, text, ctx.Err()
	case strings.Contains(text, "panic: test timed out after"), isExit && exit.ExitCode() < 0:
		return timedOut, text, nil
	case said(text, "FAIL", m.test):
		return failed, text, nil
	case err == nil && said(text, "PASS", m.test):
		return passed, text, nil
	}
	return absent, text, nil
}

// said says whether a verbose test reported a verdict about the test of that name.
func said(text, verdict, test string) bool {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "--- "+verdict+": "+test); ok && (rest == "" || rest[0] == ' ') {
			return true
		}
	}
	return false
}

// withoutSwitches leaves out what turns tests of the module into others: more seeds, rewritten answers, data from elsewhere.
func withoutSwitches(env []string) []string {
	var out []string
	for _, v := range env {
		if !strings.HasPrefix(v, "GESTA_") {
			out = append(out, v)
		}
	}
	return out
}
