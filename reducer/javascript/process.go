package javascript

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// process is the child as the parent sees it. Only kill may be called beside the others.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	errs    *bufio.Reader
	patient time.Duration // for how long it may be silent while it owes an answer

	owed  int // marks that it makes before the next batch
	buf   []byte
	ended sync.Once

	mu      sync.Mutex // guards what follows
	killed  bool
	silence bool // it was killed because it said nothing
}

// start starts a child for a file.
func start(name string, source []byte, o Options) (*process, error) {
	cmd := exec.CommandContext(context.Background(), o.Program, childMark)
	cmd.Env = []string{"TZ=UTC", "GOTRACEBACK=none"}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the process of %s: %w", name, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the process of %s: %w", name, err)
	}
	errs, err := cmd.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("start the process of %s: %w", name, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the process of %s: %w", name, err)
	}
	p := &process{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 64<<10), errs: bufio.NewReader(errs)}
	p.patient = o.Time + (grace+aliveTicks)*tick + 200*time.Millisecond
	b := appendText(newFrame(nil), name)
	b = appendText(b, source)
	b = binary.AppendUvarint(b, uint64(max(1, o.Time/tick))) //nolint:gosec // positive
	b = binary.AppendUvarint(b, uint64(o.Memory))            //nolint:gosec // positive
	if err := p.send(frameSource, b); err != nil {
		p.end()
		return nil, fmt.Errorf("start the process of %s: %w", name, err)
	}
	p.owed++
	return p, nil
}

// send sends a frame; it waits where the child does not read, until it is killed.
func (p *process) send(kind byte, b []byte) error {
	defer p.watch()()
	return writeFrame(p.in, kind, b)
}

// receive waits for a frame. Its payload is valid until the next one.
func (p *process) receive() (kind byte, payload []byte, err error) {
	for {
		done := p.watch()
		kind, p.buf, err = readFrame(p.out, p.buf)
		done()
		if err != nil || kind != frameAlive {
			return kind, p.buf, err
		}
	}
}

// watch kills the process unless what it returns is called in time.
func (p *process) watch() (done func()) {
	t := time.AfterFunc(p.patient, func() {
		p.mu.Lock()
		p.silence = true
		p.mu.Unlock()
		p.kill()
	})
	return func() { t.Stop() }
}

// kill ends the process at once. It may be called at any time and by anyone; end still has to be called.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.killed {
		p.killed = true
		_ = p.cmd.Process.Kill() // one that has ended is what is wanted
	}
}

// end kills the process and waits until it is gone.
func (p *process) end() {
	p.ended.Do(func() {
		_ = p.in.Close()
		p.kill()
		_ = p.cmd.Wait() // that it was killed is known
	})
}

// done forgets the marks of what the child is done with.
func (p *process) done(marks int) error {
	defer p.watch()()
	for range marks {
		c, err := p.errs.ReadByte()
		if err != nil {
			return err
		}
		if c != mark {
			return errFrame
		}
	}
	return nil
}

// death says why the process ended, when reading from it or writing to it brought an error, and how many events it had begun with since the marks that were read. It kills and reaps it.
func (p *process) death(cause error) (begun int, err error) {
	_ = p.in.Close()
	p.mu.Lock()
	silence := p.silence
	p.mu.Unlock()
	if !errors.Is(cause, io.EOF) {
		p.kill()
	}
	done := p.watch() // one that closed its output and lives on
	last, _ := io.ReadAll(io.LimitReader(p.errs, 64<<10))
	done()
	p.end()
	begun = len(last) - len(bytes.TrimLeft(last, string(mark)))
	text := strings.TrimSpace(string(last[begun:]))
	switch {
	case silence:
		return begun, ErrTime
	case outOfMemory(text):
		return begun, ErrMemory
	case strings.Contains(text, "stack overflow"):
		return begun, ErrDepth
	case text == "":
		return begun, fmt.Errorf("the process that runs JavaScript ended: %w", cause)
	}
	first, _, _ := strings.Cut(text, "\n")
	return begun, fmt.Errorf("the process that runs JavaScript ended: %.200s", first)
}

// outOfMemory says whether what the runtime, or its race detector, said last is that it got no memory.
func outOfMemory(text string) bool {
	for _, says := range []string{"out of memory", "cannot allocate memory", "failed to allocate", "address space", "failed to create new OS thread"} {
		if strings.Contains(text, says) {
			return true
		}
	}
	return false
}
