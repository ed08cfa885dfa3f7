package sqldb_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what has to come. It is long for machines that are busy.
const patience = 30 * time.Second

// process is this test binary as a process that projects.
type process struct {
	t       *testing.T
	orders  orders
	cmd     *exec.Cmd
	in      io.Writer
	problem bytes.Buffer
	dead    bool
	ended   chan struct{} // closed when it says nothing any more

	mu    sync.Mutex
	said  map[string]int // guarded by mu; how often it has said what, but for what was heard
	spoke chan struct{}  // of one: it has said something
}

// start starts a process. It ends with the test at the latest, however that ends: it sees the end of its standard input.
func start(t *testing.T, o orders) *process {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, orders: o, cmd: exec.CommandContext(t.Context(), os.Args[0]), ended: make(chan struct{}), said: map[string]int{}, spoke: make(chan struct{}, 1)}
	p.cmd.Env = append(os.Environ(), killedProjection+"="+string(text))
	p.cmd.Stderr = &p.problem
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		p.in, err = p.cmd.StdinPipe()
	}
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go p.listen(out)
	t.Cleanup(p.kill)
	return p
}

// listen takes note of what the process says.
func (p *process) listen(out io.Reader) {
	defer close(p.ended)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		p.mu.Lock()
		p.said[lines.Text()]++
		p.mu.Unlock()
		select {
		case p.spoke <- struct{}{}:
		default:
		}
	}
}

// hear says whether the process has said a line, once for each time. That it has ended is a failure.
func (p *process) hear(line string) bool {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.said[line] > 0 {
		p.said[line]--
		return true
	}
	select {
	case <-p.ended:
		p.kill()
		p.t.Fatalf("the process ended before it said %q", line)
	default:
	}
	return false
}

// await waits until the process says a line.
func (p *process) await(line string) {
	p.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for !p.hear(line) {
		select {
		case <-p.spoke:
		case <-p.ended: // hear tells, or has heard it before
		case <-late.C:
			p.mu.Lock()
			defer p.mu.Unlock()
			p.t.Fatalf("the process has not said %q in %v, but %v", line, patience, p.said)
		}
	}
}

// kill ends the process with SIGKILL, which it cannot see coming. That it had ended by itself is a failure.
func (p *process) kill() {
	p.t.Helper()
	if p.dead {
		return
	}
	p.dead = true
	_ = p.cmd.Process.Kill() // it fails when it has ended, which Wait tells
	<-p.ended                // Wait closes the pipe, and may come only after all is read
	if err := p.cmd.Wait(); err == nil || p.cmd.ProcessState.Exited() {
		p.t.Errorf("the process was not killed: %v\n%s", err, &p.problem)
	}
}
