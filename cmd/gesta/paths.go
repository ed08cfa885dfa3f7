package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/gestadb/gesta/store/eventjson"
)

// misnamed are what the system says of a path that cannot be what it is given for: a file where a directory is wanted, or a name
// that is none.
var misnamed = []error{
	fs.ErrNotExist, fs.ErrExist, syscall.ENOTDIR, syscall.EISDIR, syscall.ENAMETOOLONG, syscall.ELOOP, syscall.EINVAL,
}

// pathFailed is err about a path that a person named, after the step that failed: how it is named is usage, and what ails the
// machine may be over later. What has a code of its own, such as a permission that is missing, keeps it.
func pathFailed(step string, err error) error {
	err = fmt.Errorf("%s: %w", step, err)
	d := eventjson.Describe(err)
	if d.Code != eventjson.CodeInternal {
		return err
	}
	var path *fs.PathError
	var link *os.LinkError
	var call *os.SyscallError
	if !errors.As(err, &path) && !errors.As(err, &link) && !errors.As(err, &call) {
		return err
	}
	d.Code = eventjson.CodeUnavailable
	for _, m := range misnamed {
		if errors.Is(err, m) {
			d.Code = eventjson.CodeUsage
		}
	}
	return &d
}
