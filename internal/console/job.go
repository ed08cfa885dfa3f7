package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long a job may take to print its first line, and to end once it was told to.
const (
	startTime = time.Minute
	endTime   = 30 * time.Second
)

// background is what sh runs for a job: the job takes the place of sh, so that a signal reaches it.
const background = `. "$CONSOLE_STATE"
cd "$CONSOLE_DIR" || exit
eval "exec $1"`

// A job is a command that goes on while the page does.
type job struct {
	cmd   *exec.Cmd
	out   transcript
	ended chan struct{} // closed when it is over
	err   error         // of its end; to be read after ended
}

// jobControl is a command that is about a job: what to do, and its number.
var jobControl = regexp.MustCompile(`^(kill|wait) %([1-9][0-9]*)$`)

// isJob tells whether a command is to go on while the page does, and returns it without its end.
func isJob(command string) (string, bool) {
	bare, found := strings.CutSuffix(strings.TrimSpace(command), "&")
	return bare, found && !strings.HasSuffix(bare, "&") && !strings.HasSuffix(bare, `\`)
}

// start starts a job and waits for its first line, which it returns. A job that ended before has failed to go on: all that it printed is
// returned, with its exit code.
func (c *terminal) start(ctx context.Context, command string) (printed string, code int, err error) {
	j := &job{cmd: exec.Command("sh", "-c", background, "sh", command), ended: make(chan struct{})} //nolint:noctx // close ends it
	j.out.more = make(chan struct{}, 1)
	j.cmd.Env, j.cmd.Stdout, j.cmd.Stderr, j.cmd.WaitDelay = c.env, &j.out, &j.out, endTime
	if err := j.cmd.Start(); err != nil {
		return "", 0, fmt.Errorf("run sh: %w", err)
	}
	go func() {
		j.err = j.cmd.Wait()
		close(j.ended)
	}()
	c.jobs = append(c.jobs, j)
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		if line := j.out.takeLine(); line != "" {
			return line, 0, nil
		}
		select {
		case <-j.out.more:
		case <-j.ended:
			return j.outcome()
		case <-ctx.Done():
			return j.out.take(), 0, fmt.Errorf("no line after %v: %w", startTime, ctx.Err())
		}
	}
}

// control does what a command says about a job, waits for its end, and returns what it printed that was not shown yet.
func (c *terminal) control(ctx context.Context, verb, number string) (printed string, code int, err error) {
	n, _ := strconv.Atoi(number)
	if n < 1 || n > len(c.jobs) {
		return "", 0, fmt.Errorf("there is no job %s", number)
	}
	j, patience := c.jobs[n-1], commandTime
	if verb == "kill" {
		patience = endTime
		_ = j.cmd.Process.Signal(syscall.SIGTERM) // it may be over
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-j.ended:
		return j.outcome()
	case <-ctx.Done():
		return j.out.take(), 0, fmt.Errorf("job %s: no end after %v: %w", number, patience, ctx.Err())
	}
}

// outcome is what is left to be shown of a job that is over, and its exit code, which is 0 where a signal ended it.
func (j *job) outcome() (printed string, code int, err error) {
	printed = j.out.take()
	if exit, ok := errors.AsType[*exec.ExitError](j.err); ok {
		return printed, max(exit.ExitCode(), 0), nil
	}
	return printed, 0, j.err
}

// close ends the jobs that the page left.
func (c *terminal) close() {
	for _, j := range c.jobs {
		_ = j.cmd.Process.Signal(syscall.SIGTERM) // those that are over stay so
	}
	for _, j := range c.jobs {
		patience := time.NewTimer(endTime)
		select {
		case <-j.ended:
		case <-patience.C:
			_ = j.cmd.Process.Kill()
			<-j.ended
		}
		patience.Stop()
	}
}

// transcript is what a job printed and nobody was shown yet. It is used by several goroutines at once.
type transcript struct {
	mu   sync.Mutex
	text []byte
	more chan struct{} // has room for one: there is something new
}

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	t.text = append(t.text, b...)
	t.mu.Unlock()
	select {
	case t.more <- struct{}{}:
	default:
	}
	return len(b), nil
}

// takeLine takes the first line, with its end; nothing while it is not whole.
func (t *transcript) takeLine() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	end := bytes.IndexByte(t.text, '\n') + 1
	line := string(t.text[:end])
	t.text = t.text[end:]
	return line
}

// take takes everything.
func (t *transcript) take() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := string(t.text)
	t.text = nil
	return all
}
