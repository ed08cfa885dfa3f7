package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
	"github.com/gestadb/gesta/store/open"
)

// The table of exit codes, as other programs rely on it.
func TestExitCodes(t *testing.T) {
	table := map[int]string{
		2: "usage", 3: "conflict keyReused tracking", 4: "damaged", 5: "notFound", 6: "erased truncated", 7: "reducer",
		8: "unavailable locked timeout rateLimited readOnly outcomeUnknown", 9: "unauthenticated denied tooLarge", 10: "internal",
	}
	n := 0
	for exit, codes := range table {
		for code := range strings.FieldsSeq(codes) {
			n++
			e := &env{stderr: &strings.Builder{}, getenv: os.Getenv}
			if got := e.finish(t.Context(), fmt.Errorf("step: %w", &eventjson.Error{Code: eventjson.Code(code)})); got != exit {
				t.Errorf("%s ends with %d, want %d", code, got, exit)
			}
			if !strings.Contains(exitCodesHelp, code) {
				t.Errorf("gesta help exit-codes does not mention %s", code)
			}
		}
	}
	if all := eventjson.Codes(); len(all) != n || len(exitCodes) != n {
		t.Errorf("there are %d codes, %d with an exit code, and the table has %d", len(all), len(exitCodes), n)
	}
}

func TestErrorsOfTheContract(t *testing.T) {
	tests := []struct {
		err  error
		exit int
		code string
	}{
		{&store.InvalidError{}, 2, "usage"},
		{store.ErrUnsupported, 2, "usage"},
		{&store.ConflictError{}, 3, "conflict"},
		{&store.KeyReusedError{}, 3, "keyReused"},
		{&store.TrackingError{}, 3, "tracking"},
		{&store.DamagedError{}, 4, "damaged"},
		{store.ErrNotFound, 5, "notFound"},
		{&store.TruncatedError{}, 6, "truncated"},
		{store.ErrLocked, 8, "locked"},
		{store.ErrReadOnly, 8, "readOnly"},
		{store.ErrFailed, 8, "unavailable"},
		{store.ErrClosed, 8, "unavailable"},
		{syscall.ENOSPC, 8, "unavailable"},
		{context.DeadlineExceeded, 8, "timeout"},
		{&store.UnknownError{Cause: &store.ConflictError{}}, 8, "outcomeUnknown"},
		{&store.TooLargeError{}, 9, "tooLarge"},
		{os.ErrPermission, 9, "denied"},
		{errors.New("boom"), 10, "internal"},
	}
	for _, tt := range tests {
		var stderr strings.Builder
		e := &env{stderr: &stderr, getenv: os.Getenv}
		e.global.json.set = true
		if got := e.finish(t.Context(), fmt.Errorf("step: %w", tt.err)); got != tt.exit {
			t.Errorf("%v ends with %d, want %d", tt.err, got, tt.exit)
		}
		if want := `{"error":{"code":"` + tt.code + `","message":"step: `; !strings.HasPrefix(stderr.String(), want) {
			t.Errorf("%v prints %s; want %s", tt.err, stderr.String(), want)
		}
	}
}

