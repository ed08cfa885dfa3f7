//go:build linux

package machine

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// DropFile takes the bytes of a file out of the page cache, after syncing it.
func DropFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("drop from the page cache: %w", err)
	}
	defer f.Close()
	if err := unix.Fdatasync(int(f.Fd())); err != nil {
		return fmt.Errorf("drop from the page cache: sync %s: %w", name, err)
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("drop from the page cache: advise %s: %w", name, err)
	}
	return nil
}

// onDisk returns the bytes of the blocks that a file has.
func onDisk(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return info.Size()
}

// ProcessorOf returns the processor time that a process has used, in user and system mode, to the nanosecond: the clock
// that clock_getcpuclockid(3) names, whose id is the complement of the process's with the word for its whole life below.
func ProcessorOf(pid int) (time.Duration, error) {
	const schedule = 2 // CPUCLOCK_SCHED
	if pid < 1 || pid > 1<<22 {
		return 0, fmt.Errorf("read the processor time of process %d: %w", pid, unix.ESRCH)
	}
	var at unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedule), &at); err != nil {
		return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
	}
	return time.Duration(at.Nano()), nil
}
