package tui_test

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/gestadb/gesta/cmd/gesta/internal/tui"
	"github.com/gestadb/gesta/internal/script"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

// TestScreens runs the conversations in testdata. "append" appends an event, with its data as input; "open" begins the program in a window of so many
// columns and lines; "press" gives it keys and "type" a text; "later" gives it what it wanted to hear of later. The answer is the screen, in which a
// point stands for an empty line.
func TestScreens(t *testing.T) {
	script.Run(t, os.DirFS("testdata"), "*.txt", "testdata", func(t *testing.T) func(script.Cmd) string {
		d := &driver{t: t, f: newFixture(t)}
		return d.answer
	})
}

// driver is the program with a person before it.
type driver struct {
	t         *testing.T
	f         *fixture
	m         *tui.Model
	clipboard string
	later     []tea.Msg
	quit      bool
}

func (d *driver) answer(c script.Cmd) string {
	args := map[string]string{}
	var words []string
	for _, a := range c.Args {
		if a.Value == "" {
			words = append(words, a.Key)
		}
		args[a.Key] = a.Value
	}
	switch c.Name {
	case "append":
		d.append(words, args, c.Input)
		return ""
	case "open":
		d.open(words, args)
	case "press":
		for _, w := range words {
			d.press(w)
		}
	case "type":
		for _, r := range c.Input {
			d.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	case "size":
		d.send(tea.WindowSizeMsg{Width: number(d.t, words[0]), Height: number(d.t, words[1])})
	case "later":
		msgs := d.later
		d.later = nil
		for _, msg := range msgs {
			d.send(msg)
		}
	default:
		d.t.Fatalf("there is no command %s", c.Name)
	}
	return d.screen()
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// append appends an event: append STREAM TYPE [by=ACTOR] [tag=TAG] [effective=TIME] [id=N supersedes=N].
func (d *driver) append(words []string, args map[string]string, data string) {
	e := store.Event{Stream: words[0], Type: words[1], Data: []byte(strings.NewReplacer("<esc>", "\x1b", "<rlo>", "\u202e").Replace(strings.TrimSpace(data)))}
	if e.Stream == "none" {
		e.Stream = ""
	}
	if args["tag"] != "" {
		e.Tags = []string{args["tag"]}
	}
	id := func(n string) string { return "00000000-0000-4000-8000-00000000000" + n }
	if n := args["id"]; n != "" {
		e.ID = id(n)
	}
	var members []string
	if args["by"] != "" {
		members = append(members, fmt.Sprintf("%q:%q", "actor", args["by"]))
	}
	if args["supersedes"] != "" {
		members = append(members, fmt.Sprintf("%q:%q", "supersedes", id(args["supersedes"])))
	}
	if len(members) > 0 {
		e.Metadata = []byte("{" + strings.Join(members, ",") + "}")
	}
	if at := args["effective"]; at != "" {
		t, err := time.Parse("2006-01-02", at)
		if err != nil {
			d.t.Fatal(err)
		}
		e.EffectiveAt = t
	}
	d.f.commit(e)
}

func (d *driver) open(words []string, args map[string]string) {
	o := d.f.options(words[2])
	o.Color = true
	if at := args["effective"]; at != "" {
		t, err := time.Parse("2006-01-02", at)
		if err != nil {
			d.t.Fatal(err)
		}
		o.EffectiveAt, o.Follow, o.Basis = t, false, "effective at "+at
	}
	if at := args["refuses"]; at != "" {
		o.Reducer = failing{reducer.MergePatch(), store.Position(number(d.t, at))}
	}
	d.m = tui.NewModel(d.t.Context(), o, func(msg tea.Msg) { d.later = append(d.later, msg) })
	d.send(tea.WindowSizeMsg{Width: number(d.t, words[0]), Height: number(d.t, words[1])})
	d.do(d.m.Init())
}

var special = map[string]tea.KeyPressMsg{
	"left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
	"home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
	"tab": {Code: tea.KeyTab}, "enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "backspace": {Code: tea.KeyBackspace},
	"ctrl+c": {Code: 'c', Mod: tea.ModCtrl},
}

func (d *driver) press(name string) {
	key, ok := special[name]
	if !ok {
		r := []rune(name)
		if len(r) != 1 {
			d.t.Fatalf("there is no key %s", name)
		}
		key = tea.KeyPressMsg{Code: r[0], Text: name}
	}
	d.send(key)
}

func (d *driver) send(msg tea.Msg) {
	next, cmd := d.m.Update(msg)
	d.m, _ = next.(*tui.Model)
	d.do(cmd)
}

// do executes a command as the program would, at once.
func (d *driver) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			d.do(c)
		}
	case tea.QuitMsg, tea.InterruptMsg:
		d.quit = true
	default:
		if v := reflect.ValueOf(msg); v.Kind() == reflect.String { // the library's own message to the terminal
			d.clipboard = v.String()
			return
		}
		d.send(msg)
	}
}

