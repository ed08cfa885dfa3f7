package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gestadb/gesta/history"
)

// The exit codes of a command that says more than good and bad.
const (
	exitSkip    = 125
	exitNoStart = 126 // and everything above
)

// childGrace is how long a command that was ended may take to let go of its output.
const childGrace = 2 * time.Second

// run runs the command on a point and returns its exit code, up to exitSkip.
func (r *runner) run(ctx context.Context, at history.Place, stdin []byte) (int, error) {
	cmd := exec.CommandContext(ctx, r.command[0], r.command[1:]...) //nolint:gosec // it is what the person asks to run
	cmd.Stdout, cmd.Stderr = r.e.stdout, r.e.stderr
	if r.e.jsonMode() {
		cmd.Stdout = r.e.stderr
	}
	cmd.Dir = r.e.dir
	cmd.Env = r.environment(&at)
	if stdin != nil {
		cmd.Stdin = bytes.NewReader(stdin)
	}
	cmd.WaitDelay = childGrace
	endWithGroup(cmd, r.e.stderrTerminal)
	err := cmd.Run()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	exit, ended := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return 0, nil
	case !ended:
		return 0, r.aborted(&at, "%v", err)
	case exit.ExitCode() < 0:
		return 0, r.aborted(&at, "it was ended: %v", exit)
	case exit.ExitCode() >= exitNoStart:
		return 0, r.aborted(&at, "it ended with exit code %d", exit.ExitCode())
	}
	return exit.ExitCode(), nil
}

// environment returns what the command finds there.
func (r *runner) environment(at *history.Place) []string {
	const prefix = "GESTA_BISECT_"
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, prefix) || strings.HasPrefix(v, "GESTA_STORE=") })
	env = append(env, "GESTA_STORE="+r.store, prefix+"POSITION="+strconv.FormatUint(uint64(at.Position), 10))
	if at.Target != "" {
		env = append(env, prefix+"VERSION="+strconv.FormatUint(at.Version, 10))
	}
	return env
}
