package guest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// rule is what a program folds by.
type rule interface {
	begin() error
	apply(*Event) (applied bool, err error)
	state() any
}

// What the functions of the interface return; see package webassembly.
const (
	skipped int32 = 0 // also: it went well
	applied int32 = 1
	failed  int32 = -1
)

// machine is a rule at work, as a host drives it.
type machine struct {
	rule    rule
	twice   bool // it was told to fold by two
	begun   bool
	buffer  []byte // where the host writes
	text    bytes.Buffer
	problem []byte
}

// program is the machine of this program. It is one goroutine's: a host calls one function at a time.
var program machine

func register(r rule) {
	program.twice = program.twice || program.rule != nil
	program.rule = r
}

// room returns memory for an event of n bytes.
func (m *machine) room(n int) []byte {
	if n > len(m.buffer) {
		m.buffer = make([]byte, max(n, 2*len(m.buffer), 4<<10))
	}
	return m.buffer
}

// begin makes the state before the first event.
func (m *machine) begin() int32 {
	return m.guard(func() (int32, error) {
		switch {
		case m.rule == nil:
			return failed, errors.New("the program has no fold: call guest.Fold or guest.Decider in an init function")
		case m.twice:
			return failed, errors.New("the program has two folds: call guest.Fold or guest.Decider once")
		}
		m.begun = true
		return skipped, m.rule.begin()
	})
}

// apply folds the event in the first n bytes of the buffer.
func (m *machine) apply(n int) int32 {
	return m.guard(func() (int32, error) {
		if !m.begun || n < 0 || n > len(m.buffer) {
			return failed, errors.New("the host calls functions out of order")
		}
		var e Event
		if err := decode(m.buffer[:n], &e); err != nil {
			return failed, err
		}
		ok, err := m.rule.apply(&e)
		if !ok {
			return skipped, err
		}
		return applied, err
	})
}

// state returns the state as JSON, nil where there is a problem. It is valid until the next call.
func (m *machine) state() []byte {
	m.text.Reset()
	status := m.guard(func() (int32, error) {
		if !m.begun {
			return failed, errors.New("the host calls functions out of order")
		}
		encoder := json.NewEncoder(&m.text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(m.rule.state()); err != nil {
			return failed, fmt.Errorf("write the state as JSON: %w", err)
		}
		return skipped, nil
	})
	if status == failed {
		return nil
	}
	return bytes.TrimSuffix(m.text.Bytes(), []byte("\n"))
}

// problemText is a problem as the host reads it.
type problemText struct {
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
}

// guard calls f, and makes a problem of its error or its panic.
func (m *machine) guard(f func() (int32, error)) (status int32) {
	defer func() {
		if r := recover(); r != nil {
			file, line := panicked()
			status = m.fail(problemText{Message: fmt.Sprintf("panic: %v", r), File: file, Line: line})
		}
	}()
	status, err := f()
	if err != nil {
		return m.fail(problemText{Message: err.Error()})
	}
	return status
}

// longestMessage bounds the bytes of a message.
const longestMessage = 1 << 10

func (m *machine) fail(p problemText) int32 {
	if len(p.Message) > longestMessage {
		p.Message = strings.ToValidUTF8(p.Message[:longestMessage], "") + "…"
	}
	m.problem, _ = json.Marshal(p) // it is texts and a number
	return failed
}

// panicked returns where the panic that is being recovered from began: the innermost place that is not Go's own.
func panicked() (file string, line int) {
	pc := make([]uintptr, 64)
	frames := runtime.CallersFrames(pc[:runtime.Callers(1, pc)])
	for inPanic, more := false, true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		own := strings.HasPrefix(frame.Function, "runtime.")
		if inPanic && !own {
			return frame.File, frame.Line
		}
		inPanic = inPanic || frame.Function == "runtime.gopanic"
	}
	return "", 0
}
