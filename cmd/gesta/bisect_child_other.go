//go:build !unix

package main

import (
	"context"
	"os/exec"
)

// endWithGroup leaves it at the end of the command itself.
func endWithGroup(*exec.Cmd, bool) {}

// endedBySignal leaves it at the end of the context itself.
func endedBySignal(parent context.Context) (ctx context.Context, stop func()) {
	return context.WithCancel(parent)
}
