package machine_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gestadb/gesta/bench/internal/machine"
)

func TestDirBytes(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x", "a/y", "a/b/z"} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, 8192), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n, err := machine.DirBytes(dir)
	if err != nil || n < 3*8192 || n > 6*8192 {
		t.Errorf("%d bytes, %v; three files have 24576", n, err)
	}
}

// TestDropCache drops a file from the page cache: reading it again reads the device.
func TestDropCache(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux alone has this call")
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	if err := os.WriteFile(name, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := machine.DropCache(dir); err != nil {
		t.Fatal(err)
	}
	before, err := machine.ReadBytes()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(name); err != nil {
		t.Fatal(err)
	}
	after, err := machine.ReadBytes()
	if err != nil {
		t.Fatal(err)
	}
	if kind := machine.Describe(t.Context(), dir, nil).FileSystem; after-before < 1<<20 && !strings.HasPrefix(kind, "tmpfs") {
		t.Errorf("%d bytes were read from the device of %s; want a mebibyte", after-before, kind)
	}
}

func TestDescribe(t *testing.T) {
	f := machine.Describe(t.Context(), t.TempDir(), nil)
	if f.Cores < 1 || f.Go == "" || f.CPU == "" {
		t.Errorf("%+v", f)
	}
	if runtime.GOOS == "linux" && (!strings.HasSuffix(f.RAM, " GiB") || !strings.HasPrefix(f.Kernel, "Linux ")) {
		t.Errorf("%+v", f)
	}
}

// TestCommit makes a repository and changes files in it: a report that is written again makes nothing dirty.
func TestCommit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"} { // set where a hook runs the tests
		t.Setenv(name, "") // so that it is put back
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("docs", 0o700); err != nil {
		t.Fatal(err)
	}
	report := filepath.Join("docs", "a report.md")
	write(report, "one")
	write("code", "one")
	git("init", "-q")
	git("add", ".")
	git("commit", "-q", "-m", "first")
	id := git("rev-parse", "HEAD")
	for _, step := range []struct {
		what, file string
		except     string
		want       string
	}{
		{"nothing changed", "", report, id},
		{"the report changed", report, report, id},
		{"a new file", "new", report, id},
		{"no report is written", "", "", id + "+dirty"},
		{"the code changed too", "code", report, id + "+dirty"},
	} {
		if step.file != "" {
			write(step.file, step.what)
		}
		if got := machine.Commit(t.Context(), step.except); got != step.want {
			t.Errorf("%s: commit %s, want %s", step.what, got, step.want)
		}
	}
}

func TestPeakResident(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux alone tells")
	}
	before, err := machine.PeakResident(os.Getpid())
	if err != nil || before < 1<<20 {
		t.Fatalf("%d bytes, %v", before, err)
	}
	const more = 64 << 20
	touched := make([]byte, before+more)
	for i := 0; i < len(touched); i += 4096 {
		touched[i] = 1
	}
	after, err := machine.PeakResident(os.Getpid())
	runtime.KeepAlive(touched)
	if err != nil || after < before+more/2 {
		t.Errorf("%d bytes after %d, %v", after, before, err)
	}
	if n, err := machine.PeakResident(1 << 30); err == nil {
		t.Errorf("%d bytes of a process that is not there", n)
	}
}

func TestRSSAnon(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux alone tells")
	}
	if n, err := machine.RSSAnon(); err != nil || n < 1<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}
