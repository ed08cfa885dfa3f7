package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is the path of gesta.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "gesta-load-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "gesta")
	out, err := exec.CommandContext(context.Background(), "go", "build", "-o", program, "../../cmd/gesta").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "build gesta: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// process is a gesta serve that runs.
type process struct {
	t       *testing.T
	cmd     *exec.Cmd
	url     string // http://127.0.0.1:PORT
	address string // 127.0.0.1:PORT
	log     output
	ended   chan error // gets what became of it, once
}

// output keeps the end of what is written to it.
type output struct {
	mu   sync.Mutex
	text []byte
}

// Write keeps the last 64 KiB.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, b...)
	if over := len(o.text) - 64<<10; over > 0 {
		o.text = append([]byte(nil), o.text[over:]...)
	}
	return len(b), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}

// start serves the store in a directory until the test ends.
func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p := &process{t: t, ended: make(chan error, 1)}
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), program, append([]string{"serve", "--store", dir, "--listen", "127.0.0.1:0"}, args...)...)
	p.cmd.Stderr = &p.log
	p.cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var says struct{ Serving []string }
	if err == nil {
		err = json.Unmarshal(line, &says)
	}
	if err != nil || len(says.Serving) != 1 {
		_ = p.cmd.Process.Kill()
		t.Fatalf("gesta serve says %q, %v, %v\n%s", line, err, p.cmd.Wait(), &p.log)
	}
	p.url = says.Serving[0]
	p.address = strings.TrimPrefix(p.url, "http://")
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // where it did not end
	return p
}

// terminate ends it in good order.
func (p *process) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		if err != nil {
			p.t.Errorf("after SIGTERM gesta serve ends with %v\n%s", err, &p.log)
		}
	case <-time.After(time.Minute):
		p.t.Errorf("gesta serve does not end\n%s", &p.log)
	}
}

// kill ends it with kill -9.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	if err := <-p.ended; err == nil {
		p.t.Log("it had ended by itself")
	}
}

// usage is what memory a process has, in bytes.
type usage struct{ total, own int64 } // own is all but what files are mapped

// used reads the memory of a process; false where the system does not tell.
func (p *process) used() (usage, bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/status")
	if err != nil {
		return usage{}, false
	}
	var u usage
	for line := range strings.Lines(string(text)) {
		var n int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &n); err == nil {
			u.total = n << 10
		} else if _, err := fmt.Sscanf(line, "RssAnon: %d kB", &n); err == nil {
			u.own += n << 10
		} else if _, err := fmt.Sscanf(line, "RssShmem: %d kB", &n); err == nil {
			u.own += n << 10
		}
	}
	return u, u.total > 0
}

// run runs a command of gesta that must succeed, and returns its output.
func run(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("gesta %q: %v\n%s%s", args, err, out, &errs)
	}
	return out
}

// length returns how long a test may take, of which GESTA_LOAD_SECONDS says otherwise.
func length(t *testing.T, short, usual time.Duration) time.Duration {
	t.Helper()
	if text := os.Getenv("GESTA_LOAD_SECONDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("GESTA_LOAD_SECONDS is a number of seconds, not %q", text)
		}
		return time.Duration(n) * time.Second
	}
	if testing.Short() {
		return short
	}
	return usual
}
