package vfs

import (
	"errors"
	"fmt"
)

// faultFile is a file of a faultFS.
type faultFile struct {
	file File
	name string
	hook func(Op) error
}

func (f *faultFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.hook(Op{Kind: OpRead, Name: f.name, Offset: off, Length: int64(len(p))}); err != nil {
		return 0, err
	}
	return f.file.ReadAt(p, off)
}

func (f *faultFile) WriteAt(p []byte, off int64) (int, error) {
	err := f.hook(Op{Kind: OpWrite, Name: f.name, Offset: off, Length: int64(len(p))})
	if err == nil {
		return f.file.WriteAt(p, off)
	}
	var short *ShortWrite
	if !errors.As(err, &short) {
		return 0, err
	}
	n, writeErr := f.file.WriteAt(p[:min(max(short.N, 0), len(p))], off)
	if writeErr != nil {
		return n, errors.Join(short.Err, writeErr)
	}
	return n, short.Err
}

func (f *faultFile) Close() error {
	return errors.Join(f.hook(Op{Kind: OpClose, Name: f.name}), f.file.Close())
}

func (f *faultFile) Sync() error {
	if err := f.hook(Op{Kind: OpSync, Name: f.name}); err != nil {
		f.SyncFailed()
		return err
	}
	return f.file.Sync()
}

// SyncFailed hands on to the file below, so that wrappers can be stacked.
func (f *faultFile) SyncFailed() {
	if s, ok := f.file.(SyncFailer); ok {
		s.SyncFailed()
	}
}

func (f *faultFile) Truncate(size int64) error {
	if err := f.hook(Op{Kind: OpTruncate, Name: f.name, Length: size}); err != nil {
		return err
	}
	return f.file.Truncate(size)
}

func (f *faultFile) Size() (int64, error) {
	if err := f.hook(Op{Kind: OpSize, Name: f.name}); err != nil {
		return 0, err
	}
	return f.file.Size()
}

// Map maps the file below, if that can be. What is read through the mapping is no operation: no hook sees it.
func (f *faultFile) Map(size int64) (Mapping, error) {
	if err := f.hook(Op{Kind: OpMap, Name: f.name, Length: size}); err != nil {
		return nil, err
	}
	m, ok := f.file.(Mapper)
	if !ok {
		return nil, fmt.Errorf("map %s: %w", f.name, errors.ErrUnsupported)
	}
	return m.Map(size)
}
