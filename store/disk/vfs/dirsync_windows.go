package vfs

import "os"

// syncDir checks that the directory is there. Windows cannot sync one.
func syncDir(name string) error {
	_, err := os.ReadDir(name)
	return err
}
