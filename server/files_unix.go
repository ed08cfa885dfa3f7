//go:build unix

package server

import (
	"errors"
	"syscall"
)

// tooManyFiles says whether an error is that of a process or a system with too many open files.
func tooManyFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
