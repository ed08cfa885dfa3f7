package machine

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// AnonOf returns the anonymous memory of a process that is resident, in bytes: heap and stacks, not mapped files.
func AnonOf(pid int) (int64, error) { return kibibytes(fmt.Sprintf("/proc/%d/status", pid), "RssAnon") }

// tick is the unit in which Linux tells the processor time of a process, whatever its kernel counts in.
const tick = 10 * time.Millisecond

// ProcessorOf returns the processor time that a process has used, in user and system mode.
func ProcessorOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read the processor time of a process: %w: %w", errors.ErrUnsupported, err)
	}
	_, after, _ := strings.Cut(string(text), ") ") // what comes before is the program's name
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0, fmt.Errorf("read the processor time of a process: %w", errors.ErrUnsupported)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return 0, fmt.Errorf("read the processor time of a process: %w", err)
	}
	return time.Duration(user+system) * tick, nil
}
