package javascript

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/file"
)

// fatal ends what runs, in a way that JavaScript cannot catch.
func (p *program) fatal(kind error, message string) {
	if p.stopped == nil {
		p.stopped = &failure{kind: kind, message: message, line: p.state.line()}
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
func (p *program) failed(err error) *failure {
	f := p.stopped
	if f == nil {
		f = p.failure(err)
	}
	if f.line == 0 {
		f.line = p.lineOfHandler()
	}
	return f
}

func (p *program) failure(err error) *failure {
	f := &failure{}
	var thrown *goja.Exception
	var interrupted *goja.InterruptedError
	var overflow *goja.StackOverflowError
	var state *stateError
	switch {
	case errors.As(err, &overflow):
		f.kind, f.line = ErrDepth, p.line(overflow.Stack())
	case errors.As(err, &interrupted):
		f.kind, f.line = ErrTime, p.line(interrupted.Stack())
	case errors.As(err, &thrown):
		f.message, f.line = p.thrownText(thrown), p.line(thrown.Stack())
	case errors.As(err, &state):
		f.kind, f.message, f.line = ErrState, state.message, state.line
	case errors.Is(err, errRejected):
		f.message = p.rejectedText()
	case errors.Is(err, ErrMemory):
		f.kind = ErrMemory
	default:
		f.message = err.Error()
	}
	return f
}

// lineOfHandler returns the line where the handler that ran begins: where its text stands once in the file.
func (p *program) lineOfHandler() int {
	if p.running == nil {
		return 0
	}
	line := 0
	_ = p.state.protect(func() { // without the line there is none
		text := p.running.function.String()
		if at := strings.Index(p.text, text); at >= 0 && strings.Count(p.text, text) == 1 {
			line = 1 + strings.Count(p.text[:at], "\n")
		}
	})
	return line
}

// thrownText returns what was thrown. That may run JavaScript again, which may throw, and may take too long: then it says less.
func (p *program) thrownText(e *goja.Exception) string {
	o, ok := e.Value().(*goja.Object)
	if !ok {
		return "threw " + e.Value().String()
	}
	said := p.member(o, "message")
	if o.ClassName() != "Error" {
		if said == "" {
			return "threw an object"
		}
		return "threw an object: " + said
	}
	name := p.member(o, "name")
	switch {
	case name == "":
		name = "Error"
	case said == "":
		return name
	}
	return fmt.Sprintf("%s: %s", clean(name), said)
}

// member returns a member of what was thrown, where it is a text that can be had.
func (p *program) member(o *goja.Object, name string) string {
	text := ""
	_ = p.state.protect(func() { // a text that cannot be had is empty
		if s, ok := o.Get(name).(goja.String); ok {
			text = s.String()
		}
	})
	return text
}

// rejectedText returns what a promise was rejected with, of the first one.
func (p *program) rejectedText() string {
	why := p.rejected[0].Result()
	if o, ok := why.(*goja.Object); ok {
		return fmt.Sprintf("%v: %s", errRejected, p.member(o, "message"))
	}
	return fmt.Sprintf("%v: %v", errRejected, why)
}
