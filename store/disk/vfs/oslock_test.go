package vfs_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gestadb/gesta/store/disk/vfs"
)

const lockEnv = "GESTA_TEST_LOCK" // Names the file that a child process locks.

func TestMain(m *testing.M) {
	if name := os.Getenv(lockEnv); name != "" {
		os.Exit(holdLock(name))
	}
	os.Exit(m.Run())
}

// holdLock is the child: it says that it has the lock and holds it to its end.
func holdLock(name string) int {
	l, err := vfs.OS().Lock(name)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("locked")
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = l.Close()
	return 0
}

func TestLockEndsWithItsProcess(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), lockEnv+"="+name)
	stdin, err := child.StdinPipe() // Left open: the child waits on it.
	must(t, err)
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	said, err := bufio.NewReader(stdout).ReadString('\n')
	if said != "locked\n" {
		t.Fatalf("the child said %q, %v", said, err)
	}
	if _, err := vfs.OS().Lock(name); !errors.Is(err, vfs.ErrLocked) {
		t.Errorf("while the child lives: got %v, want ErrLocked", err)
	}
	must(t, child.Process.Kill())
	if err := child.Wait(); err == nil {
		t.Error("the child was killed and says that all is well")
	}
	l, err := vfs.OS().Lock(name)
	if err != nil {
		t.Fatalf("after the child was killed: %v", err)
	}
	must(t, l.Close())
}
