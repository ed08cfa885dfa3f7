//go:build !linux

package machine

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// DropFile is for Linux.
func DropFile(string) error {
	return fmt.Errorf("drop from the page cache: %w", errors.ErrUnsupported)
}

// onDisk returns the length of a file: what its blocks take is not asked.
func onDisk(info fs.FileInfo) int64 { return info.Size() }

// ProcessorOf is for Linux.
func ProcessorOf(int) (time.Duration, error) {
	return 0, fmt.Errorf("read the processor time of a process: %w", errors.ErrUnsupported)
}
