package main

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/open"
)

// terminal is a shell in a real terminal, in a tmux server of its own.
type terminal struct {
	t           *testing.T
	socket, dir string
	env         []string
}

// terminalWait is how long a screen may take to come.
const terminalWait = 20 * time.Second

// newTerminal starts a shell in a terminal of so many columns and lines, in which gesta is this binary.
func newTerminal(t *testing.T, dir string, columns, lines int, environ ...string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("tmux is not installed: gesta tui is tested in a real terminal")
		}
		t.Skip("tmux is not installed: gesta tui is not tested in a real terminal")
	}
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "gesta")); err != nil {
		t.Fatal(err)
	}
	m := &terminal{t: t, socket: fmt.Sprintf("gesta-test-%d-%d", os.Getpid(), columns), dir: dir}
	m.env = append([]string{
		"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TZ=UTC", "LANG=C.UTF-8", "LC_ALL=C.UTF-8",
		"TERM=xterm-256color", "SELF=" + self, "GOCOVERDIR=" + os.Getenv("GOCOVERDIR"),
	}, environ...)
	config := filepath.Join(bin, "tmux.conf")
	if err := os.WriteFile(config, []byte("set -s set-clipboard on\nset -g status off\nset -s escape-time 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	socket := ""
	t.Cleanup(func() {
		_ = m.command(context.WithoutCancel(t.Context()), "kill-server").Run() // it may have ended by itself
		if socket != "" {
			_ = os.Remove(socket) // the server leaves it
		}
	})
	m.tmux("-f", config, "-u", "new-session", "-d", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(lines), "env", "PS1=$ ", "ENV=", "sh")
	socket = strings.TrimSpace(m.tmux("display-message", "-p", "#{socket_path}"))
	m.wait("the prompt", func(screen string) bool { return screen == "$" })
	return m
}

func (m *terminal) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "tmux", append([]string{"-L", m.socket}, args...)...)
	cmd.Env, cmd.Dir = m.env, m.dir
	return cmd
}

