package vfs

import (
	"errors"
	"io"
)

// ShortWrite is what the hook of [NewFault] returns for an OpWrite that shall
// write its first N bytes before it fails with Err. For any other kind of
// operation it is an error like all others.
//
//nolint:errname // It tells the wrapper what to do, and callers see it as Err.
type ShortWrite struct {
	N   int   // Between 0 and the length of the write; what lies outside is taken as the nearest of these.
	Err error // Must not be nil.
}

// Error returns the text of Err.
func (e *ShortWrite) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *ShortWrite) Unwrap() error { return e.Err }

// NewFault returns an FS that calls hook before each operation on fs and on the
// files that it opens. If hook returns an error, the operation is not done and
// returns that error, with these exceptions:
//
//   - A write whose error is a [*ShortWrite] is done in part.
//   - Close, of a file or of a lock, is done all the same, so that nothing leaks.
//   - A failed Sync of a file that is a [SyncFailer] has its SyncFailed called.
//
// The hook is called from whichever goroutines use the FS, at once if they do,
// and holds no lock of fs: it may use fs itself, or take a crash image of it.
// Operations on fs that do not go through the wrapper are not seen.
func NewFault(fs FS, hook func(Op) error) FS {
	return faultFS{fs: fs, hook: hook}
}

// faultFS asks hook first and fs then.
type faultFS struct {
	fs   FS
	hook func(Op) error
}

func (f faultFS) Open(name string) (File, error) {
	return f.open(OpOpen, name, f.fs.Open)
}

func (f faultFS) OpenWrite(name string) (File, error) {
	return f.open(OpOpenWrite, name, f.fs.OpenWrite)
}

func (f faultFS) Create(name string) (File, error) {
	return f.open(OpCreate, name, f.fs.Create)
}

func (f faultFS) open(kind OpKind, name string, open func(string) (File, error)) (File, error) {
	if err := f.hook(Op{Kind: kind, Name: name}); err != nil {
		return nil, err
	}
	file, err := open(name)
	if err != nil {
		return nil, err
	}
	return &faultFile{file: file, name: name, hook: f.hook}, nil
}

func (f faultFS) Remove(name string) error {
	if err := f.hook(Op{Kind: OpRemove, Name: name}); err != nil {
		return err
	}
	return f.fs.Remove(name)
}

func (f faultFS) RemoveAll(name string) error {
	if err := f.hook(Op{Kind: OpRemoveAll, Name: name}); err != nil {
		return err
	}
	return f.fs.RemoveAll(name)
}

func (f faultFS) Rename(oldName, newName string) error {
	if err := f.hook(Op{Kind: OpRename, Name: oldName, NewName: newName}); err != nil {
		return err
	}
	return f.fs.Rename(oldName, newName)
}

func (f faultFS) MkdirAll(name string) error {
	if err := f.hook(Op{Kind: OpMkdirAll, Name: name}); err != nil {
		return err
	}
	return f.fs.MkdirAll(name)
}

func (f faultFS) ReadDir(name string) ([]string, error) {
	if err := f.hook(Op{Kind: OpReadDir, Name: name}); err != nil {
		return nil, err
	}
	return f.fs.ReadDir(name)
}

func (f faultFS) Stat(name string) (Info, error) {
	if err := f.hook(Op{Kind: OpStat, Name: name}); err != nil {
		return Info{}, err
	}
	return f.fs.Stat(name)
}

func (f faultFS) SyncDir(name string) error {
	if err := f.hook(Op{Kind: OpSyncDir, Name: name}); err != nil {
		return err
	}
	return f.fs.SyncDir(name)
}

func (f faultFS) Lock(name string) (io.Closer, error) {
	if err := f.hook(Op{Kind: OpLock, Name: name}); err != nil {
		return nil, err
	}
	c, err := f.fs.Lock(name)
	if err != nil {
		return nil, err
	}
	return &faultLock{lock: c, name: name, hook: f.hook}, nil
}

// faultLock is a lock whose release is an operation too.
type faultLock struct {
	lock io.Closer
	name string
	hook func(Op) error
}

func (l *faultLock) Close() error {
	return errors.Join(l.hook(Op{Kind: OpUnlock, Name: l.name}), l.lock.Close())
}
