//go:build !unix

package machine

import (
	"errors"
	"fmt"
	"time"
)

// CPUTime is for unix systems.
func CPUTime() (time.Duration, error) {
	return 0, fmt.Errorf("read CPU time: %w", errors.ErrUnsupported)
}