func (m *terminal) tmux(args ...string) string {
	m.t.Helper()
	out, err := m.command(m.t.Context(), args...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("tmux %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (m *terminal) keys(keys ...string) { m.tmux(append([]string{"send-keys"}, keys...)...) }

// shell types a line.
func (m *terminal) shell(line string) {
	m.tmux("send-keys", "-l", line)
	m.keys("Enter")
}

// screen is what the terminal shows, without blanks at the ends of lines and empty lines at the end.
func (m *terminal) screen() string {
	var lines []string
	for l := range strings.SplitSeq(m.tmux("capture-pane", "-p"), "\n") {
		lines = append(lines, strings.TrimRight(l, " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// wait looks at the screen until it is as it should be.
func (m *terminal) wait(what string, ok func(screen string) bool) string {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), terminalWait)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		screen := m.screen()
		if ok(screen) {
			return screen
		}
		select {
		case <-ctx.Done():
			m.t.Fatalf("%s does not come: the screen is\n%s", what, m.screen())
		case <-poll.C:
		}
	}
}

// settled waits until the screen has not changed for a while; for writing down what is expected, never for judging it.
func (m *terminal) settled() string {
	last, same := "", 0
	return m.wait("a screen that stays", func(screen string) bool {
		if screen != last {
			last, same = screen, 0
		}
		same++
		return same > 40
	})
}

// sane checks that the terminal is as it was before a program: the modes, the cursor, the screen.
func (m *terminal) sane(before string) {
	m.t.Helper()
	if after := m.modes(); after != before {
		m.t.Errorf("the terminal was left in another state: %s", cmp.Diff(before, after))
	}
	if flags := m.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_cursor_flag}"); flags != "0 1 0 0\n" {
		m.t.Errorf("alternate screen, cursor, mouse, keypad: %s", flags)
	}
}

// modes is what stty says of the terminal.
func (m *terminal) modes() string {
	m.t.Helper()
	file := filepath.Join(m.t.TempDir(), "modes")
	m.shell("clear; stty -a >" + file + "; echo done")
	m.wait("stty", func(screen string) bool { return screen == "done\n$" })
	text, err := os.ReadFile(file)
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}

// tuiStore makes a store on disk whose clock goes on by a minute a commit, and returns its directory.
func tuiStore(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	now := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	gesta := func(args ...string) {
		now = now.Add(time.Minute)
		var errs bytes.Buffer
		e := &env{
			stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &errs, getenv: func(string) string { return "" },
			clock: func() time.Time { return now }, zone: time.UTC, dir: dir,
		}
		if code := run(t.Context(), e, args); code != exitOK {
			t.Fatalf("gesta %s: %s", strings.Join(args, " "), errs.String())
		}
	}
	gesta("init")
	gesta("append", "order-42", "--type", "Placed", "--actor", "ada", "--tag", "customer:c-77", "--data",
		`{"customer":"c-77","due":38.50,"items":[{"sku":"S-1","qty":2}],"note":"\u202eevil"}`)
	gesta("append", "order-42", "--type", "Moved", "--data", "{\"city\":\"漢字\u202e\",\"note\":null}", "--effective-at", "2026-10-01")
	gesta("append", "order-42", "--type", "ItemAdded", "--actor", "grace", "--data", `{"items":[{"sku":"S-1","qty":2},{"sku":"S-2","qty":1}],"due":48}`)
	gesta("append", "order-42", "--type", "Paid", "--actor", "psp", "--data", `{"due":0}`)
	gesta("append", "order-42", "--type", "Moved", "--data", `{"city":"Lyon","items":[]}`, "--id", "019a1234-0000-7000-8000-000000000005")
	return dir
}

// tuiSteps are keys, and what a person wants with them.
var tuiSteps = []struct {
	name string
	keys []string
}{
	{"back to the payment", []string{"Left"}},
	{"what it changed", []string{"d"}},
	{"since the first event", []string{"Home", "m", "End", "Left"}},
	{"without the mark", []string{"Escape"}},
	{"who did what", []string{"b"}},
	{"to the event of the value below", []string{"Tab", "Down", "Enter"}},
	{"the command line of that", []string{"s", "y"}},
	{"a filter", []string{"/", "m", "o", "v", "e", "d"}},
	{"its events", []string{"Enter", "Up"}},
	{"the next event of the type", []string{"]"}},
	{"all events again", []string{"Escape"}},
	{"the event itself", []string{"e"}},
	{"keys", []string{"?"}},
}

// TestTUI drives gesta tui in a real terminal and compares its screens with those in testdata/tui; GESTA_UPDATE=1 writes them. Then it runs what was
// copied, and leaves in both ways.
func TestTUI(t *testing.T) {
	dir := tuiStore(t)
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			m := newTerminal(t, dir, size[0], size[1])
			before := m.modes()
			m.shell("gesta tui order-42")
			w := newWanted(t, fmt.Sprintf("testdata/tui/%dx%d.txtar", size[0], size[1]))
			w.compare(m, "open")
			if alternate := m.tmux("display-message", "-p", "#{alternate_on}"); alternate != "1\n" {
				t.Errorf("it draws over what was on the screen: %s", alternate)
			}
			for _, step := range tuiSteps {
				m.keys(step.keys...)
				w.compare(m, step.name)
			}
			w.write()
			m.keys("q", "q")
			m.wait("the prompt", func(screen string) bool { return strings.HasSuffix(screen, "\n$") })
			m.shell("echo $?")
			m.wait("the exit code", func(screen string) bool { return strings.HasSuffix(screen, "$ echo $?\n0\n$") })
			m.sane(before)

			copied := m.tmux("show-buffer")
			if want := "gesta state order-42@1"; copied != want {
				t.Errorf("copied %q, want %q", copied, want)
			}
			m.shell(copied)
			m.wait("what was copied", func(screen string) bool { return strings.Contains(screen, `"due": 38.50,`) })

			m.shell("clear; gesta tui order-42 --color never --effective-at 2026-10-15")
			m.wait("the history by effective time", func(screen string) bool { return strings.Contains(screen, "event 1 of 1  effective at 2026-10-15") })
			m.keys("C-c")
			m.wait("the prompt", func(screen string) bool { return strings.HasSuffix(screen, "$") })
			m.shell("echo $?")
			m.wait("the exit code", func(screen string) bool { return strings.HasSuffix(screen, "\n130\n$") })
			m.sane(before)
		})
	}
}

// wanted are the screens that are expected, in a file.
type wanted struct {
	t       *testing.T
	file    string
	update  bool
	archive txtar.Archive
	next    int
}