// Every way to write a command line wrongly is usage; what is not there is notFound; a condition that fails is conflict.
func TestCommandLinesThatFail(t *testing.T) {
	c := newCLI(t)
	c.orders()
	tests := []struct {
		exit int
		args string // split at spaces
	}{
		{2, "nonsense"},
		{2, "log --nonsense"},
		{2, "log a b"},
		{2, "log -n x"},
		{2, "log -n -2"},
		{2, "log -n -1"},
		{2, "grep x -n -1"},
		{2, "blame order-42 --porcelain --json"},
		{2, "blame order-42 --porcelain --jq ."},
		{2, "blame order-42 --array-key id --path a[sku=1]"},
		{2, "diff order-42@1..2 --array-key id --path a[sku=1]"},
		{2, "log -p order-42 --array-key id --path a[sku=1]"},
		{2, "diff order-42@1..2 --json-patch --json"},
		{2, "diff order-42@1..2 --merge-patch --json=from"},
		{2, "diff order-42@1..2 --json-patch --ndjson"},
		{0, "diff order-42@1..2 --json-patch --jq .[].op"},
		{0, "log -p order-42 --array-key sku --path a[sku=1] -q"},
		{5, "blame order-42 --array-key sku --path a[sku=1]"},
		{2, "log --color blue"},
		{2, "log --jq ]"},
		{2, "log --jq .[0].a|error"},
		{2, "log --json=colour"},
		{2, "log --json=position,,type"},
		{2, "log --query types=A"},
		{2, "log --since soon"},
		{2, "log --follow --until now"},
		{2, "log --follow order-42@1"},
		{2, "log --effective-at now"},
		{2, "log order-42@{soon}"},
		{2, "log --known-at 99999999999999999999"},
		{0, "log --known-at 0"},
		{5, "state order-42 --known-at 0"},
		{5, "blame order-42 --known-at 0"},
		{5, "at 0 order-42"},
		{5, "show 1 --known-at 0"},
		{2, "state"},
		{2, "state 3"},
		{2, "state order-42@1..2"},
		{2, "state order-42 --reducer other"},
		{2, "state order-42 --path a..b"},
		{2, "at order-42"},
		{2, "at soon order-42"},
		{2, "show"},
		{2, "show order-42@1..2"},
		{2, "streams --limit -1"},
		{2, "streams x"},
		{2, "init a b"},
		{2, "export csv"},
		{2, "append order-1"},
		{2, "append --type A"},
		{2, "append $x --type A"},
		{2, "append order-1 --type A --data {"},
		{2, "append order-1 --type A --expect soon"},
		{2, "append order-1 --type A --after 3"},
		{2, "append order-1 --type A --metadata []"},
		{2, "append order-1 --type A --stop-on-error"},
		{2, "append --ndjson --key k"},
		{2, "append --type A --tag t --expect none"},
		{2, "append order-1 --type A --if-none type="},
		{2, "append order-1 --type A --id 7"},
		{2, "append order-1 --type A --effective-at soon"},
		{2, "stats --json=colour"},
		{2, "append order-1 --type A --expect="},
		{2, "append order-1 --type A --if-none="},
		{2, "append order-1 --type A --key="},
		{2, "append order-1 --type A --actor="},
		{2, "append order-1 --type A --effective-at="},
		{2, "append order-1 --type A --effective-at 0001-01-01T00:00:00Z"},
		{2, "append order-1 --type A --data @/"},
		{2, "append order-1 --type A --data @/dev/null/x"},
		{2, "import csv /dev/null/x"},
		{2, "man --dir /dev/null/x"},
		{2, "bench --dir /dev/null/x"},
		{2, "log --known-at="},
		{2, "log --type="},
		{2, "log --query="},
		{2, "log --since="},
		{2, "log --jq="},
		{2, "log --known-at 0001-01-01T00:00:00Z"},
		{2, "log --store= --store="},
		{2, "show ..1"},
		{2, "state ..order-42@1"},
		{5, "log nobody"},
		{5, "show 4 --known-at 1"},
		{5, "show order-42@2 --known-at 1"},
		{5, "state nobody"},
		{5, "state order-42@9"},
		{5, "state order-42 --path nothing"},
		{5, "at 2020-01-01 order-42"},
		{5, "show 99"},
		{5, "show nobody@1"},
		{5, "append order-1 --type A --data @nowhere"},
		{5, "show tag:none"},
		{3, "append order-42 --type A --expect none"},
		{3, "append order-1 --type A --expect exists"},
		{3, "append order-1 --type A --if-none type=Paid"},
		{3, "append order-1 --type A --key k-1"},
		{9, "append order-1 --type " + strings.Repeat("A", 1025)},
		{0, "log --type Never"},
		{0, "streams --prefix= --after="},
		{0, "state order-42 --path="},
		{0, "append order-8 --type A --data="},
		{0, "streams --prefix x"},
		{0, "log order-42@2..1"},
		{0, "append order-1 --type A --if-none type=Paid --after 9"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			stdout, stderr, code := c.run(t.Context(), "", strings.Split(tt.args, " ")...)
			if code != tt.exit {
				t.Errorf("exit code %d, want %d\n%s%s", code, tt.exit, stdout, stderr)
			}
			if code != 0 && (stdout != "" || !strings.HasPrefix(stderr, "gesta: ") && !strings.HasPrefix(stderr, `{"error":`)) {
				t.Errorf("stdout %q, stderr %q", stdout, stderr)
			}
		})
	}
}

