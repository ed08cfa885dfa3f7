package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// commandTime is how long one command may take. It bounds a command that hangs; it measures nothing.
const commandTime = 3 * time.Minute

// session is what sh runs for each command: it takes up where the command before it ended, and leaves the same for
// the next. The command is the first argument, so that no quoting is needed.
const session = `. "$CONSOLE_STATE"
cd "$CONSOLE_DIR" || exit
trap 'CONSOLE_CODE=$?; CONSOLE_DIR=$PWD; export CONSOLE_CODE CONSOLE_DIR; export -p >"$CONSOLE_STATE"' EXIT
(exit "$CONSOLE_CODE")
eval "$1"`

// A terminal runs commands one after the other. It is for one goroutine. Whoever made it calls close.
type terminal struct {
	env   []string
	names []string          // of directories and ports, in what is printed: each with what stands for it
	ports map[string]string // by the ports that the page names
	jobs  []*job            // all that were started, over or not
}

// newTerminal opens a terminal whose files are below root, an empty directory. data is the directory of
// event logs, or empty.
func newTerminal(root, data string) (*terminal, error) {
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		return nil, fmt.Errorf("find the terminal's directory: %w", err)
	}
	home, tmp, state := filepath.Join(root, "home"), filepath.Join(root, "tmp"), filepath.Join(root, "state")
	// A program that was built to measure its coverage writes it somewhere, or complains; one that was built to find
	// races would wait a second at its end.
	cover := os.Getenv("GOCOVERDIR")
	if cover == "" {
		cover = filepath.Join(root, "cover")
	}
	for _, dir := range []string{home, tmp, cover} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("make the terminal's directories: %w", err)
		}
	}
	if err := os.WriteFile(state, nil, 0o644); err != nil {
		return nil, fmt.Errorf("make the terminal's state: %w", err)
	}
	names := []string{home, "~", tmp, "/tmp"}
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + tmp, "TZ=UTC", "LANG=C.UTF-8", "TERM=dumb",
		"GOCOVERDIR=" + cover, "GORACE=atexit_sleep_ms=0", "CONSOLE_STATE=" + state, "CONSOLE_DIR=" + home, "CONSOLE_CODE=0",
	}
	if data != "" {
		env = append(env, "GESTA_TESTDATA="+data)
		names = append(names, data, "$GESTA_TESTDATA")
	}
	return &terminal{env: env, names: names, ports: map[string]string{}}, nil
}

// run runs one command and returns what it printed and its exit code. An error says that it could not be run or did not end.
func (c *terminal) run(ctx context.Context, command string) (printed string, code int, err error) {
	if command, err = c.local(ctx, command); err != nil {
		return "", 0, err
	}
	if about := jobControl.FindStringSubmatch(command); about != nil {
		printed, code, err = c.control(ctx, about[1], about[2])
	} else if bare, ok := isJob(command); ok {
		printed, code, err = c.start(ctx, bare)
	} else {
		printed, code, err = c.wait(ctx, command)
	}
	return strings.NewReplacer(c.names...).Replace(printed), code, err
}

// wait runs a command to its end.
func (c *terminal) wait(ctx context.Context, command string) (printed string, code int, err error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "sh", "-c", session, "sh", command)
	cmd.Env, cmd.Stdout, cmd.Stderr = c.env, &out, &out
	cmd.WaitDelay = 5 * time.Second // for what the command left running with its output open
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return out.String(), 0, fmt.Errorf("no end after %v: %w", commandTime, ctx.Err())
	case errors.As(err, &exit):
		return out.String(), exit.ExitCode(), nil
	case err != nil:
		return out.String(), 0, fmt.Errorf("run sh: %w", err)
	}
	return out.String(), 0, nil
}
