package javascript

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"
)

// maxCalls is how deep calls of JavaScript may be nested. Where built-in functions are among them, giving up takes the square of it.
const maxCalls = 1000

// source is a file that was compiled.
type source struct {
	name     string
	compiled *goja.Program
	lossy    bool
}

// compile reads a file; what is wrong with it is told with its line.
func compile(name, text string) (*source, *failure) {
	tree, err := parser.ParseFile(nil, name, text, 0, parser.WithDisableSourceMaps)
	if err != nil {
		f := &failure{event: -1, message: err.Error()}
		var list parser.ErrorList
		if errors.As(err, &list) && len(list) > 0 {
			f.line, f.message = list[0].Position.Line, list[0].Message
		}
		return nil, f
	}
	compiled, err := goja.CompileAST(tree, false)
	if err != nil {
		f := &failure{event: -1, message: err.Error()}
		if syntax, ok := errors.AsType[*goja.CompilerSyntaxError](err); ok {
			f.message = syntax.Message
			if syntax.File != nil {
				f.line = syntax.File.Position(syntax.Offset).Line
			}
		}
		return nil, f
	}
	return &source{name: name, compiled: compiled, lossy: saysLossy(text)}, nil
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
	handlers map[string]goja.Callable
	any      goja.Callable
	init     goja.Callable
	state    tree
	stopped  *failure // by fatal; the first one counts
}

// begin runs a file, and its $init.
func begin(s *source, started func(*goja.Runtime)) (*program, *failure) {
	p := &program{source: s, vm: goja.New(), handlers: map[string]goja.Callable{}}
	p.state = tree{vm: p.vm, fatal: p.fatal}
	started(p.vm)
	p.setUp()
	if _, err := p.vm.RunProgram(s.compiled); err != nil || p.stopped != nil {
		return nil, p.failed(-1, err)
	}
	if len(p.handlers) == 0 && p.any == nil && p.init == nil {
		return nil, &failure{event: -1, message: "the file does not say when({...}) with a handler"}
	}
	var state goja.Value = p.vm.NewObject()
	if p.init != nil {
		v, err := p.init(goja.Undefined())
		if err != nil || p.stopped != nil {
			return nil, p.failed(-1, err)
		}
		if !goja.IsUndefined(v) {
			state = v
		}
	}
	if err := p.state.reset(state); err != nil || p.stopped != nil {
		return nil, p.failed(-1, err)
	}
	return p, nil
}

// apply calls the handler of an event, and takes down what it did. It returns false where there is none.
func (p *program) apply(i int, e sentEvent) (bool, *failure) {
	handler := p.handlers[e.typ]
	if handler == nil {
		handler = p.any
	}
	p.state.ops, p.state.count = p.state.ops[:0], 0
	if handler == nil {
		return false, nil
	}
	seen := p.vm.NewDynamicObject(&event{sentEvent: e, p: p, members: map[string]goja.Value{}})
	returned, err := handler(goja.Undefined(), p.state.root, seen)
	if err == nil && p.stopped == nil {
		err = p.state.commit(returned)
	}
	if err != nil || p.stopped != nil {
		return false, p.failed(i, err)
	}
	return true, nil
}

// fatal ends what runs, in a way that JavaScript cannot catch.
func (p *program) fatal(kind error, message string) {
	if p.stopped == nil {
		p.stopped = &failure{kind: kind, message: message, line: p.line(p.vm.CaptureCallStack(0, nil))}
	}
	p.vm.Interrupt(kind)
}

// line returns the innermost line of the file in a stack.
func (p *program) line(stack []goja.StackFrame) int {
	for i := range stack {
		if stack[i].SrcName() == p.name && stack[i].Position() != (file.Position{}) {
			return stack[i].Position().Line
		}
	}
	return 0
}

// failed says what ended an event.
func (p *program) failed(event int, err error) *failure {
	if p.stopped != nil {
		p.stopped.event = event
		return p.stopped
	}
	f := &failure{event: event}
	var thrown *goja.Exception
	var interrupted *goja.InterruptedError
	var overflow *goja.StackOverflowError
	switch {
	case errors.As(err, &overflow):
		f.kind, f.line = ErrDepth, p.line(overflow.Stack())
	case errors.As(err, &interrupted):
		f.kind, f.line = ErrTime, p.line(interrupted.Stack())
	case errors.As(err, &thrown):
		f.message, f.line = thrownText(thrown), p.line(thrown.Stack())
	case errors.Is(err, ErrState):
		f.kind, f.message = ErrState, strings.TrimPrefix(err.Error(), ErrState.Error()+": ")
	case errors.Is(err, ErrMemory):
		f.kind = ErrMemory
	default:
		f.message = err.Error()
	}
	return f
}

// thrownText returns what was thrown. Making a text of it must not run JavaScript again, which might throw.
func thrownText(e *goja.Exception) string {
	o, ok := e.Value().(*goja.Object)
	if !ok {
		return fmt.Sprintf("threw %s", e.Value())
	}
	if o.ClassName() != "Error" {
		return "threw an object"
	}
	text := e.Error()
	if line, _, more := strings.Cut(text, "\n"); more {
		text = line
	}
	return text
}

// setUp makes the world of the file: what a projection has, and neither a clock nor chance.
func (p *program) setUp() {
	vm := p.vm
	vm.SetMaxCallStackSize(maxCalls)
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
			f, ok := goja.AssertFunction(o.Get(name))
			if !ok {
				panic(p.vm.NewTypeError("the handler %s is not a function", name))
			}
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
