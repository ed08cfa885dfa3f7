package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Ctrl-C ends a command in good order, with 130 and without a word.
func TestInterruptOfAProcess(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"init", "-q"}, {"append", "order-1", "--type", "Placed"}} {
		cmd := exec.CommandContext(t.Context(), "gesta", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GESTA_STORE=", "HOME="+dir, "XDG_CONFIG_HOME=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("gesta %v: %v: %s", args, err, out)
		}
	}
	var errs strings.Builder
	cmd := exec.CommandContext(t.Context(), "gesta", "log", "--follow", "--ndjson")
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), "GESTA_STORE=", "HOME="+dir, "XDG_CONFIG_HOME="), &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil { // it is at work
		t.Error(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // the exit code tells
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || errs.Len() > 0 {
		t.Errorf("exit code %d, %q", code, errs.String())
	}
}
