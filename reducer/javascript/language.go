package javascript

import (
	"github.com/dop251/goja"

	"github.com/gestadb/gesta/reducer/sandbox"
)

// Language is JavaScript for [sandbox.RunChild].
var Language = sandbox.Language{
	Name:        "JavaScript",
	Errors:      []error{ErrForbidden, ErrNumber, ErrName, ErrState},
	AppendEvent: appendEvent,
	Compile: func(s sandbox.Source) (sandbox.Rule, *sandbox.Failure) {
		compiled, f := compile(s.Name, string(s.Text))
		return compiled, f.told()
	},
}

// Begin runs the file, and its $init.
func (s *source) Begin(interruptible func(func())) (sandbox.Program, *sandbox.Failure) {
	p, f := begin(s, func(vm *goja.Runtime) { interruptible(func() { vm.Interrupt(ErrTime) }) })
	return p, f.told()
}

// Apply calls the handler of an event.
func (p *program) Apply(b []byte, wanted bool) (bool, *sandbox.Failure) {
	r := sandbox.NewReader(b)
	e := readEvent(r)
	if err := r.End(); err != nil {
		return false, &sandbox.Failure{Message: err.Error()}
	}
	p.state.mute = !wanted
	applied, f := p.apply(e)
	return applied, f.told()
}

// Changes returns what the latest event did to the state.
func (p *program) Changes() *sandbox.Changes { return &p.state.ops }

// AppendState appends the state.
func (p *program) AppendState(dst []byte) ([]byte, *sandbox.Failure) {
	return appendJSON(dst, p.state.root), nil
}
