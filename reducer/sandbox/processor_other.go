//go:build !unix

package sandbox

import "time"

// processorTime returns how much time of processors the process has taken, and whether the system says so.
func processorTime() (time.Duration, bool) { return 0, false }
