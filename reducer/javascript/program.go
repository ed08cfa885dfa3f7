package javascript

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
)

// maxCalls is how deep calls of JavaScript may be nested. Where built-in functions are among them, giving up takes the square of it.
const maxCalls = 1000

// source is a file that was compiled.
type source struct {
	name     string
	text     string
	compiled *goja.Program
	lossy    bool
}

// compile reads a file; what is wrong with it is told with its line.
func compile(name, text string) (*source, *failure) {
	tree, err := parser.ParseFile(nil, name, text, 0, parser.WithDisableSourceMaps)
	if err != nil {
		f := &failure{message: err.Error()}
		var list parser.ErrorList
		if errors.As(err, &list) && len(list) > 0 {
			f.line, f.message = list[0].Position.Line, list[0].Message
		}
		return nil, f
	}
	compiled, err := goja.CompileAST(tree, false)
	if err != nil {
		f := &failure{message: err.Error()}
		if syntax, ok := errors.AsType[*goja.CompilerSyntaxError](err); ok {
			f.message = syntax.Message
			if syntax.File != nil {
				f.line = syntax.File.Position(syntax.Offset).Line
			}
		}
		return nil, f
	}
	return &source{name: name, text: text, compiled: compiled, lossy: saysLossy(text)}, nil
}

// saysLossy says whether a line of the file is the comment that takes numbers as they come.
func saysLossy(text string) bool {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "//"); ok && strings.Join(strings.Fields(rest), " ") == "gesta: lossy-numbers" {
			return true
		}
	}
	return false
}

// program is a file that runs, with the state that it makes.
type program struct {
	*source
	vm       *goja.Runtime
	handlers map[string]*handler
	any      *handler
	init     *handler
	running  *handler // or the one that ran last; nil for the file itself
	state    tree
	rejected []*goja.Promise // and nothing has taken the error
	stopped  *failure        // by fatal; the first one counts
}

// handler is a function of the file.
type handler struct {
	call     goja.Callable
	function *goja.Object
}

// begin runs a file, and its $init.
func begin(s *source, started func(*goja.Runtime)) (*program, *failure) {
	p := &program{source: s, vm: goja.New(), handlers: map[string]*handler{}}
	p.state = tree{
		vm: p.vm, fatal: p.fatal, line: func() int { return p.line(p.vm.CaptureCallStack(0, nil)) },
		objectProto: p.vm.NewObject().Prototype(), listProto: p.vm.NewArray().Prototype(),
	}
	started(p.vm)
	p.setUp()
	if _, err := p.vm.RunProgram(s.compiled); err != nil || p.stopped != nil || len(p.rejected) > 0 {
		return nil, p.failed(cmp.Or(err, errRejected))
	}
	if len(p.handlers) == 0 && p.any == nil && p.init == nil {
		return nil, &failure{message: "the file does not say when({...}) with a handler"}
	}
	var state goja.Value = p.vm.NewObject()
	if p.init != nil {
		v, err := p.run(p.init)
		if err != nil || p.stopped != nil {
			return nil, p.failed(err)
		}
		if !goja.IsUndefined(v) {
			state = v
		}
	}
	if err := p.state.reset(state); err != nil || p.stopped != nil {
		return nil, p.failed(err)
	}
	return p, nil
}

// apply calls the handler of an event, and takes down what it did. It returns false where there is none.
func (p *program) apply(e sentEvent) (bool, *failure) {
	h := p.handlers[e.typ]
	if h == nil {
		h = p.any
	}
	p.state.ops.Reset()
	if h == nil {
		return false, nil
	}
	seen := p.vm.NewDynamicObject(&event{sentEvent: e, p: p, members: map[string]goja.Value{}})
	returned, err := p.run(h, p.state.root, seen)
	if err == nil && p.stopped == nil {
		err = p.state.commit(returned)
	}
	if err != nil || p.stopped != nil {
		return false, p.failed(err)
	}
	return true, nil
}

