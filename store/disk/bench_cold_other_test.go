//go:build !linux

package disk_test

import (
	"errors"
	"os"
	"time"
)

func cpuTime() time.Duration { return 0 }

func majorFaults() int64 { return 0 }

func dontReadAhead(*os.File) {}

func forgetPages(*os.File) error { return errors.ErrUnsupported }
