package umadb_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/gestadb/gesta/server/umadb"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/memory"
)

// What is compared with; the first brings the client and the server.
const (
	umadbPackage   = "umadb==0.7.8"
	adapterPackage = "eventsourcing-umadb==0.4.4"
)

// environment returns the directory of a virtual environment that has the packages, or skips the test.
func environment(t *testing.T, name string, packages ...string) string {
	t.Helper()
	base := os.Getenv("GESTA_COMPAT_DIR")
	if base == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			missing(t, "there is no cache directory: %v", err)
		}
		base = filepath.Join(cache, "gesta-compat")
	}
	dir := filepath.Join(base, name)
	stamp, want := filepath.Join(dir, "installed"), strings.Join(packages, "\n")
	if got, err := os.ReadFile(stamp); err == nil && string(got) == want {
		return dir
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{
		{"python3", "-m", "venv", dir},
		append([]string{program(dir, "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--pre"}, packages...),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
		cancel()
		if err != nil {
			missing(t, "%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	if err := os.WriteFile(stamp, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// program returns the path of a program of a virtual environment.
func program(dir, name string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, "Scripts", name+".exe")
	}
	return filepath.Join(dir, "bin", name)
}

func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	message := "what gesta is compared with cannot be installed: " + fmt.Sprintf(format, args...)
	if os.Getenv("GESTA_REQUIRE_COMPAT") == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// scratch returns a new directory, in memory where the system has such a place: what is compared is behaviour, not disks.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "gesta-compat-") //nolint:usetesting // it is about this place
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// startReal starts the real server on a new database and returns its address.
func startReal(t *testing.T, env string, flags ...string) string {
	t.Helper()
	for range 5 { // the port may be taken between the two
		if addr, ok := tryReal(t, env, flags); ok {
			return addr
		}
	}
	t.Fatal("the real server does not start")
	return ""
}

func tryReal(t *testing.T, env string, flags []string) (addr string, ok bool) {
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
	args := append([]string{"--listen", addr, "--db-path", scratch(t)}, flags...)
	server := exec.CommandContext(ctx, program(env, "umadb"), args...)
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

// backends are the stores that the service is tried on.
var backends = map[string]func(*testing.T) store.Store{
	"memory": func(*testing.T) store.Store { return memory.New(memory.Options{}) },
	"disk": func(t *testing.T) store.Store {
		s, err := disk.Open(scratch(t), disk.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	},
}

// startGesta serves a new store and returns its address.
func startGesta(t *testing.T, open func(*testing.T) store.Store, options ...grpc.ServerOption) string {
	t.Helper()
	s := open(t)
	service := umadb.New(umadb.Options{Store: func(context.Context) (store.Store, error) { return s, nil }})
	server := grpc.NewServer(append(umadb.ServerOptions(), options...)...)
	service.Register(server)
	serving := health.NewServer()
	serving.SetServingStatus(umadb.ServiceName, healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(server, serving)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		service.Close()
		server.Stop()
		<-ended
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}