// run calls a handler. What a promise was rejected with is thrown, unless something took it.
func (p *program) run(h *handler, args ...goja.Value) (goja.Value, error) {
	p.running = h
	returned, err := h.call(goja.Undefined(), args...)
	if err == nil && len(p.rejected) > 0 {
		err = errRejected
	}
	return returned, err
}

var errRejected = errors.New("a promise was rejected, and nothing has taken the error; handlers do not wait")

// setUp makes the world of the file: what a projection has, and neither a clock nor chance.
func (p *program) setUp() {
	vm := p.vm
	vm.SetMaxCallStackSize(maxCalls)
	vm.SetPromiseRejectionTracker(func(promise *goja.Promise, is goja.PromiseRejectionOperation) {
		if is == goja.PromiseRejectionReject {
			p.rejected = append(p.rejected, promise)
		} else {
			p.rejected = slices.DeleteFunc(p.rejected, func(r *goja.Promise) bool { return r == promise })
		}
	})
	vm.SetTimeSource(func() time.Time {
		p.fatal(ErrForbidden, "there is no clock; the event has its own time, created")
		return time.Unix(0, 0)
	})
	vm.SetRandSource(func() float64 {
		p.fatal(ErrForbidden, "there is no randomness")
		return 0
	})
	forbid := func(name, why string) func(goja.FunctionCall) goja.Value {
		return func(goja.FunctionCall) goja.Value {
			p.fatal(ErrForbidden, name+": "+why)
			return goja.Undefined()
		}
	}
	nothing := func(goja.FunctionCall) goja.Value { return goja.Undefined() }
	chain := vm.NewObject()
	same := func(goja.FunctionCall) goja.Value { return chain }
	global := map[string]func(goja.FunctionCall) goja.Value{"log": nothing, "options": p.options, "when": p.when(chain)}
	for _, name := range []string{"fromAll", "fromStream", "fromStreams", "fromCategory", "fromCategories"} {
		global[name] = same
	}
	for _, name := range []string{"emit", "linkTo", "linkStreamTo", "copyTo"} {
		global[name] = forbid(name, "a reducer makes a state, and no events")
	}
	next := map[string]func(goja.FunctionCall) goja.Value{"when": p.when(chain), "foreachStream": same, "outputState": same, "outputTo": same}
	for _, name := range []string{"partitionBy", "transformBy", "filterBy"} {
		next[name] = forbid(name, "whoever folds says which events make a state, and the state is what the handlers make")
	}
	for _, name := range slices.Sorted(maps.Keys(global)) {
		_ = vm.Set(name, global[name]) // a new object takes it
	}
	for _, name := range slices.Sorted(maps.Keys(next)) {
		_ = chain.Set(name, next[name]) // as does this
	}
}

// options takes what does not change the state.
func (p *program) options(call goja.FunctionCall) goja.Value {
	if o, ok := call.Argument(0).(*goja.Object); ok {
		if v := o.Get("biState"); v != nil && v.ToBoolean() {
			p.fatal(ErrForbidden, "biState: a reducer has one state")
		}
	}
	return goja.Undefined()
}

// when takes the handlers.
func (p *program) when(chain *goja.Object) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		o, ok := call.Argument(0).(*goja.Object)
		if !ok {
			panic(p.vm.NewTypeError("when takes an object of handlers"))
		}
		if len(p.handlers) > 0 || p.any != nil || p.init != nil {
			panic(p.vm.NewTypeError("when is said twice"))
		}
		for _, name := range o.Keys() {
			v := o.Get(name)
			call, ok := goja.AssertFunction(v)
			if !ok {
				panic(p.vm.NewTypeError("the handler %s is not a function", name))
			}
			f := &handler{call, v.ToObject(p.vm)}
			switch name {
			case "$init":
				p.init = f
			case "$any":
				p.any = f
			case "$initShared", "$created", "$deleted":
				p.fatal(ErrForbidden, name+": a reducer has $init, $any, and handlers of types")
			default:
				p.handlers[name] = f
			}
		}
		return chain
	}
}
