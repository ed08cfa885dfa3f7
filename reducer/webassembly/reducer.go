package webassembly

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/gestadb/gesta/reducer"
)

// identityPrefix is followed by the SHA-256 of the module.
const identityPrefix = "webassembly/1:"

// Identity returns what a reducer made of the module has as its identity.
func Identity(module []byte) string {
	sum := sha256.Sum256(module)
	return identityPrefix + hex.EncodeToString(sum[:])
}

// Reducer folds events by a module, which it has compiled once. It may be used by any number of goroutines.
type Reducer struct {
	identity string
	options  Options
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	cache    wazero.CompilationCache // nil without a directory
}

// Compile makes a reducer of a module, which takes a second or so for one made of Go. A module that cannot be a reducer is a [store.ErrInvalid]. What it
// returns has to be closed.
func Compile(ctx context.Context, module []byte, o Options) (*Reducer, error) {
	if err := checkMagic(module); err != nil {
		return nil, err
	}
	o.setDefaults()
	r := &Reducer{identity: Identity(module), options: o}
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(o.pages()).WithCloseOnContextDone(true).WithDebugInfoEnabled(false)
	if o.CacheDir != "" {
		var err error
		if r.cache, err = wazero.NewCompilationCacheWithDir(o.CacheDir); err != nil {
			return nil, fmt.Errorf("open the cache of compiled reducers: %w", err)
		}
		config = config.WithCompilationCache(r.cache)
	}
	r.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if err := r.compile(ctx, module); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Reducer) compile(ctx context.Context, module []byte) (err error) {
	parallel := experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0))
	if r.compiled, err = r.runtime.CompileModule(parallel, module); err != nil {
		return invalidf("is not a valid WebAssembly module within %d MiB of memory: %s", r.options.Memory>>20, bounded(err.Error()))
	}
	if err := checkInterface(r.compiled); err != nil {
		return err
	}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r.runtime); err != nil {
		return fmt.Errorf("make what reducers import: %w", err)
	}
	return nil
}

// Identity returns the version of the interface and the SHA-256 of the module.
func (r *Reducer) Identity() string { return r.identity }

// New begins a fold in an instance of its own. An error says what the module did wrong before the first event.
func (r *Reducer) New(ctx context.Context) (reducer.Fold, error) {
	i, err := r.instantiate(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin a state by the reducer: %w", err)
	}
	f := &fold{instance: i}
	if err := f.sync(); err != nil {
		i.close()
		return nil, fmt.Errorf("begin a state by the reducer: %w", err)
	}
	return f, nil
}

// Close ends all folds that are not closed, and frees the compiled module.
func (r *Reducer) Close() error {
	ctx := context.Background()
	err := r.runtime.Close(ctx)
	if r.cache != nil {
		err = errors.Join(err, r.cache.Close(ctx))
	}
	return err
}
