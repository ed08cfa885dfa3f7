package console

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"
)

// Run runs the console blocks of the page in file, each as a subtest named after its line, and returns how many it found,
// those that were skipped too. data is the directory of event logs; if it is empty or missing, blocks that need it are
// skipped. The programs that the page runs are found on PATH.
//
// With GESTA_UPDATE=1 the file is rewritten where a page shows something else than its commands print.
func Run(t *testing.T, file, data string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := parsePage(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	logs, err := directory(data)
	if err != nil {
		t.Fatal(err)
	}
	term, err := newTerminal(t.TempDir(), logs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(term.close)
	lacking := p.lacking()
	r := runner{file: file, term: term, start: time.Now(), update: os.Getenv("GESTA_UPDATE") == "1"}
	for _, b := range p.blocks {
		name := fmt.Sprintf("line %d", b.line)
		if b.data {
			name += " data"
		}
		t.Run(name, func(t *testing.T) {
			if b.data && logs == "" {
				t.Skipf("%s:%d: needs the event logs, and the directory that GESTA_TESTDATA names is missing: %q", file, b.line, data)
			}
			if lacking != "" {
				t.Skipf("%s:%d: the page needs %s, and there is no such program", file, b.line, lacking)
			}
			for _, s := range b.steps {
				r.step(t, s)
			}
		})
	}
	r.rewrite(t, p)
	return len(p.blocks)
}

// tools are programs that pages may use and machines may lack. Where one is missing, all of a page is skipped that uses it: its blocks build upon each other.
var tools = map[string]*regexp.Regexp{
	"curl":    regexp.MustCompile(`(?m)(^|[\s|;&(])curl\s`),
	"openssl": regexp.MustCompile(`(?m)(^|[\s|;&(])openssl\s`),
}

// lacking returns a program that the page uses and that is missing, and "" if there is none.
func (p *page) lacking() string {
	for _, name := range slices.Sorted(maps.Keys(tools)) {
		uses := slices.ContainsFunc(p.blocks, func(b block) bool {
			return slices.ContainsFunc(b.steps, func(s step) bool { return tools[name].MatchString(s.command) })
		})
		if _, err := exec.LookPath(name); uses && err != nil {
			return name
		}
	}
	return ""
}

// directory returns the absolute path of a directory, and "" if there is none.
func directory(name string) (string, error) {
	info, err := os.Stat(name)
	if name == "" || errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for the event logs: %w", err)
	}
	return filepath.Abs(name)
}

// A runner runs the steps of one page.
type runner struct {
	file   string
	term   *terminal
	start  time.Time
	update bool
	stale  []stale // in the order of the page
}

// A stale step is one whose output is to be replaced on the page.
type stale struct {
	step    step
	printed string
}

// step runs one command and holds what it prints against the page.
func (r *runner) step(t *testing.T, s step) {
	t.Helper()
	got, code, err := r.term.run(t.Context(), s.command)
	if err != nil {
		t.Fatalf("%s:%d: $ %s\nprinted:\n%s%v", r.file, s.line, s.command, got, err)
	}
	switch {
	case !matches(s.want, got, span{start: r.start, end: time.Now()}):
		if r.update {
			r.stale = append(r.stale, stale{s, got})
			return
		}
		t.Errorf("%s:%d: $ %s\nthe page shows:\n%s\nthe command prints (exit code %d):\n%s", r.file, s.line, s.command, s.want, code, got)
	case code != 0 && !s.shows():
		t.Errorf("%s:%d: $ %s\nends with exit code %d and the page does not show it; the command prints:\n%s",
			r.file, s.line, s.command, code, got)
	}
}

// rewrite puts what was printed into the page's file.
func (r *runner) rewrite(t *testing.T, p *page) {
	t.Helper()
	if len(r.stale) == 0 {
		return
	}
	for _, s := range slices.Backward(r.stale) {
		p.show(s.step, s.printed)
	}
	if err := os.WriteFile(r.file, []byte(p.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
