package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/javascript"
	"github.com/gestadb/gesta/reducer/webassembly"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/open"
)

// reducersDir is the directory, inside of that of a store, of the reducers that go by categories.
const reducersDir = "reducers"

// maxReducerBytes bounds a file that is a reducer.
const maxReducerBytes = 64 << 20

// reducers finds the rules by which states are folded: those of --reducer, else those of the categories. A file counts as it is when it is first asked for. It may be used
// by several goroutines.
type reducers struct {
	name  string // that of --reducer, empty for none
	dir   string // of those that go by categories; empty for none
	base  string // what a relative path is relative to
	files *reducerFiles

	mu    sync.Mutex
	found map[string]*keptReducer // by path, those that there are not as nil; nil once they were given back
}

// mostFound bounds what is remembered of an answer about any number of categories, that there is no file for them.
const mostFound = 1000

func newReducers(name, dir, base string, files *reducerFiles) *reducers {
	return &reducers{name: name, dir: dir, base: base, files: files, found: map[string]*keptReducer{}}
}

// closable is a reducer that holds what has to be freed.
type closable interface {
	reducer.Reducer
	io.Closer
}

// reducers returns those for a command line.
func (e *env) reducers(ctx context.Context, name string) (*reducers, error) {
	r := newReducers(name, "", e.dir, newReducerFiles())
	url, err := e.storeURL()
	if err != nil {
		return nil, err
	}
	if path, isPath := open.Path(url); isPath {
		r.dir = filepath.Join(path, reducersDir)
	}
	e.atEnd = append(e.atEnd, r.close)
	if name == "" || r.isMergePatch() {
		return r, nil
	}
	_, err = r.named(ctx, name) // so that a misspelt one is told before anything is read
	return r, err
}

// close frees what the reducers hold, those for requests too.
func (r *reducers) close() error {
	r.giveBack()
	return r.files.close()
}

// giveBack gives back what was found. Nothing is found from then on.
func (r *reducers) giveBack() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.found {
		if k != nil {
			r.files.give(k)
		}
	}
	r.found = nil
}

func (r *reducers) isMergePatch() bool {
	return r.name == "mergepatch" || r.name == reducer.MergePatchIdentity
}

// entries returns what is in the directory of the store, nothing where there is none.
func (r *reducers) entries() ([]fs.DirEntry, error) {
	if r.dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(r.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look for reducers: %w", err)
	}
	return entries, nil
}

// Identity says by which rules answers about many streams are made: one identity, or where they go by categories each with its own.
func (r *reducers) Identity(ctx context.Context) (string, error) {
	if r.name != "" {
		rule, err := r.Choose(ctx, "")
		if err != nil {
			return "", err
		}
		return rule.Identity(), nil
	}
	var parts []string
	entries, err := r.entries()
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		category, isJS := strings.CutSuffix(entry.Name(), ".js")
		if !isJS {
			var isWasm bool
			if category, isWasm = strings.CutSuffix(entry.Name(), ".wasm"); !isWasm {
				continue
			}
		}
		rule, err := r.inDir(ctx, category)
		if err != nil {
			return "", err
		}
		if part := category + "=" + rule.Identity(); !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return strings.Join(append(parts, reducer.MergePatchIdentity), ","), nil
}

