package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// gitCommand runs git in a repository that need not be trusted: git then only reads, and starts no program which the
// repository names.
type gitCommand struct {
	path  string // of the program
	dir   string // where it runs
	asked string // the repository as the user wrote it
}

// newGit finds git and the directory.
func newGit(e *env, dir string) (*gitCommand, error) {
	info, err := os.Stat(e.abs(dir))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, notFoundf("", "there is no directory %s", dir)
	case err != nil:
		return nil, fmt.Errorf("look at the repository: %w", err)
	case !info.IsDir():
		return nil, usageHint("name the directory of a repository", "%s is no directory", dir)
	}
	path, err := exec.LookPath("git")
	if err != nil {
		return nil, usageHint("install git, and see that it is on the PATH", "gesta import git runs git, which is not there: %s", err)
	}
	return &gitCommand{path: path, dir: e.abs(dir), asked: dir}, nil
}

// gitGuards keep git from what a repository's configuration may ask of it: hooks, programs, the network, and writing.
var gitGuards = []string{
	"--no-pager", "--no-replace-objects", "--no-optional-locks",
	"-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat", "-c", "core.sshCommand=false",
	"-c", "core.alternateRefsCommand=false", "-c", "gpg.program=false", "-c", "log.showSignature=false",
	"-c", "protocol.allow=never", "-c", "credential.helper=", "-c", "gc.auto=0", "-c", "maintenance.auto=false",
}

// gitEnvironment is the caller's, without what points git to another repository or configuration than that of the directory and of the user.
func gitEnvironment(environ []string) []string {
	kept := []string{"GIT_CONFIG_GLOBAL", "GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM"}
	out := slices.DeleteFunc(slices.Clone(environ), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return strings.HasPrefix(name, "GIT_") && !slices.Contains(kept, name) || name == "LC_ALL" || name == "LANGUAGE"
	})
	return append(out, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=none", "GIT_NO_LAZY_FETCH=1")
}

func (g *gitCommand) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, g.path, append(slices.Clone(gitGuards), args...)...)
	cmd.Dir = g.dir
	cmd.Env = gitEnvironment(os.Environ())
	cmd.WaitDelay = 5 * time.Second // for those that hold on to its output after its end
	return cmd
}

// output runs git and returns the line that it prints.
func (g *gitCommand) output(ctx context.Context, args ...string) (string, error) {
	p, err := g.start(ctx, args...)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	_, err = io.Copy(&out, io.LimitReader(p, 64<<10))
	if closeErr := p.Close(); err == nil {
		err = closeErr
	}
	return strings.TrimSuffix(out.String(), "\n"), err
}

// gitProcess is a git that runs, as a reader of what it prints. That ends with an error where git does, and must be closed.
type gitProcess struct {
	git    *gitCommand
	cmd    *exec.Cmd
	stdout io.ReadCloser
	stop   context.CancelFunc
	over   func() error // the error of the context that git was started with
	stderr gitComplaint
	ended  bool
	err    error
}

func (g *gitCommand) start(ctx context.Context, args ...string) (*gitProcess, error) {
	running, cancel := context.WithCancel(ctx)
	p := &gitProcess{git: g, cmd: g.command(running, args...), stop: cancel, over: ctx.Err}
	p.cmd.Stderr = &p.stderr
	var err error
	if p.stdout, err = p.cmd.StdoutPipe(); err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("run git: %w", err)
	}
	return p, nil
}

// Read implements io.Reader.
func (p *gitProcess) Read(b []byte) (int, error) {
	if p.ended {
		return 0, p.end()
	}
	n, err := p.stdout.Read(b)
	if errors.Is(err, io.EOF) {
		p.wait()
		err = p.end()
	}
	return n, err
}

// end is what reading ends with.
func (p *gitProcess) end() error {
	if p.err != nil {
		return p.err
	}
	return io.EOF
}

// wait notes how git ended.
func (p *gitProcess) wait() {
	p.ended = true
	var exit *exec.ExitError
	switch err := p.cmd.Wait(); {
	case p.over() != nil:
		p.err = p.over()
	case errors.As(err, &exit):
		p.err = usageHint("git log in that directory says more", "git cannot read the repository %s: %s", p.git.asked, p.stderr.text(exit))
	case err != nil:
		p.err = fmt.Errorf("run git: %w", err)
	}
}

// Close ends git where it runs still, and returns how it ended where it ended by itself.
func (p *gitProcess) Close() error {
	defer p.stop()
	if !p.ended {
		p.stop()
		p.wait()
		p.err = nil
	}
	return p.err
}

// gitComplaint keeps the beginning of what git prints on standard error.
type gitComplaint struct{ kept []byte }

// Write implements io.Writer.
func (c *gitComplaint) Write(b []byte) (int, error) {
	const most = 4 << 10
	c.kept = append(c.kept, b[:min(len(b), most-len(c.kept))]...)
	return len(b), nil
}

// text is the complaint on one line, or how git ended where there is none.
func (c *gitComplaint) text(exit *exec.ExitError) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(c.kept), "\uFFFD")), " ")
	text = strings.TrimPrefix(text, "fatal: ")
	if text == "" {
		return exit.String()
	}
	return text
}
