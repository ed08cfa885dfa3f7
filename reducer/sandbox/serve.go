package sandbox

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"time"
)

// childMark is the argument that makes a program the child.
const childMark = "gesta-reducer-child"

// IsChild says whether a program was started, with these arguments and its name before them, to run reducers for another one: then its main has to do nothing else than [RunChild].
func IsChild(args []string) bool { return len(args) == 2 && args[1] == childMark }

// RunChild runs sources in one of the languages for the process that started this one, which says so on in and is answered on out; errs tells it how far this came. It returns when in ends, and calls
// exit when something takes too long or too much. It changes the process: it has UTC and less memory from then on, and does not hear interrupts, which are for the one that started it.
func RunChild(in io.Reader, out, errs io.Writer, exit func(code int), languages ...*Language) {
	time.Local = time.UTC
	debug.SetMaxStack(64 << 20)
	debug.SetGCPercent(200)
	signal.Ignore(os.Interrupt)
	c := &child{languages: languages, out: out, errs: errs, exit: exit}
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

// child runs the programs of one source, one after the other.
type child struct {
	languages []*Language
	errs      io.Writer
	exit      func(int)

	writing sync.Mutex // guards out
	out     io.Writer
	buf     []byte

	language *Language // that of the source
	rule     Rule
	program  Program
	failed   bool // the program ended: nothing is answered until the next one begins
	watch    watch
}

// handle does what the parent says. It returns false when that makes no sense, or it cannot be answered.
func (c *child) handle(kind byte, payload []byte) bool {
	r := Reader{b: payload}
	switch {
	case kind == frameSource && c.language == nil:
		return c.source(&r)
	case c.rule == nil:
		return false
	case kind == frameBegin:
		return c.begin()
	case c.failed:
		return true // this was sent before it knew
	case kind == frameEvents && c.program != nil:
		return c.events(&r)
	case kind == frameAsk && c.program != nil:
		return c.state(-1)
	}
	return false
}

// source compiles the source.
func (c *child) source(r *Reader) bool {
	name := string(r.Text())
	s := Source{Name: string(r.Text()), Text: r.Text(), Config: r.Text()}
	c.watch.limits = readLimits(r)
	if r.End() != nil {
		return false
	}
	c.language = &Language{Name: name}
	for _, l := range c.languages {
		if l.Name == name {
			c.language = l
		}
	}
	if c.language.Compile == nil {
		_ = c.sendFailure(-1, &Failure{Message: fmt.Sprintf("the program that is to run it does not run %s: its main does not give that language to RunChild", name)})
		return false
	}
	limitMemory(c.watch.limits.memory)
	c.watch.compiling.Store(true)
	c.watch.start(c)
	if !c.enter(-1) {
		return false
	}
	rule, f := c.language.Compile(s)
	c.watch.leave()
	c.watch.compiling.Store(false)
	if f != nil {
		_ = c.sendFailure(-1, f)
		return false
	}
	c.rule = rule
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
	p, f := c.rule.Begin(func(interrupt func()) { c.watch.interrupt.Store(&interrupt) })
	c.watch.leave()
	if f != nil {
		c.failed = true
		return c.sendFailure(-1, f)
	}
	c.program = p
	return c.state(-1)
}

// events applies a batch, and answers.
func (c *child) events(r *Reader) bool {
	wanted, n := r.Flag(), r.Count()
	steps, count := newFrame(nil), 0
	flush := func() bool {
		b := binary.AppendUvarint(newFrame(c.buf), uint64(count)) //nolint:gosec // a length
		b = append(b, steps[5:]...)
		c.buf, steps, count = b[:0], steps[:5], 0
		return c.send(frameSteps, b) == nil
	}
	for i := range n {
		e := r.Text()
		if r.bad || !c.enter(i) {
			return false
		}
		applied, f := c.program.Apply(e, wanted)
		c.watch.leave()
		if f != nil {
			c.failed = true
			return (count == 0 || flush()) && c.sendFailure(i, f)
		}
		steps = AppendFlag(steps, applied)
		if wanted {
			steps = c.program.Changes().append(steps)
		}
		if count++; len(steps) > flushSteps && !flush() {
			return false
		}
	}
	return r.End() == nil && (count == 0 || flush())
}

// state sends the state.
func (c *child) state(event int) bool {
	c.watch.enter(event)
	b, f := c.program.AppendState(newFrame(c.buf))
	c.watch.leave()
	if f != nil {
		c.failed = true
		return c.sendFailure(event, f)
	}
	c.buf = b[:0]
	return c.send(frameState, b) == nil
}

func (c *child) sendFailure(event int, f *Failure) bool {
	return c.send(frameFailure, f.append(newFrame(nil), c.language, event)) == nil
}

func (c *child) send(kind byte, b []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return writeFrame(c.out, kind, b)
}