// Choose returns the reducer for a target: a stream, or tag: and a tag.
func (r *reducers) Choose(ctx context.Context, target string) (reducer.Reducer, error) {
	switch {
	case r.isMergePatch():
		return reducer.MergePatch(), nil
	case r.name != "":
		return r.named(ctx, r.name)
	case r.dir == "" || strings.HasPrefix(target, "tag:"):
		return reducer.MergePatch(), nil
	}
	category := store.Category(target)
	if category == "" || !filepath.IsLocal(category) || strings.ContainsAny(category, `/\`) {
		return reducer.MergePatch(), nil
	}
	rule, err := r.inDir(ctx, category)
	if rule == nil && err == nil {
		rule = reducer.MergePatch()
	}
	return rule, err
}

// named returns the reducer of --reducer: a file, or a name of one in the directory of the store.
func (r *reducers) named(ctx context.Context, name string) (reducer.Reducer, error) {
	if strings.ContainsRune(name, filepath.Separator) || filepath.Ext(name) == ".js" || filepath.Ext(name) == ".wasm" {
		path := name
		if !filepath.IsAbs(path) {
			path = filepath.Join(r.base, path)
		}
		rule, err := r.file(ctx, path)
		if rule == nil && err == nil {
			err = notFoundf("--reducer names a .js or .wasm file, or one in the reducers of the store by its name", "there is no file %s", path)
		}
		return rule, err
	}
	if r.dir != "" && filepath.IsLocal(name) {
		if rule, err := r.inDir(ctx, name); rule != nil || err != nil {
			return rule, err
		}
	}
	hint := "there is mergepatch; a file ends in .js or .wasm"
	if r.dir != "" { // the rules of a store on a server are the server's
		hint += ", or stands in " + r.dir
	}
	return nil, usageHint(hint, "there is no reducer %q", name)
}

// forRequest returns the rules by which a server answers a request: name is that of a reducer in the directory of the store, and never a path; empty
// leaves the choice to the categories. A file counts as it is when the request first needs it, and for all of the request, which lasts until ctx is done. What there is not
// leaves no trace, as names come from anyone.
func (r *reducers) forRequest(ctx context.Context, name string) (answers.Rules, error) {
	own := newReducers("", r.dir, r.base, r.files)
	context.AfterFunc(ctx, own.giveBack)
	if name == "" {
		return own, nil
	}
	if r.dir != "" && filepath.IsLocal(name) && filepath.Base(name) == name {
		if rule, err := own.inDir(ctx, name); rule != nil || err != nil {
			return answers.One{Reducer: rule}, err
		}
	}
	return nil, notFoundf("there is mergepatch, and what its owner put into the directory reducers of the store", "there is no reducer %q", name)
}

// maxFileName is how long the name of a file can be in bytes, with its extension: names of streams can be longer.
const maxFileName = 255

// inDir returns the reducer of a name in the directory of the store, nil where there is none.
func (r *reducers) inDir(ctx context.Context, name string) (reducer.Reducer, error) {
	if len(name) > maxFileName-len(".wasm") {
		return nil, nil
	}
	for _, ext := range []string{".js", ".wasm"} {
		if rule, err := r.file(ctx, filepath.Join(r.dir, name+ext)); rule != nil || err != nil {
			return rule, err
		}
	}
	return nil, nil
}

// file returns the reducer that a file is, nil where there is no file.
func (r *reducers) file(ctx context.Context, path string) (reducer.Reducer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.found == nil {
		return nil, context.Canceled
	}
	k, ok := r.found[path]
	if !ok {
		var err error
		if err = ctx.Err(); err == nil {
			k, err = r.files.take(path, func(info fs.FileInfo) (closable, error) { return r.load(path, info) })
		}
		if err != nil {
			return nil, err
		}
		if k != nil || len(r.found) < mostFound {
			r.found[path] = k
		}
	}
	if k == nil {
		return nil, nil
	}
	return k.rule, nil
}

func (r *reducers) load(path string, info fs.FileInfo) (closable, error) {
	if !info.Mode().IsRegular() {
		return nil, usagef("%s is no reducer: it is %s, and a reducer is a regular file", path, kindOf(info.Mode()))
	}
	if filepath.Dir(path) == r.dir { // it was found, rather than named
		if err := refuseForeign(path); err != nil {
			return nil, err
		}
	}
	text, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	if filepath.Ext(path) == ".wasm" {
		rule, err := webassembly.New(filepath.Base(path), text, webassembly.Options{CacheDir: compiledDir()})
		if err != nil {
			return nil, reducerError(path, err)
		}
		return rule, nil
	}
	rule, err := javascript.New(filepath.Base(path), text, javascript.Options{})
	if err != nil {
		return nil, reducerError(path, err)
	}
	return rule, nil
}

// kindOf says what is there that is not a regular file.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}

// readBounded reads a file that is to be a reducer.
func readBounded(path string) (text []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open a reducer: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if text, err = io.ReadAll(io.LimitReader(f, maxReducerBytes+1)); err != nil {
		return nil, fmt.Errorf("read a reducer: %w", err)
	}
	if len(text) > maxReducerBytes {
		return nil, usagef("%s is no reducer: it has more than %d MiB", path, maxReducerBytes>>20)
	}
	return text, nil
}

// compiledDir is where modules are kept that were compiled, as that takes seconds; empty where the system names no place.
func compiledDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "gesta", "webassembly")
}

// reducerError says what is wrong with a file that is to be a reducer.
func reducerError(path string, err error) error {
	e := &eventjson.Error{Code: eventjson.CodeReducer, File: path, Message: err.Error()}
	if source, ok := errors.AsType[*javascript.SourceError](err); ok {
		e.Line = int64(source.Line)
	}
	return e
}
