//go:build !linux

package vfs

import "os"

// syncData writes all of the file: there is no fdatasync to be had.
func syncData(f *os.File) error { return f.Sync() }
