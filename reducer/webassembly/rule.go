package webassembly

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/gestadb/gesta/reducer/sandbox"
	"github.com/gestadb/gesta/store"
)

// Language is WebAssembly for [sandbox.RunChild].
var Language = sandbox.Language{
	Name:        "WebAssembly",
	Errors:      []error{store.ErrInvalid},
	Erased:      true,
	AppendEvent: appendEvent,
	Compile: func(s sandbox.Source) (sandbox.Rule, *sandbox.Failure) {
		r, err := newRule(s)
		if err != nil {
			return nil, failure(err)
		}
		return r, nil
	},
}

// rule is a module that was compiled. It has one instance at a time.
type rule struct {
	options  Options
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	memory   linear
	program  *program // nil before the first
}

func newRule(s sandbox.Source) (*rule, error) {
	o, err := readConfig(s.Config)
	if err != nil {
		return nil, err
	}
	r := &rule{options: o}
	if cached := openCache(o.CacheDir, s.Text); cached != nil {
		if err := r.compile(s.Text, cached.cache); err == nil {
			cached.keep()
			return r, r.link()
		}
		cached.drop() // whatever is wrong with it
	}
	if err := r.compile(s.Text, nil); err != nil {
		return nil, err
	}
	return r, r.link()
}

// compile makes machine code of a module, or takes it from a cache.
func (r *rule) compile(module []byte, cache wazero.CompilationCache) (err error) {
	ctx := context.Background()
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(r.options.pages()).WithCloseOnContextDone(true).WithDebugInfoEnabled(false)
	if cache != nil {
		config = config.WithCompilationCache(cache)
	}
	r.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	parallel := experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0))
	if r.compiled, err = r.runtime.CompileModule(parallel, module); err != nil {
		return invalidf("is not a valid WebAssembly module within %d MiB of memory: %s", r.options.Memory>>20, bounded(err.Error()))
	}
	return nil
}

// link checks what the module has, and makes what it imports.
func (r *rule) link() error {
	if err := checkInterface(r.compiled); err != nil {
		return err
	}
	if _, err := wasi_snapshot_preview1.Instantiate(context.Background(), r.runtime); err != nil {
		return fmt.Errorf("make what reducers import: %w", err)
	}
	return nil
}

// Begin begins a fold in an instance of its own. Calls have their own watch, which knows where the module is.
func (r *rule) Begin(func(func())) (sandbox.Program, *sandbox.Failure) {
	if r.program != nil {
		r.program.instance.close()
		r.program = nil
	}
	i, err := r.instantiate()
	if err != nil {
		return nil, failure(err)
	}
	r.program = &program{instance: i}
	return r.program, nil
}

// failure returns an error as it is told.
func failure(err error) *sandbox.Failure {
	f := &sandbox.Failure{Message: err.Error()}
	if m, ok := errors.AsType[*moduleError](err); ok {
		f.Message, f.File, f.Line = m.message, m.file, m.line
	}
	for kind, says := range map[error]string{sandbox.ErrDepth: "stack overflow", sandbox.ErrMemory: "out of memory"} {
		if f.Kind == nil && strings.Contains(f.Message, says) {
			f.Kind = kind
		}
	}
	for _, kind := range []error{store.ErrInvalid, sandbox.ErrTime} {
		if errors.Is(err, kind) {
			f.Kind, f.Message = kind, strings.TrimPrefix(f.Message, kind.Error()+": ")
		}
	}
	return f
}
