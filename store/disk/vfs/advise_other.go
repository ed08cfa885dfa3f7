//go:build darwin || freebsd || netbsd || dragonfly

package vfs

// advise does nothing: package syscall has no call for it on this system.
func advise([]byte, Advice) {}
