//go:build !unix

package webassembly

import "os"

// isPrivate says whether a directory is one. Who may write to it is not said by its mode on such systems: the directory of the user's caches is the user's there.
func isPrivate(dir string) bool {
	info, err := os.Lstat(dir)
	return err == nil && info.IsDir()
}
