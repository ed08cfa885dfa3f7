package disk_test

import (
	"os"
	"syscall"
	"time"
)

// cpuTime is what the process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const (
	fadvRandom   = 1
	fadvDontNeed = 4
)

// dontReadAhead makes reads of f bring in what they ask for alone.
func dontReadAhead(f *os.File) { _ = fadvise(f, fadvRandom) }

// forgetPages drops the clean pages of f from the cache.
func forgetPages(f *os.File) error { return fadvise(f, fadvDontNeed) }

func fadvise(f *os.File, advice uintptr) error {
	if _, _, e := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, advice, 0, 0); e != 0 {
		return e
	}
	return nil
}

// majorFaults is how often the process has waited for a page of a mapping to be read so far.
func majorFaults() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Majflt
}
