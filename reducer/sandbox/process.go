package sandbox

import (
	"bufio"
	"bytes"
	"context"
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
	language *Language
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Reader
	errs     *bufio.Reader
	patient  time.Duration // for how long it may be silent while it owes an answer

	fresh bool // it has no source yet
	owed  int  // marks that it makes before the next batch
	buf   []byte
	ended sync.Once

	mu      sync.Mutex // guards what follows
	killed  bool
	silence bool // it was killed because it said nothing
}

// start starts a child.
func start(l *Language, o *Options) (*process, error) {
	cmd := exec.CommandContext(context.Background(), o.Program, childMark)
	cmd.Env = []string{"TZ=UTC", "GOTRACEBACK=none"}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	errs, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{language: l, cmd: cmd, in: in, out: bufio.NewReaderSize(out, 64<<10), errs: bufio.NewReader(errs), fresh: true}
	p.patient = o.Time + (grace+aliveTicks)*tick + 200*time.Millisecond
	return p, nil
}

// give gives the child the source.
func (p *process) give(r *Reducer) error {
	b := AppendText(newFrame(nil), p.language.Name)
	b = AppendText(b, r.name)
	b = AppendText(b, r.source)
	b = AppendText(b, r.options.Config)
	p.owed++
	return p.send(frameSource, r.options.appendLimits(b))
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
func (p *process) death(cause error) (begun int, f *Failure) {
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
		return begun, &Failure{Kind: ErrTime}
	case outOfMemory(text):
		return begun, &Failure{Kind: ErrMemory}
	case strings.Contains(text, "stack overflow"):
		return begun, &Failure{Kind: ErrDepth}
	case text == "":
		text = p.cmd.ProcessState.String() // such as that the system has killed it
	}
	first, _, _ := strings.Cut(text, "\n")
	return begun, &Failure{Message: fmt.Sprintf("the process that runs %s ended: %s", p.language.Name, Clean(first, 200))}
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
