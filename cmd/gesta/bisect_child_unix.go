//go:build unix

package main

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// exitSignaled and the number of a signal are the exit code of what that signal ended, as a shell has it.
const exitSignaled = 128

// endWithGroup makes the end of the context the end of all that the command started. At a terminal Ctrl-C reaches them by itself, and a group of its own could not
// ask the person anything.
func endWithGroup(cmd *exec.Cmd, terminal bool) {
	if terminal {
		return
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// endedBySignal returns a context that SIGTERM and SIGHUP end too, unless they are ignored: the command that runs is ended before this process is. The cause
// of its end is the exit code. A second signal ends this process at once. To be called at the end, stop goes back to the system's own rule.
func endedBySignal(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	caught := make(chan os.Signal, 1)
	for _, s := range []os.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(caught, s)
		}
	}
	go func() {
		defer signal.Stop(caught)
		select {
		case s := <-caught:
			number, _ := s.(syscall.Signal) // it is one
			cancel(&exitError{exitSignaled + int(number)})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
