package vfs

import "syscall"

// advise calls madvise, whose failure changes nothing but speed.
func advise(b []byte, a Advice) {
	how := syscall.MADV_RANDOM
	switch a {
	case Random:
	case Sequential:
		how = syscall.MADV_SEQUENTIAL
	case WillNeed:
		how = syscall.MADV_WILLNEED
	}
	_ = syscall.Madvise(b, how) // a hint
}
