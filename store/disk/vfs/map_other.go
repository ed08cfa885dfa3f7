//go:build !(linux || darwin || freebsd || netbsd || dragonfly)

package vfs

import (
	"errors"
	"fmt"
)

// Map returns errors.ErrUnsupported: on this system files are read with ReadAt.
func (f osFile) Map(int64) (Mapping, error) {
	return nil, fmt.Errorf("map %s: %w", f.Name(), errors.ErrUnsupported)
}
