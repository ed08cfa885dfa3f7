//go:build linux

package machine

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// DropFile takes the bytes of a file out of the page cache, after syncing it.
func DropFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("drop from the page cache: %w", err)
	}
	defer f.Close()
	if err := unix.Fdatasync(int(f.Fd())); err != nil {
		return fmt.Errorf("drop from the page cache: sync %s: %w", name, err)
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("drop from the page cache: advise %s: %w", name, err)
	}
	return nil
}

// onDisk returns the bytes of the blocks that a file has.
func onDisk(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return info.Size()
}
