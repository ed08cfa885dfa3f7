//go:build !windows

package disk

import (
	"errors"
	"syscall"
)

// isFull says whether a write has failed because the disk, or what its user may have of it, is full.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