// What is said of a command line names what is wrong with it, in words of the command line.
func TestMisread(t *testing.T) {
	c := newCLI(t)
	c.orders()
	for line, want := range map[string]string{
		"at tomorow order-42":                               "gesta: TIME: invalid: \"tomorow\" is not a time such as 2026-11-01T10:06:00Z, 2026-11-01, yesterday, last friday or 2 hours ago\n",
		"log -n x":                                          "gesta: --number \"x\" is no number\nhint: gesta log --help shows its flags\n",
		"log -n 99999999999999999999":                       "gesta: --number \"99999999999999999999\" is out of range\nhint: gesta log --help shows its flags\n",
		"log --reverse=soon":                                "gesta: --reverse takes no value, and was given \"soon\"\nhint: gesta log --help shows its flags\n",
		"blame order-42 --ndjson=path":                      `{"error":{"code":"usage","message":"--ndjson takes no value, and was given \"path\"","hint":"--json=path --ndjson keeps those members of each line"}}` + "\n",
		"bisect a-1 a-2 --expr true":                        "gesta: bisect takes one target, and was given \"a-1\" \"a-2\"\nhint: a pattern stands in quotes, as the shell must not read it: 'order-*'\n",
		"show order-7 --known-at 2":                         "gesta: no event of order-7 is known at that point\nhint: gesta log order-7 shows its events\n",
		"trace order-7 --known-at 2":                        "gesta: no event of order-7 is known at that point\nhint: gesta log order-7 shows its events\n",
		"show tag:none":                                     "gesta: there is no event at tag:none\nhint: gesta log shows the events there are\n",
		"blame order-42 --path a[k=1].b[l=1] --array-key l": `gesta: --path: a[k=1].b[l=1] tells elements apart by "k", and not by "l"` + "\nhint: leave the key out: the path says it\n",
	} {
		if _, stderr, code := c.run(t.Context(), "", strings.Fields(line)...); code == exitOK || stderr != want {
			t.Errorf("gesta %s: exit code %d, %q; want %q", line, code, stderr, want)
		}
	}
	if d := describe(fmt.Errorf("read: %w", &store.TruncatedError{First: 9})); d.Hint != "ask from position 9 on" {
		t.Errorf("the hint of what was truncated away is %q", d.Hint)
	}
}

// fullDisk is a file on a disk without room.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// What cannot be written is an error, which is told once.
func TestStdoutOnAFullDisk(t *testing.T) {
	c := newCLI(t)
	c.orders()
	c.stdout = fullDisk{}
	for _, line := range []string{
		"--help", "help addresses", "log --help", "completion bash", "log", "log --oneline", "log --json", "log --ndjson", "show 1", "state order-42", "streams",
		"streams --json", "types", "stats", "export ndjson", "append order-9 --type A", "append order-9 --type A --json", "version",
	} {
		_, stderr, code := c.run(t.Context(), "", strings.Split(line, " ")...)
		if code != exitUnavailable || strings.Count(stderr, "no space left") != 1 {
			t.Errorf("gesta %s: exit code %d, %q", line, code, stderr)
		}
	}
}

