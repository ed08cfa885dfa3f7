package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gestadb/gesta/bench/internal/bare"
	"github.com/gestadb/gesta/bench/internal/report"
)

// umaDB is the rival of the server's rows. It is a program of its own, not a library: see umadbProgram.
const umaDB = "umadb"

// umadbProgram finds the program: where $GESTA_UMADB says, or where make bench-rivals and the tests of compatibility put it.
func umadbProgram() (string, error) {
	name := os.Getenv("GESTA_UMADB")
	if name == "" {
		base := os.Getenv("GESTA_COMPAT_DIR")
		if base == "" {
			cache, err := os.UserCacheDir()
			if err != nil {
				return "", fmt.Errorf("find %s: %w", umaDB, err)
			}
			base = filepath.Join(cache, "gesta-compat")
		}
		name = filepath.Join(base, umaDB, "bin", umaDB)
	}
	if _, err := os.Stat(name); err != nil {
		return "", fmt.Errorf("%w: make bench-rivals installs it", err)
	}
	return name, nil
}

// served is a server that runs as a process of its own.
type served struct {
	name    string // of the subject
	address string
	pid     int
	stop    func() error
}

// startTime is how long a server may take to begin.
const startTime = 30 * time.Second

// starting is a server that is to be started.
type starting struct {
	name  string // of the subject
	cmd   *exec.Cmd
	tells func(line string) (address string, ok bool) // finds in its output where it serves
	end   func() error                                // asks it to end
	dies  bool                                        // it is killed, which is no good end
}

// start starts a server and waits until it says where it serves.
func (p *starting) start() (*served, error) {
	var stderr bytes.Buffer
	p.cmd.Stderr = &stderr
	p.cmd.WaitDelay = startTime
	out, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	p.cmd.Stdout = in
	err = p.cmd.Start()
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", p.name, err), out.Close())
	}
	read := make(chan struct{})
	address := make(chan string, 1)
	go func() {
		defer close(read)
		told := false
		for lines := bufio.NewScanner(out); lines.Scan(); { // to its end, so that the server can go on writing
			if at, ok := p.tells(lines.Text()); ok && !told {
				told = true
				address <- at
			}
		}
	}()
	stop := func() error {
		err := p.end()
		waited := p.cmd.Wait()
		<-read
		if waited != nil && !p.dies {
			err = errors.Join(err, fmt.Errorf("%w: %s", waited, begins(stderr.String())))
		}
		if err = errors.Join(err, out.Close()); err != nil {
			return fmt.Errorf("end %s: %w", p.name, err)
		}
		return nil
	}
	timer := time.NewTimer(startTime)
	defer timer.Stop()
	select {
	case at := <-address:
		return &served{p.name, at, p.cmd.Process.Pid, stop}, nil
	case <-read:
	case <-timer.C:
	}
	_ = p.cmd.Process.Kill() // stop waits for it
	return nil, errors.Join(fmt.Errorf("%s does not say that it serves", p.name), stop())
}

// serveGesta serves a store on disk by the command line.
func (l *lab) serveGesta(dir string) (*served, error) {
	program, err := l.cli()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(l.ctx, program, "serve", "--store", filepath.Join(dir, "gesta"), "--listen", "127.0.0.1:0")
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TZ=UTC"}
	return (&starting{name: report.Gesta, cmd: cmd, tells: func(line string) (string, bool) {
		var said struct{ Serving []string }
		if err := json.Unmarshal([]byte(line), &said); err != nil || len(said.Serving) != 1 {
			return "", false
		}
		return strings.CutPrefix(said.Serving[0], "http://")
	}, end: func() error { return cmd.Process.Signal(syscall.SIGTERM) }}).start()
}

// serveUmaDB serves a new database by UmaDB's own server.
func (l *lab) serveUmaDB(dir string) (*served, error) {
	probe, err := new(net.ListenConfig).Listen(l.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	address := probe.Addr().String()
	if err := probe.Close(); err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	cmd := exec.CommandContext(l.ctx, l.umadb, "--listen", address, "--db-path", dir)
	return (&starting{
		name: umaDB, cmd: cmd, end: func() error { return cmd.Process.Kill() }, dies: true, // what it kept is removed
		tells: func(line string) (string, bool) { return address, strings.Contains(line, "UmaDB started") },
	}).start()
}

// serveBare serves what does as little as a server can, from a child of this program.
func (l *lab) serveBare(name string, kind bare.Kind, dir string, answer int) (*served, error) {
	cmd, err := l.command(l.ctx, "-work=serve", "-kind="+string(kind), "-dir="+dir, fmt.Sprint("-answer=", answer))
	if err != nil {
		return nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return (&starting{name: name, cmd: cmd, tells: func(line string) (string, bool) { return line, true }, end: in.Close}).start()
}

// childServe is what a child of serveBare does.
func childServe(ctx context.Context, o *childOrder, stdout io.Writer) error {
	return bare.Serve(ctx, bare.Kind(o.kind), o.dir, o.answer, os.Stdin, stdout)
}
