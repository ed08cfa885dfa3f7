package console_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/internal/console"
)

// In the environment of a child process, the page that TestInner runs there, and the directory of event logs.
const (
	innerPage = "GESTA_CONSOLE_INNER_PAGE"
	innerData = "GESTA_CONSOLE_INNER_DATA"
)

// TestInner is what the tests below run in a child process, to see it fail.
func TestInner(t *testing.T) {
	file := os.Getenv(innerPage)
	if file == "" {
		return
	}
	if n := console.Run(t, file, os.Getenv(innerData)); n == 0 {
		t.Error("no block")
	}
}

// inner runs a page in a child process. It returns what was printed, without indentation, whether it passed, and the page afterwards.
func inner(t *testing.T, page, data, update string) (printed string, ok bool, after string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(page, "'''", "```")), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInner$", "-test.v")
	cmd.Env = append(os.Environ(), innerPage+"="+file, innerData+"="+data, "GESTA_UPDATE="+update, "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	b, readErr := os.ReadFile(file)
	if readErr != nil {
		t.Fatal(readErr)
	}
	return strings.ReplaceAll(string(out), "\n        ", "\n"), err == nil, strings.ReplaceAll(string(b), "```", "'''")
}

func TestRunPasses(t *testing.T) {
	logs := t.TempDir()
	if err := os.WriteFile(filepath.Join(logs, "a.csv"), []byte("x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string]string{
		"a pipe":                  "'''console\n$ printf 'b\\na\\n' | sort\na\nb\n'''\n",
		"both outputs, in order":  "'''console\n$ echo a; echo b >&2; echo c\na\nb\nc\n'''\n",
		"a directory lasts":       "'''console\n$ mkdir shop && cd shop\n'''\n'''console\n$ pwd\n~/shop\n$ cd .. && ls\nshop\n'''\n",
		"a variable lasts":        "'''console\n$ export A='x  y'\n$ echo \"$A\"\nx  y\n'''\n",
		"an exit code lasts":      "'''console\n$ echo no; exit 3\nno\n$ echo $?\n3\n'''\n",
		"a syntax error":          "'''console\n$ (\n…yntax error…\n$ test $? -ne 0; echo $?\n0\n'''\n",
		"more lines of a command": "'''console\n$ cat <<END |\n> two  words\n> END\n> tr a-z A-Z\nTWO  WORDS\n'''\n",
		"no input":                "'''console\n$ cat\n'''\n",
		"a file for a while":      "'''console\n$ mktemp\n/tmp/…\n'''\n",
		"the zone":                "'''console\n$ date +%Z\nUTC\n'''\n",
		"now":                     "'''console\n$ date +%Y-%m-%dT%H:%M:%SZ\n2020-01-01T00:00:00Z\n'''\n",
		"nothing from the caller": "'''console\n$ env | grep -c '^GESTA_[^T]'\n0\n'''\n",
		"the event logs":          "'''console data\n$ ls $GESTA_TESTDATA\na.csv\n$ echo $GESTA_TESTDATA/b\n$GESTA_TESTDATA/b\n'''\n",
		"a job, killed": "'''console\n$ printf 'a\\nb\\n'; cat <<END >job\n> trap 'echo end; exit 0' TERM\n> echo begun; echo more; while :; do sleep 0.1; done\n> END\na\nb\n" +
			"$ sh job &\nbegun\n$ echo meanwhile\nmeanwhile\n$ kill %1\nmore\nend\n'''\n",
		"a job, waited for":         "'''console\n$ sh -c 'echo a; echo b; exit 3' &\na\n$ sh -c 'echo c' &\nc\n$ wait %1\nb\n$ wait %2\n'''\n",
		"a job that is left":        "'''console\n$ sh -c 'echo a; exec sleep 1000' &\na\n'''\n",
		"a job that fails":          "'''console\n$ sh -c 'echo no >&2; exit 3' &\nno\n'''\n",
		"a job sees the session":    "'''console\n$ mkdir d && cd d && export A=b\n'''\n'''console\n$ sh -c 'echo $PWD $A' &\n~/d b\n'''\n",
		"ports":                     "'''console\n$ echo http://127.0.0.1:4114/v1 localhost:4114 port 4114 127.0.0.1:0\nhttp://127.0.0.1:4114/v1 localhost:4114 port 4114 127.0.0.1:0\n$ echo 127.0.0.1:4114 | grep -c 4114 || echo another\n0\nanother\n'''\n",
		"output without a last end": "'''console\n$ printf a\na\n'''\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, update := range []string{"", "1"} {
				out, ok, after := inner(t, page, logs, update)
				if !ok {
					t.Errorf("printed:\n%s", out)
				}
				if diff := cmp.Diff(page, after); diff != "" {
					t.Errorf("the page was changed (-before +after):\n%s", diff)
				}
			}
		})
	}
}

