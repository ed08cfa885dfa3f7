//go:build !unix

package main

import "os/exec"

// endWithGroup leaves it at the end of the command itself.
func endWithGroup(*exec.Cmd, bool) {}
