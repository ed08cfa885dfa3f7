package rig

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Scratch returns a new directory, in memory where the system has such a place: what is compared is behaviour, not disks.
func Scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "gesta-compat-") //nolint:usetesting // it is about this place
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// UmaDB starts the real server on a new database, until the test ends, and returns its address.
func UmaDB(t *testing.T, e Env, flags ...string) (addr string) {
	t.Helper()
	for range 5 { // the port may be taken between the two
		if addr, ok := tryUmaDB(t, e, flags); ok {
			return addr
		}
	}
	t.Fatal("the real server does not start")
	return ""
}

func tryUmaDB(t *testing.T, e Env, flags []string) (addr string, ok bool) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context())) // the clients end first
	args := append([]string{"--listen", addr, "--db-path", Scratch(t)}, flags...)
	server := exec.CommandContext(ctx, e.Program("umadb"), args...)
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "UmaDB started") {
			go func() {
				for lines.Scan() { // so that the server can go on writing
				}
			}()
			t.Cleanup(func() { stop(); _ = server.Wait() })
			return addr, true
		}
	}
	stop()
	_ = server.Wait()
	return "", false
}
