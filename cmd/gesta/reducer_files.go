package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// reducerFiles keeps the reducers that files are, each for as long as its file stays what it is. It may be used by several goroutines.
type reducerFiles struct {
	mu   sync.Mutex
	now  map[string]*keptReducer   // by path
	open map[*keptReducer]struct{} // those, and those of files that are others by now, while somebody has them
}

// keptReducer is a reducer that a file was when it was read.
type keptReducer struct {
	rule  closable
	info  fs.FileInfo
	users int  // guarded by the mu of its reducerFiles
	stale bool // guarded by the same; the file is another one by now
}

func newReducerFiles() *reducerFiles {
	return &reducerFiles{now: map[string]*keptReducer{}, open: map[*keptReducer]struct{}{}}
}

// take returns the reducer that a file is now, nil where there is no file. Who takes one gives it back. load reads the file.
func (f *reducerFiles) take(path string, load func(fs.FileInfo) (closable, error)) (*keptReducer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look for a reducer: %w", err)
	}
	k := f.now[path]
	if k != nil && (err != nil || !sameFile(k.info, info)) {
		k.stale = true
		f.drop(k)
		delete(f.now, path)
		k = nil
	}
	if err != nil {
		return nil, nil
	}
	if k == nil {
		rule, err := load(info)
		if err != nil {
			return nil, err
		}
		k = &keptReducer{rule: rule, info: info}
		f.now[path], f.open[k] = k, struct{}{}
	}
	k.users++
	return k, nil
}

// sameFile says whether a file is what it was, as far as its size, time and place on the disk tell.
func sameFile(was, is fs.FileInfo) bool {
	return was.Size() == is.Size() && was.ModTime().Equal(is.ModTime()) && os.SameFile(was, is)
}

// give gives one back.
func (f *reducerFiles) give(k *keptReducer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k.users--
	f.drop(k)
}

// drop closes what nobody has any more, and nobody will.
func (f *reducerFiles) drop(k *keptReducer) {
	if _, open := f.open[k]; open && k.stale && k.users == 0 {
		delete(f.open, k)
		_ = k.rule.Close() // it was right when it was used
	}
}

// close closes all, whoever has them.
func (f *reducerFiles) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for k := range f.open {
		errs = append(errs, k.rule.Close())
	}
	clear(f.open)
	clear(f.now)
	return errors.Join(errs...)
}
