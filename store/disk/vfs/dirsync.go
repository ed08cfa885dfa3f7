//go:build !windows

package vfs

import (
	"errors"
	"os"
)

// syncDir calls fsync on the directory.
func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
