//go:build unix

package webassembly

import (
	"os"
	"syscall"
)

// isPrivate says whether a directory belongs to the user, and no other one may write to it.
func isPrivate(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o022 != 0 {
		return false
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(owner.Uid) == os.Geteuid()
}