func TestRunFails(t *testing.T) {
	for _, tt := range []struct{ name, page, want string }{
		{"another output", "\n'''console\n$ echo a\nb\n'''\n", "page.md:3: $ echo a\nthe page shows:\nb\n\nthe command prints (exit code 0):\na\n"},
		{"no output shown", "'''console\n$ echo a\n'''\n", "the command prints"},
		{"a silent failure", "'''console\n$ false\n'''\n", "ends with exit code 1"},
		{"a hidden failure", "'''console\n$ echo no; false\n...\n'''\n", "ends with exit code 1"},
		{"no such program", "'''console\n$ no-such-program\n'''\n", "not found"},
		{"a job without a line", "'''console\n$ true &\nready\n'''\n", "the command prints (exit code 0)"},
		{"a job that nobody started", "'''console\n$ kill %1\n'''\n", "there is no job 1"},
		{"a job that fails when it is killed", "'''console\n$ sh -c 'trap \"exit 7\" TERM; echo a; while :; do sleep 0.1; done' &\na\n$ kill %1\n'''\n", "ends with exit code 7"},
		{"a bad page", "'''console x\n$ a\n'''\n", "info string"},
		{"a page without blocks", "# a\n", "no block"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if out, ok, _ := inner(t, tt.page, "", ""); ok || !strings.Contains(out, tt.want) {
				t.Errorf("passed: %t; printed:\n%s\nwant a failure with:\n%s", ok, out, tt.want)
			}
		})
	}
}

func TestRunSkipsByName(t *testing.T) {
	page := "'''console data\n$ false\n'''\n'''console\n$ echo a\na\n'''\n"
	for name, data := range map[string]string{"unset": "", "missing": filepath.Join(t.TempDir(), "none")} {
		out, ok, _ := inner(t, page, data, "")
		if !ok || !strings.Contains(out, "--- SKIP: TestInner/line_1_data") || !strings.Contains(out, "--- PASS: TestInner/line_4") {
			t.Errorf("%s: passed: %t; printed:\n%s", name, ok, out)
		}
	}
}

func TestUpdate(t *testing.T) {
	page := "'''console\n$ echo a; pwd\nb\n\nc\n\n$ echo kept\nk…\n$ printf 'x\\n\\ny\\n'\n'''\nend\n"
	want := "'''console\n$ echo a; pwd\na\n~\n\n$ echo kept\nk…\n$ printf 'x\\n\\ny\\n'\nx\n\ny\n'''\nend\n"
	out, ok, got := inner(t, page, "", "1")
	if !ok {
		t.Errorf("printed:\n%s", out)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

func TestRunSkipsWithoutTool(t *testing.T) {
	bin := t.TempDir()
	for _, name := range []string{"sh", "echo"} {
		program, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	out, ok, _ := inner(t, "'''console\n$ echo a\nb\n'''\n'''console\n$ echo x | curl -s y\n'''\n", "", "")
	if !ok || !strings.Contains(out, "--- SKIP: TestInner/line_1") || !strings.Contains(out, "the page needs curl") {
		t.Errorf("passed: %t; printed:\n%s", ok, out)
	}
	if out, ok, _ := inner(t, "'''console\n$ echo curl\ncurl\n'''\n", "", ""); !ok || strings.Contains(out, "SKIP") {
		t.Errorf("a page that only names it: passed: %t; printed:\n%s", ok, out)
	}
}