func (d *driver) screen() string {
	if d.quit {
		return "left"
	}
	text := d.m.Text()
	var b strings.Builder
	for l := range strings.SplitSeq(text, "\n") {
		if l = strings.TrimRight(l, " "); l == "" {
			l = "."
		}
		b.WriteString(l + "\n")
	}
	if d.clipboard != "" {
		b.WriteString("clipboard: " + d.clipboard + "\n")
		d.clipboard = ""
	}
	return b.String()
}

// Every line is exactly as wide as the window, whatever its size and whatever the data, and no line has what a terminal would obey.
func TestScreensFit(t *testing.T) {
	f := newFixture(t)
	f.random(40, 2)
	long := strings.Repeat("漢字 e\u0301 👩‍👩‍👧 ", 40)
	f.commit(store.Event{Stream: "s", Type: "Wide漢字" + long[:60], Data: fmt.Appendf(nil, `{"wide":%q,"漢字漢字漢字漢字漢字漢字漢字漢字":"\u202e x"}`, long)})
	for _, color := range []bool{false, true} {
		o := f.options("s")
		o.Color = color
		d := &driver{t: t, f: f, m: tui.NewModel(t.Context(), o, func(tea.Msg) {})}
		d.send(tea.WindowSizeMsg{Width: 80, Height: 24})
		d.do(d.m.Init())
		for _, key := range []string{"s", "d", "b", "e", "m", "tab", "y", "?", "left", "d", "s", "b"} {
			d.press(key)
			for _, size := range [][2]int{{40, 10}, {80, 24}, {97, 31}, {120, 40}, {300, 60}} {
				d.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
				lines := strings.Split(d.m.Text(), "\n")
				if len(lines) != size[1] {
					t.Fatalf("after %s a window of %d lines has %d", key, size[1], len(lines))
				}
				for _, l := range lines {
					if w := tui.Width(l); w != size[0] {
						t.Errorf("after %s, in %d columns, a line has %d: %q", key, size[0], w, l)
					}
					if strings.ContainsAny(l, "\x1b\u202e\r\t") {
						t.Errorf("a terminal would obey %q", l)
					}
				}
			}
		}
		if got := strings.Contains(d.m.Screen(), "\x1b[3"); got != color {
			t.Errorf("color %v: the screen has colors: %v", color, got)
		}
	}
}

// An error of reading ends the program.
func TestErrorOfReadingEndsTheProgram(t *testing.T) {
	f := newFixture(t)
	f.random(3, 1)
	o := f.options("s")
	o.MaxEvents = 1
	d := &driver{t: t, f: f, m: tui.NewModel(t.Context(), o, func(tea.Msg) {})}
	d.do(d.m.Init())
	if err := d.m.Fatal(); !d.quit || err == nil || errors.Is(err, store.ErrNotFound) {
		t.Errorf("left %v: %v", d.quit, err)
	}
}