func TestInterruptEndsWith130(t *testing.T) {
	c := newCLI(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"log", "--follow"}, {"stats"}, {"append", "--ndjson"}} {
		if stdout, stderr, code := c.run(ctx, "", args...); code != exitInterrupted || stdout+stderr != "" {
			t.Errorf("gesta %v: exit code %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
}

func TestStoreDiscovery(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "a", "b")
	found := filepath.Join(dir, storeDir)
	for _, d := range []string{deep, found} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct{ name, cwd, flag, environ, want string }{
		{"here", dir, "", "", found},
		{"upward", deep, "", "", found},
		{"flag", "/", dir, "", found},
		{"flag, the store itself", "/", found, "", found},
		{"flag, relative", deep, "../..", "", found},
		{"flag, file URL", "/", "file:" + dir, "", found},
		{"flag, another backend", deep, "mem:", "", "mem:"},
		{"environment", "/", "", dir, found},
		{"flag before environment", "/", "mem:", dir, "mem:"},
		{"a directory that is no .gesta", "/", deep, "", deep},
	}
	for _, tt := range tests {
		e := &env{dir: tt.cwd, getenv: func(name string) string { return map[string]string{"GESTA_STORE": tt.environ}[name] }}
		e.global.store = tt.flag
		if got, err := e.storeURL(); got != tt.want || err != nil {
			t.Errorf("%s: %s, %v; want %s", tt.name, got, err, tt.want)
		}
	}
	for name, flag := range map[string]string{"nowhere": "", "a path that is not there": filepath.Join(dir, "x")} {
		e := &env{dir: "/", getenv: func(string) string { return "" }}
		e.global.store = flag
		if got, err := e.storeURL(); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %s, %v; want an error that is ErrNotFound", name, got, err)
		}
	}
}

func TestForeignStoreIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a directory to another user")
	}
	dir := t.TempDir()
	found := filepath.Join(dir, storeDir)
	if err := os.Mkdir(found, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(found, 4242, -1); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"", dir} {
		e := &env{dir: dir, getenv: func(string) string { return "" }}
		e.global.store = flag
		_, err := e.storeURL()
		if d := describe(err); err == nil || d.Code != eventjson.CodeDenied {
			t.Errorf("--store %q: %v", flag, err)
		}
	}
	e := &env{dir: dir, getenv: func(string) string { return "" }, stdout: &strings.Builder{}, stderr: &strings.Builder{}}
	if code := run(t.Context(), e, []string{"init"}); code != exitDenied {
		t.Errorf("init: exit code %d, %s", code, e.stderr)
	}
	e = &env{dir: "/", getenv: func(string) string { return "" }}
	e.global.store = found
	if got, err := e.storeURL(); got != found || err != nil {
		t.Errorf("named itself: %s, %v", got, err)
	}
}

func TestInitBesideAWriter(t *testing.T) {
	dir := t.TempDir()
	writer, err := open.Open(t.Context(), filepath.Join(dir, storeDir), open.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := writer.Close(); err != nil {
			t.Error(err)
		}
	})
	var stdout, stderr strings.Builder
	e := &env{stdout: &stdout, stderr: &stderr, dir: dir, getenv: func(string) string { return "" }}
	code := run(t.Context(), e, []string{"init", "--json", "--jq", ".created"})
	if code != exitOK || stdout.String() != "false\n" {
		t.Errorf("exit code %d: %s%s", code, &stdout, &stderr)
	}
}

func TestMissingStoreSaysWhatToDo(t *testing.T) {
	var stderr strings.Builder
	e := &env{stdout: &stderr, stderr: &stderr, dir: "/", getenv: func(string) string { return "" }}
	if code := run(t.Context(), e, []string{"log"}); code != exitNotFound || !strings.Contains(stderr.String(), "gesta init") {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	if _, err := open.Open(t.Context(), "nonsense:x", open.Options{}); describe(err).Code != eventjson.CodeUsage {
		t.Errorf("a URL that no backend takes: %v", err)
	}
}
