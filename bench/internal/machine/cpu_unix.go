//go:build unix

package machine

import (
	"fmt"
	"syscall"
	"time"
)

// CPUTime returns the CPU time that this process has used, in user and system mode.
func CPUTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("read CPU time: %w", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}
