package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// servers are the servers of a script, by the variables that have their URLs.
type servers map[string]*exec.Cmd

type serversKey struct{}

// serve starts gesta serve and waits until it answers; its URL is then in a variable: serve VAR [ARG…].
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: serve VAR [ARG...]")
	}
	cmd := exec.Command("gesta", append([]string{"serve", "--listen", "127.0.0.1:0", "--log-level", "error"}, args[1:]...)...) //nolint:noctx // it is ended
	cmd.Dir, cmd.Env = ts.MkAbs("."), append(os.Environ(), "GESTA_STORE=", "TZ=UTC", "HOME="+ts.Getenv("HOME"))
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	var errs strings.Builder
	cmd.Stderr = &errs
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Kill() // unless end has ended it
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		_ = cmd.Wait()
		ts.Fatalf("gesta serve ends before it serves: %s", &errs)
	}
	var told struct{ Serving []string }
	ts.Check(json.Unmarshal(line, &told))
	ts.Setenv(args[0], told.Serving[0])
	started, _ := ts.Value(serversKey{}).(servers)
	started[args[0]] = cmd
}

// end ends the server whose URL is in a variable, in good order: end VAR. The name stop is taken: there it ends the script, which passes.
func end(ts *testscript.TestScript, neg bool, args []string) {
	started, _ := ts.Value(serversKey{}).(servers)
	if neg || len(args) != 1 || started[args[0]] == nil {
		ts.Fatalf("usage: end VAR, of a server that was started")
	}
	cmd := started[args[0]]
	delete(started, args[0])
	ts.Check(cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait() // the exit code tells
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		ts.Fatalf("gesta serve ends with %d", code)
	}
}

// same runs a command on the store in the directory $LOCAL and on the one behind $URL, and compares everything that is
// printed: same COMMAND [ARG…]. With ! both must fail, with the same exit code.
func same(ts *testscript.TestScript, neg bool, args []string) {
	run := func(store string) string {
		err := ts.Exec("gesta", append([]string{"--store", store}, args...)...)
		if (err != nil) != neg {
			ts.Fatalf("gesta %s --store %s: %v\n%s%s", strings.Join(args, " "), store, err, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
		}
		text := ts.ReadFile("stdout") + ts.ReadFile("stderr")
		if err != nil {
			text += err.Error()
		}
		return text
	}
	local, remote := run(ts.Getenv("LOCAL")), run(ts.Getenv("URL"))
	if local != remote {
		ts.Fatalf("gesta %s prints\n%s\nfor the directory and\n%s\nover HTTP", strings.Join(args, " "), local, remote)
	}
	if local == "" {
		ts.Fatalf("gesta %s prints nothing", strings.Join(args, " "))
	}
}

// denied runs a command that the rights of the user do not reach for: nothing is shown but that the role read is missing, with exit code 9: denied COMMAND [ARG…].
func denied(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: denied COMMAND [ARG...]")
	}
	err := ts.Exec("gesta", args...)
	exit, ended := errors.AsType[*exec.ExitError](err)
	stdout, stderr := ts.ReadFile("stdout"), ts.ReadFile("stderr")
	if !ended || exit.ExitCode() != 9 || stdout != "" || !strings.Contains(stderr, "needs the role read") {
		ts.Fatalf("gesta %s ends with %v, want exit code 9 and that the role read is needed\n%s%s", strings.Join(args, " "), err, stdout, stderr)
	}
}
