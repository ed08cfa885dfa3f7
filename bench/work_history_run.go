package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gestadb/gesta/bench/internal/machine"
)

// modulePath is the module whose command line is measured.
const modulePath = "github.com/gestadb/gesta"

// cli returns the command line's program, built once from the sources that this program was built with.
func (l *lab) cli() (string, error) {
	if l.program != "" {
		return l.program, nil
	}
	started := time.Now()
	defer func() { l.loading += time.Since(started) }()
	root, err := goTool(l.ctx, "list", "-m", "-f", "{{.Dir}}", modulePath)
	if err != nil {
		return "", fmt.Errorf("find the sources of the command line: %w", err)
	}
	dir, err := l.newDir()
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "gesta")
	if _, err := goTool(l.ctx, "build", "-C", strings.TrimSpace(root), "-trimpath", "-o", program, "./cmd/gesta"); err != nil {
		return "", fmt.Errorf("build the command line: %w", err)
	}
	l.program = program
	return program, nil
}

// goTool runs the go command and returns what it printed.
func goTool(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", args[0], err, stderr.String())
	}
	return string(out), nil
}

// answer is what a run of the command line gave.
type answer struct {
	stdout, stderr string
	took           time.Duration // from the start of the process to its exit
	processor      time.Duration // of it and those that it started
	peak           int64         // bytes that were resident at the most, of a run that was watched; 0 where the system does not tell
}

// question is one command line about a store.
type question struct {
	dir   string   // of the store, as rival/gesta makes it
	args  []string // the verb and what follows it
	watch bool     // its memory; that of what it starts is not seen
	check func(a *answer) error
}

// ask runs the command line as its user does, in a process of its own that finds nothing of this machine's settings, and checks its answer.
func (l *lab) ask(q *question) (*answer, error) {
	program, err := l.cli()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(l.ctx, program, q.args...)
	cmd.Dir = q.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + q.dir, "TZ=UTC", "GESTA_STORE=" + filepath.Join(q.dir, "gesta")}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the command line: %w", err)
	}
	var a answer
	seen := func() {}
	if q.watch {
		seen = watchPeak(cmd.Process.Pid, &a.peak)
	}
	err = cmd.Wait()
	a.took, a.processor = time.Since(begin), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	seen()
	a.stdout, a.stderr = stdout.String(), stderr.String()
	if err == nil && q.check != nil {
		err = q.check(&a)
	}
	if err != nil {
		return nil, fmt.Errorf("gesta %s: %w: %s", strings.Join(q.args, " "), err, begins(a.stderr))
	}
	return &a, nil
}

// begins cuts a long text.
func begins(s string) string {
	const most = 2000
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

// watchPeak looks each millisecond how much memory of a process was resident at the most, until done is called. What the system says of it once it has ended
// will not do: it counts what was resident of the process that started it, and this one has large stores.
func watchPeak(pid int, peak *int64) (done func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			if n, err := machine.PeakResident(pid); err == nil {
				*peak = max(*peak, n)
			}
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}
