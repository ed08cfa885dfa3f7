//go:build linux || darwin || freebsd || netbsd || dragonfly

package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"syscall"
)

// Map maps the file for reading; on systems with 32-bit addresses, and when the process has maxMappings, it returns errors.ErrUnsupported.
func (f osFile) Map(size int64) (Mapping, error) {
	if strconv.IntSize < 64 {
		return nil, fmt.Errorf("map %s: %w with 32-bit addresses", f.Name(), errors.ErrUnsupported)
	}
	if mapped.full() {
		return nil, fmt.Errorf("map %s: %w beside %d mappings", f.Name(), errors.ErrUnsupported, maxMappings)
	}
	have, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size <= 0 || size > have {
		return nil, &fs.PathError{Op: "map", Path: f.Name(), Err: fmt.Errorf("%d bytes of %d", size, have)}
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	var b []byte
	var mapErr error
	closed := conn.Control(func(fd uintptr) {
		b, mapErr = syscall.Mmap(int(fd), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	})
	if closed != nil {
		return nil, &fs.PathError{Op: "map", Path: f.Name(), Err: fs.ErrClosed}
	}
	if mapErr != nil {
		return nil, &fs.PathError{Op: "map", Path: f.Name(), Err: mapErr}
	}
	return &osMapping{bytes: b, region: mapped.add(b, f.Name())}, nil
}

// osMapping is a mapping by the operating system.
type osMapping struct {
	bytes  []byte
	region *region
}

func (m *osMapping) Bytes() []byte { return m.bytes }

func (m *osMapping) Advise(off, n int, a Advice) {
	off, end := max(off, 0), min(off+n, len(m.bytes))
	off -= off % pageSize
	if off < end {
		advise(m.bytes[off:end], a)
	}
}

func (m *osMapping) Close() error {
	mapped.remove(m.region)
	b := m.bytes
	m.bytes = nil
	return syscall.Munmap(b)
}

var pageSize = syscall.Getpagesize()