func newWanted(t *testing.T, file string) *wanted {
	t.Helper()
	w := &wanted{t: t, file: file, update: os.Getenv("GESTA_UPDATE") != ""}
	if w.update {
		return w
	}
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Files) != len(tuiSteps)+1 {
		t.Fatalf("%s has %d screens, want %d: GESTA_UPDATE=1 writes them anew", file, len(a.Files), len(tuiSteps)+1)
	}
	w.archive = *a
	return w
}

func (w *wanted) compare(m *terminal, name string) {
	w.t.Helper()
	if w.update {
		w.archive.Files = append(w.archive.Files, txtar.File{Name: name, Data: []byte(m.settled() + "\n")})
		return
	}
	f := w.archive.Files[w.next]
	w.next++
	if f.Name != name {
		w.t.Fatalf("%s has the screen %q next, want %q: GESTA_UPDATE=1 writes them anew", w.file, f.Name, name)
	}
	m.wait(fmt.Sprintf("the screen %q, which is\n%s\nThat", name, f.Data), func(screen string) bool { return screen+"\n" == string(f.Data) })
}

func (w *wanted) write() {
	if !w.update {
		return
	}
	if err := os.WriteFile(w.file, txtar.Format(&w.archive), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// panicsEnv makes TestTUIThatPanics the program that panics.
const panicsEnv = "GESTA_TEST_TUI_PANICS"

// TestTUIThatPanics sees that the terminal is as it was after a fault of the program.
func TestTUIThatPanics(t *testing.T) {
	if os.Getenv(panicsEnv) != "" {
		e := systemEnv()
		e.backend = func(ctx context.Context, url string, o open.Options) (store.Store, error) {
			s, err := open.Open(ctx, url, o)
			return panicking{keptOpen{s}}, err
		}
		os.Exit(run(t.Context(), e, []string{"tui", "order-42"}))
	}
	m := newTerminal(t, tuiStore(t), 81, 24)
	before := m.modes()
	m.shell(panicsEnv + "=1 $SELF -test.run '^TestTUIThatPanics$'; echo left with $?")
	m.wait("the prompt", func(screen string) bool { return strings.HasSuffix(screen, "left with 10\n$") })
	m.sane(before)
}

// panicking is a store whose reads from the middle of a stream panic.
type panicking struct{ keptOpen }

func (p panicking) Read(ctx context.Context, q store.Query, o store.ReadOptions) iter.Seq2[store.Recorded, error] {
	if len(q) > 0 && q[0].Stream == "order-42" && o.After > 0 {
		panic("a fault of the program")
	}
	return p.keptOpen.Read(ctx, q, o)
}

// Where there is no terminal, or a program reads, tui says what shows the same.
func TestTUINeedsATerminal(t *testing.T) {
	c := newCLI(t)
	c.orders()
	for _, terminal := range []bool{false, true} {
		c.terminal = terminal
		c.environ["TERM"] = "dumb"
		_, stderr, code := c.run(t.Context(), "", "tui", "order 42")
		if want := "gesta log -p 'order 42' prints what each event changed"; code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	}
	c.terminal, c.environ["TERM"] = true, "xterm"
	if _, stderr, code := c.run(t.Context(), "", "tui", "order-42", "--json"); code != exitUsage || !strings.Contains(stderr, "gesta log -p order-42") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if _, stderr, code := c.run(t.Context(), "", "tui", "order-43"); code != exitNotFound {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

// What may not be read whole is not drawn.
func TestTUIOfWhatMayNotBeRead(t *testing.T) {
	c := newCLI(t)
	c.orders()
	clerk, err := auth.NewPrincipal("clerk", auth.Read, "order-7")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"tag:customer:c-77", "order-42"} {
		var stdout, stderr bytes.Buffer
		e := &env{
			stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, stdoutTerminal: true, dir: c.dir, zone: time.UTC,
			getenv: func(string) string { return "" }, lookupEnv: func(string) (string, bool) { return "", false }, clock: func() time.Time { return c.now },
			backend: func(context.Context, string, open.Options) (store.Store, error) {
				return auth.Store(c.store, clerk, ""), nil
			},
		}
		if code := run(t.Context(), e, []string{"tui", target, "--store", "mem:"}); code != 9 || stdout.Len() > 0 || !strings.Contains(stderr.String(), "needs the role read") {
			t.Errorf("tui %s ends with %d and prints %q, %q", target, code, &stdout, &stderr)
		}
	}
}
