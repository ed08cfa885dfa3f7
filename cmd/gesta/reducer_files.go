package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// reducerFiles keeps the reducers that files are, each for as long as its file stays what it is. It may be used by several goroutines.
type reducerFiles struct {
	clock func() time.Time

	mu     sync.Mutex
	now    map[string]*keptReducer   // by path
	open   map[*keptReducer]struct{} // those, and those of files that are others by now, while somebody has them
	closed bool
}

// keptReducer is a reducer that a file was when it was read. It is read by who needs it first; who needs it meanwhile waits, and nobody else does.
type keptReducer struct {
	info    fs.FileInfo
	settled bool                     // the file was not written just before it was looked at
	load    func() (closable, error) // reads the file, once
	rule    closable                 // what it read; guarded by the mu of its reducerFiles, and fixed for those who were given it
	users   int                      // guarded by the same
	stale   bool                     // guarded by the same; the file is another one by now, or none
}

func newReducerFiles() *reducerFiles {
	return &reducerFiles{clock: time.Now, now: map[string]*keptReducer{}, open: map[*keptReducer]struct{}{}}
}

// take returns the reducer that a file is now, nil where there is no file. Who takes one gives it back. load reads the file.
func (f *reducerFiles) take(path string, load func(fs.FileInfo) (closable, error)) (*keptReducer, error) {
	k, err := f.find(path, load)
	if k == nil || err != nil {
		return nil, err
	}
	rule, err := k.load()
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && f.closed {
		err = fs.ErrClosed
		if k.rule == nil { // close did not know it
			k.rule, err = rule, errors.Join(err, rule.Close())
		}
	}
	if err != nil {
		if f.now[path] == k { // the next who needs it tries again
			delete(f.now, path)
		}
		delete(f.open, k)
		return nil, err
	}
	k.rule = rule
	return k, nil
}

// find returns what is kept of a file as it is now, to be loaded, nil where there is no file. Its users count who asks.
func (f *reducerFiles) find(path string, load func(fs.FileInfo) (closable, error)) (*keptReducer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look for a reducer: %w", err)
	}
	k := f.now[path]
	if k != nil && (err != nil || !k.is(info)) {
		k.stale = true
		f.drop(k)
		delete(f.now, path)
		k = nil
	}
	if err != nil {
		return nil, nil
	}
	if k == nil {
		k = &keptReducer{info: info, settled: f.clock().Sub(info.ModTime()).Abs() > settling, load: sync.OnceValues(func() (closable, error) { return load(info) })}
		f.now[path], f.open[k] = k, struct{}{}
	}
	k.users++
	return k, nil
}

// settling is how long after a file was written another writing may leave its time as it is: more than a tick of the clock of any file system, of which FAT's are the longest.
const settling = 2 * time.Second

// is says whether a file is what it was, as far as its size, time and place on the disk tell.
func (k *keptReducer) is(now fs.FileInfo) bool {
	return k.settled && k.info.Size() == now.Size() && k.info.ModTime().Equal(now.ModTime()) && os.SameFile(k.info, now)
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

// close closes all, whoever has them. Nothing can be taken from then on.
func (f *reducerFiles) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	var errs []error
	for k := range f.open {
		if k.rule != nil {
			errs = append(errs, k.rule.Close())
		}
	}
	clear(f.open)
	clear(f.now)
	return errors.Join(errs...)
}
