package javascript

import (
	"bufio"
	"encoding/binary"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/dop251/goja"
)

// childMark is the argument that makes a program the child.
const childMark = "javascript-reducer-child"

// IsChild says whether a program was started, with these arguments and its name before them, to run JavaScript for another one: then its main has to do nothing else than [RunChild].
func IsChild(args []string) bool { return len(args) == 2 && args[1] == childMark }

// RunChild runs JavaScript for the process that started this one, which says so on in and is answered on out; errs tells it how far this came. It returns when in ends, and calls
// exit when a handler takes too long or too much. It changes the process: it has UTC and less memory from then on.
func RunChild(in io.Reader, out, errs io.Writer, exit func(code int)) {
	time.Local = time.UTC
	debug.SetMaxStack(64 << 20)
	debug.SetGCPercent(200)
	c := &child{out: out, errs: errs, exit: exit}
	frames := make(chan frame, 1)
	go receive(in, frames)
	for f := range frames {
		if !c.handle(f.kind, f.payload) {
			return
		}
	}
}

type frame struct {
	kind    byte
	payload []byte
}

// receive reads frames, so that the parent can send the next events while the child is busy.
func receive(in io.Reader, to chan<- frame) {
	defer close(to)
	r := bufio.NewReader(in)
	for {
		kind, payload, err := readFrame(r, nil)
		if err != nil {
			return
		}
		to <- frame{kind, payload}
	}
}

// child runs the programs of one file, one after the other.
type child struct {
	errs io.Writer
	exit func(int)

	writing sync.Mutex // guards out
	out     io.Writer
	buf     []byte

	source  *source
	program *program
	failed  bool // the program ended: nothing is answered until the next one begins
	watch   watch
}

// handle does what the parent says. It returns false when that makes no sense, or it cannot be answered.
func (c *child) handle(kind byte, payload []byte) bool {
	r := reader{b: payload}
	switch {
	case kind == frameSource && c.source == nil:
		name, text := string(r.text()), string(r.text())
		ticks, memory := r.uint(), r.uint()
		return r.end() == nil && c.compile(name, text, int64(ticks), int64(memory)) //nolint:gosec // options of the parent
	case c.source == nil:
		return false
	case kind == frameBegin:
		return c.begin()
	case c.failed:
		return true // this was sent before it knew
	case kind == frameEvents && c.program != nil:
		return c.events(&r)
	case kind == frameAsk && c.program != nil:
		return c.sendState()
	}
	return false
}

func (c *child) compile(name, text string, ticks, memory int64) bool {
	limitMemory(memory)
	c.watch.start(c, ticks, memory)
	if !c.enter(-1) {
		return false
	}
	s, f := compile(name, text)
	c.watch.leave()
	if f != nil {
		_ = c.sendFailure(f)
		return false
	}
	c.source = s
	return true
}

// enter says that an event, or the source, begins.
func (c *child) enter(event int) bool {
	if _, err := c.errs.Write([]byte{mark}); err != nil {
		return false
	}
	c.watch.enter(event)
	return true
}

func (c *child) begin() bool {
	c.program, c.failed = nil, false
	if !c.enter(-1) {
		return false
	}
	p, f := begin(c.source, func(vm *goja.Runtime) { c.watch.vm.Store(vm) })
	c.watch.leave()
	if f != nil {
		c.failed = true
		return c.sendFailure(f)
	}
	c.program = p
	return c.sendState()
}

// events applies a batch, and answers.
func (c *child) events(r *reader) bool {
	wanted, n := r.flag(), r.count()
	c.program.state.mute = !wanted
	steps, count := newFrame(nil), 0
	flush := func() bool {
		b := binary.AppendUvarint(newFrame(c.buf), uint64(count)) //nolint:gosec // a length
		b = append(b, steps[5:]...)
		c.buf, steps, count = b[:0], steps[:5], 0
		return c.send(frameSteps, b) == nil
	}
	for i := range n {
		e := readEvent(r)
		if r.bad || !c.enter(i) {
			return false
		}
		applied, f := c.program.apply(i, e)
		c.watch.leave()
		if f != nil {
			c.failed = true
			return (count == 0 || flush()) && c.sendFailure(f)
		}
		steps = appendFlag(steps, applied)
		if wanted {
			steps = binary.AppendUvarint(steps, uint64(c.program.state.count)) //nolint:gosec // a length
			steps = appendText(steps, c.program.state.ops)
		}
		if count++; len(steps) > flushSteps && !flush() {
			return false
		}
	}
	return r.end() == nil && (count == 0 || flush())
}

func (c *child) sendState() bool {
	b := newFrame(c.buf)
	b = appendJSON(b, c.program.state.root)
	c.buf = b[:0]
	return c.send(frameState, b) == nil
}

func (c *child) sendFailure(f *failure) bool {
	return c.send(frameFailure, f.append(newFrame(nil))) == nil
}

func (c *child) send(kind byte, b []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return writeFrame(c.out, kind, b)
}
