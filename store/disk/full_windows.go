package disk

import (
	"errors"
	"syscall"
)

// What the system says of a full disk; package syscall has no names for them.
const (
	errorHandleDiskFull    syscall.Errno = 39
	errorDiskFull          syscall.Errno = 112
	errorDiskQuotaExceeded syscall.Errno = 1295
)

// isFull says whether a write has failed because the disk, or what its user may have of it, is full.
func isFull(err error) bool {
	for _, full := range []syscall.Errno{errorDiskFull, errorHandleDiskFull, errorDiskQuotaExceeded, syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, full) {
			return true
		}
	}
	return false
}
