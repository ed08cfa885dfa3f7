package sandbox

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"
)

// limitMemory bounds the memory of the process: what it can address by twice as much as it may use more than now.
func limitMemory(bytes int64) {
	debug.SetMemoryLimit(bytes - bytes/8)
	size, _ := statm()
	limit := uint64(size + 2*bytes) //nolint:gosec // both are positive
	var now syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &now); err == nil {
		limit = min(limit, now.Max)
	}
	_ = syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit}) // resident memory is watched too
}

// resident returns how many bytes of memory the process has.
func resident() int64 {
	_, resident := statm()
	return resident
}

// statm returns how many bytes the process can address, and how many of them are in memory; 0 where the system does not say.
func statm() (size, resident int64) {
	text, err := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0, 0
	}
	size, _ = strconv.ParseInt(string(fields[0]), 10, 64)     // the system writes numbers
	resident, _ = strconv.ParseInt(string(fields[1]), 10, 64) // as above
	return size * int64(os.Getpagesize()), resident * int64(os.Getpagesize())
}
