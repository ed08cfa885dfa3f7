package webassembly

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tetratelabs/wazero/sys"

	"github.com/gestadb/gesta/reducer/sandbox"
)

const (
	longestText   = 2 << 10 // of an error, in bytes
	longestStderr = 8 << 10 // that are kept of what a module prints
)

// moduleError is what a module did wrong, with the place in its source where that is known.
type moduleError struct {
	message string
	file    string
	line    int
}

func (e *moduleError) Error() string { return e.message }

// told returns the problem that the module tells.
func (i *instance) told() error {
	place, err := i.call(i.problem, 0)
	if err != nil {
		return err
	}
	var p struct {
		Message, File string
		Line          int
	}
	text, ok := i.memory.Read(uint32(place>>32), min(uint32(place), longestStderr))
	if !ok || json.Unmarshal(text, &p) != nil || p.Message == "" {
		return errors.New("the reducer failed without saying why")
	}
	return &moduleError{message: bounded(p.Message), file: bounded(p.File), line: max(p.Line, 0)}
}

// why returns what ended a call.
func (i *instance) why(err error) error {
	switch cause := context.Cause(i.ctx); {
	case cause == nil:
	case errors.Is(cause, errOverflow):
		return crashed(i.stderr.String(), cause.Error())
	case errors.Is(cause, errEventTime) && i.last:
		return fmt.Errorf("%w: %v is the limit for all events together", sandbox.ErrTime, i.options.FoldTime)
	case errors.Is(cause, errEventTime):
		return fmt.Errorf("%w: %v is the limit", sandbox.ErrTime, i.options.EventTime)
	}
	if exit, ok := errors.AsType[*sys.ExitError](err); ok {
		return crashed(i.stderr.String(), fmt.Sprintf("the reducer ended itself with exit code %d", exit.ExitCode()))
	}
	first, _, _ := strings.Cut(err.Error(), "\n") // a trace of functions that nobody wrote follows
	return crashed(i.stderr.String(), first)
}

// inGo finds the places in a stack trace of Go.
var inGo = regexp.MustCompile(`(?m)^\t(\S+\.go):(\d+)`)

// crashed makes an error of what a module printed before it ended, or says otherwise.
func crashed(printed, otherwise string) error {
	e := &moduleError{message: bounded(otherwise)}
	for line := range strings.Lines(printed) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			e.message = bounded(line)
			break
		}
	}
	if m := placeIn(printed); m != nil {
		e.file = bounded(m[1])
		e.line, _ = strconv.Atoi(m[2]) // it is digits
	}
	return e
}

// placeIn returns the innermost file and line in a stack trace that are not Go's own, as the second and the third text; nil for none.
func placeIn(printed string) []string {
	for _, m := range inGo.FindAllStringSubmatch(printed, -1) {
		if !strings.HasPrefix(m[1], "runtime/") {
			return m
		}
	}
	return nil
}

// bounded shortens a text.
func bounded(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= longestText {
		return text
	}
	cut := longestText
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// head keeps the beginning of what is written to it.
type head struct {
	b    []byte
	full func() // unless nil, called once the stack that overflowed is known
}

// overflow is what Go prints before the trace of a stack that is too deep, all of which it then walks, for seconds.
const overflow = "fatal error: stack overflow\n"

func (h *head) Write(p []byte) (int, error) {
	h.b = append(h.b, p[:min(len(p), longestStderr-len(h.b))]...)
	if h.full != nil && bytes.Contains(h.b, []byte(overflow)) && placeIn(h.String()) != nil {
		h.full()
		h.full = nil
	}
	return len(p), nil
}

func (h *head) String() string { return string(h.b) }
