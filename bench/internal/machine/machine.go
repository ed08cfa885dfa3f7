// Package machine says what a measurement ran on, and reads the counters that the system keeps: memory, reads of the device,
// bytes on disk. What a system does not tell is an error that is [errors.ErrUnsupported], or an unknown word.
package machine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
)

// Facts are what a report says of the machine, the program and its source.
type Facts struct {
	CPU        string
	Cores      int
	RAM        string
	Kernel     string
	FileSystem string // of the directory that is measured in
	Go         string
	Commit     string // of the source, which [Commit] tells when the measurement begins
	Modules    []string
}

// unknown is what a fact says that the system does not tell.
const unknown = "unknown"

// Describe returns the facts of a measurement in a directory, but for the commit. Modules are the versions of those whose path begins with
// one of the prefixes.
func Describe(ctx context.Context, dir string, prefixes []string) Facts {
	return Facts{
		CPU: field("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), RAM: ram(),
		Kernel: kernel(ctx), FileSystem: fileSystem(dir), Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH,
		Modules: modules(prefixes),
	}
}

// field returns the value of the first line of a file that begins with the name and a colon.
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return unknown
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return unknown
}

// kibibytes reads a field such as "VmRSS: 12 kB".
func kibibytes(file, name string) (int64, error) {
	text, _ := strings.CutSuffix(field(file, name), " kB")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read %s of %s: %w", name, file, errors.ErrUnsupported)
	}
	return n << 10, nil
}

func ram() string {
	n, err := kibibytes("/proc/meminfo", "MemTotal")
	if err != nil {
		return unknown
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

// output returns what a program prints, without the last newline.
func output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0") // asking changes nothing
	b, err := cmd.Output()
	return strings.TrimSpace(string(b)), err
}

func kernel(ctx context.Context) string {
	if text, err := output(ctx, "uname", "-sr"); err == nil {
		return text
	}
	return runtime.GOOS
}

// fileSystem returns type and device of what is mounted over a directory.
func fileSystem(dir string) string {
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return unknown
	}
	best, found := "", unknown
	for line := range strings.Lines(string(b)) {
		parts := strings.Fields(line)
		if len(parts) < 4 {
			continue
		}
		rel, err := filepath.Rel(parts[1], dir)
		if err == nil && rel != ".." && !strings.HasPrefix(rel, "../") && len(parts[1]) >= len(best) {
			best, found = parts[1], fmt.Sprintf("%s on %s (%s)", parts[2], parts[0], parts[3])
		}
	}
	return found
}

// Commit returns the commit of the source in the working directory, with "+dirty" when a file that git knows was changed
// since, other than the one named except: a report that is written again is no change of what it reports on. Where git
// does not tell, the commit is an unknown word. It is asked for when a measurement begins, as the source may change
// while it runs.
func Commit(ctx context.Context, except string) string {
	id, err := output(ctx, "git", "rev-parse", "HEAD")
	if err != nil {
		return unknown
	}
	changed, err := changes(ctx, except)
	if err != nil || len(changed) > 0 {
		id += "+dirty"
	}
	return id
}

// changes returns the files that differ from the commit, but for one.
func changes(ctx context.Context, except string) ([]string, error) {
	top, err := output(ctx, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	text, err := output(ctx, "git", "diff", "--name-only", "-z", "HEAD")
	if err != nil {
		return nil, err
	}
	var found []string
	for name := range strings.SplitSeq(strings.TrimSuffix(text, "\x00"), "\x00") {
		if name != "" && !sameFile(filepath.Join(top, filepath.FromSlash(name)), except) {
			found = append(found, name)
		}
	}
	return found, nil
}

// sameFile says whether two names are of one file that is there.
func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

func modules(prefixes []string) []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	var found []string
	for _, m := range info.Deps {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(m.Path, p) }) {
			found = append(found, m.Path+" "+m.Version)
		}
	}
	return found
}

// RSSAnon returns the anonymous memory of this process that is resident, in bytes: heap and stacks, not mapped files.
func RSSAnon() (int64, error) { return kibibytes("/proc/self/status", "RssAnon") }

// PeakResident returns how much memory of a process was resident at the most since it began to run its program, in bytes: heap, stacks, its program and the
// files that it maps. Once it has ended there is an error.
func PeakResident(pid int) (int64, error) {
	return kibibytes(fmt.Sprintf("/proc/%d/status", pid), "VmHWM")
}

// ReadBytes returns how many bytes this process has had read from the device so far.
func ReadBytes() (int64, error) {
	n, err := strconv.ParseInt(field("/proc/self/io", "read_bytes"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read read_bytes of /proc/self/io: %w", errors.ErrUnsupported)
	}
	return n, nil
}

// DirBytes returns how many bytes the files below a directory take on the disk. A file that goes away meanwhile counts nothing.
func DirBytes(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var info fs.FileInfo
			if info, err = d.Info(); err == nil {
				sum += onDisk(info)
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("measure directory: %w", err)
	}
	return sum, nil
}

// DropCache takes the bytes of all files below a directory out of the page cache, after syncing them. Pages that some
// process has mapped stay: the store must be closed.
func DropCache(dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return DropFile(name)
	})
}
