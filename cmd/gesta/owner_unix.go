//go:build unix

package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall"

	"github.com/gestadb/gesta/store/eventjson"
)

// refuseForeign refuses a store that was found, rather than named, and belongs to another user: whoever can plant a
// directory above one's own must not choose what one reads and writes. Under sudo the one who called counts as well.
func refuseForeign(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at %s: %w", dir, err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	owner, self := uint64(stat.Uid), uint64(os.Geteuid())
	if owner == self {
		return nil
	}
	if caller, err := strconv.ParseUint(os.Getenv("SUDO_UID"), 10, 32); err == nil && self == 0 && owner == caller {
		return nil
	}
	return &eventjson.Error{
		Code: eventjson.CodeDenied, File: dir,
		Message: fmt.Sprintf("%s belongs to another user (%d)", dir, owner),
		Hint:    "if you trust it, name the directory itself: --store " + dir,
	}
}
