package machine

import "fmt"

// AnonOf returns the anonymous memory of a process that is resident, in bytes: heap and stacks, not mapped files.
func AnonOf(pid int) (int64, error) { return kibibytes(fmt.Sprintf("/proc/%d/status", pid), "RssAnon") }
