//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// endWithGroup makes the end of the context the end of all that the command started. At a terminal Ctrl-C reaches them by itself, and a group of its own could not
// ask the person anything.
func endWithGroup(cmd *exec.Cmd, terminal bool) {
	if terminal {
		return
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
