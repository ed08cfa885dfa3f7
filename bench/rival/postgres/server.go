package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrMissing is returned by Open, wrapped, if no PostgreSQL server is installed where one is looked for: on
// the path, and where Debian and Red Hat put it.
var ErrMissing = errors.New("bench: PostgreSQL server is not installed")

// patience is how long a server may take to start or to stop.
const patience = 60 * time.Second

// server is a PostgreSQL server which this program started, for one store, on a cluster of its own.
type server struct {
	socket string // directory of the socket, removed with the server
	bin    string // directory of the programs
	data   string // directory of the cluster
	who    *syscall.Credential
	pid    int
	ended  chan error // is sent what the server's end was, once
	log    *bytes.Buffer
}

// start starts a server on the cluster in dir, which it makes if there is none. With durable false, neither
// commits nor anything else is synced.
func start(dir string, durable bool) (s *server, err error) {
	bin, err := find()
	if err != nil {
		return nil, err
	}
	s = &server{bin: bin, data: filepath.Join(dir, "data"), ended: make(chan error, 1), log: new(bytes.Buffer)}
	if s.who, err = unprivileged(dir); err != nil {
		return nil, err
	}
	// A socket's path may have 107 bytes, so that it is not in dir.
	if s.socket, err = os.MkdirTemp("", "gesta-pg-"); err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.socket))
	}
	if err := s.run(durable); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.socket))
	}
	return s, nil
}

// find returns the directory with the newest server.
func find() (string, error) {
	found, best := "", -1
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/postgres", "/usr/pgsql-*/bin/postgres"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		for _, name := range names {
			version := filepath.Base(filepath.Dir(filepath.Dir(name)))
			n, err := strconv.Atoi(strings.TrimPrefix(version, "pgsql-"))
			if err == nil && n > best {
				found, best = filepath.Dir(name), n
			}
		}
	}
	if found != "" {
		return found, nil
	}
	if name, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(name), nil
	}
	return "", ErrMissing
}

// unprivileged returns whom the server runs as: nil for this user or, as the superuser may not run it, the
// user that its package made, or nobody. That user is let into dir and the directory that holds it.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // no credential is this user's
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		if who, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("find a user to run PostgreSQL as: %w", err)
		}
	}
	uid, err1 := strconv.ParseUint(who.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(who.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("read user %s: %w", who.Username, err)
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for depth := 0; ; depth++ {
		info, err := os.Stat(dir)
		if err != nil {
			return nil, err
		}
		if info.Mode()&0o001 == 0 {
			if depth > 1 {
				return nil, fmt.Errorf("user %s may not enter %s", who.Username, dir)
			}
			if err := os.Chmod(dir, info.Mode().Perm()|0o011); err != nil {
				return nil, fmt.Errorf("let user %s enter: %w", who.Username, err)
			}
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
}

// prepare gives the directories to the server's user, and makes a cluster if there is none.
func (s *server) prepare() error {
	isNew := false
	if err := os.Mkdir(s.data, 0o700); err == nil {
		isNew = true
	} else if !errors.Is(err, os.ErrExist) {
		return err
	}
	if s.who != nil {
		for _, dir := range []string{s.data, s.socket} {
			if err := os.Chown(dir, int(s.who.Uid), int(s.who.Gid)); err != nil {
				return err
			}
		}
	}
	if !isNew {
		return s.awaitOther()
	}
	command := s.command("initdb", "-D", s.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// awaitOther waits until the server that had the cluster before is gone: one whose starter was killed may
// still be about to end.
func (s *server) awaitOther() error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for range patience / (10 * time.Millisecond) {
		file, err := os.ReadFile(filepath.Join(s.data, "postmaster.pid"))
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		line, _, _ := bytes.Cut(file, []byte("\n"))
		pid, err := strconv.Atoi(string(line))
		if err != nil || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return nil
		}
		<-ticker.C
	}
	return fmt.Errorf("cluster %s is in use", s.data)
}

// command returns a program of PostgreSQL, to be run as the server's user.
func (s *server) command(name string, args ...string) *exec.Cmd {
	command := exec.CommandContext(context.Background(), filepath.Join(s.bin, name), args...)
	command.Dir = s.data
	command.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin", "TZ=UTC"}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: s.who}
	return command
}

// run starts the server and returns once it has a process; whether it takes connections is found out by
// connecting.
func (s *server) run(durable bool) error {
	settings := []string{
		"listen_addresses=", "unix_socket_directories=" + s.socket, "max_connections=64",
		"shared_buffers=1GB", "max_wal_size=4GB", "checkpoint_timeout=15min", "wal_level=minimal", "max_wal_senders=0",
		"jit=off", "random_page_cost=1.1", "effective_io_concurrency=200", "log_min_messages=error",
	}
	if !durable {
		settings = append(settings, "fsync=off", "synchronous_commit=off")
	}
	args := []string{"-D", s.data}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	command := s.command("postgres", args...)
	command.Stdout, command.Stderr = s.log, s.log
	// If this program is killed, so is the server: at once, as in a crash. The signal comes when the thread
	// ends which started it, hence a thread that waits for it.
	command.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		if err == nil {
			s.pid = command.Process.Pid
		}
		started <- err
		if err == nil {
			s.ended <- command.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start server: %w", err)
	}
	return nil
}

// stop ends the server: connections are cut, and what was committed is in order.
func (s *server) stop() error {
	if err := s.signal(syscall.SIGINT); err != nil {
		return err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var err error
	select {
	case err = <-s.ended:
	case <-timer.C:
		err = errors.Join(errors.New("server did not stop in time"), s.signal(syscall.SIGQUIT), <-s.ended)
	}
	if err != nil {
		err = fmt.Errorf("stop server: %w: %s", err, bytes.TrimSpace(s.log.Bytes()))
	}
	return errors.Join(err, os.RemoveAll(s.socket))
}

// signal sends a signal to the server, which is this program's own child and has not been waited for.
func (s *server) signal(signal syscall.Signal) error {
	if err := syscall.Kill(s.pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal server: %w", err)
	}
	return nil
}
