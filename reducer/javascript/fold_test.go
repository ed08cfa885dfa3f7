package javascript_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/javascript"
	"github.com/gestadb/gesta/store"
)

const counting = `let folded = 0; fromAll().when({ $init: () => ({ n: 0, types: [] }), $any(s, e) { s.n++; s.own = ++folded; s.types.push(e.eventType) } })`

// numbered returns n events.
func numbered(n int) []store.Recorded {
	var all []store.Recorded
	for i := range n {
		all = append(all, event(i+1, fmt.Sprintf("T%d", i), "{}"))
	}
	return all
}

// TestGoOn leaves a loop early, and goes on behind the events that were taken in.
func TestGoOn(t *testing.T) {
	all := numbered(2000)
	for _, w := range []reducer.Want{{}, {Changes: true}, {Paths: []reducer.Path{{"n"}}}} {
		f := begin(t, rule(t, counting, javascript.Options{}))
		taken, steps := 0, 0
		for _, err := range f.Steps(func(yield func(store.Recorded, error) bool) {
			for _, r := range all {
				if taken++; !yield(r, nil) {
					return
				}
			}
		}, w) {
			if err != nil {
				t.Fatal(err)
			}
			if steps++; steps == 700 {
				break
			}
		}
		if got, want := string(f.AppendState(nil)), fmt.Sprintf(`{"n":%d,`, taken); taken < 700 || !strings.HasPrefix(got, want) {
			t.Fatalf("after %d events the state = %.80s", taken, got)
		}
		run(t, f, all[taken:], reducer.Want{Changes: true})
		run(t, f, all[:100], w)
		n, ok := f.AppendAt(nil, reducer.Path{"n"})
		last, _ := f.AppendAt(nil, reducer.Path{"types", "2099"})
		if string(n) != "2100" || !ok || string(last) != `"T99"` {
			t.Errorf("n = %s, last = %s", n, last)
		}
		if _, ok := f.AppendAt(nil, reducer.Path{"types", "2100"}); ok {
			t.Error("there is one more")
		}
	}
}

// TestErrorOfEvents ends with the error of the events, after the steps of those before it; the fold goes on.
func TestErrorOfEvents(t *testing.T) {
	bad := errors.New("bad")
	for _, w := range []reducer.Want{{}, {Changes: true}} {
		f := begin(t, rule(t, counting, javascript.Options{}))
		steps, last := 0, error(nil)
		for step, err := range f.Steps(func(yield func(store.Recorded, error) bool) {
			for _, r := range numbered(300) {
				if !yield(r, nil) {
					return
				}
			}
			yield(store.Recorded{}, bad)
		}, w) {
			if step != nil {
				steps++
			}
			last = err
		}
		if steps != 300 || !errors.Is(last, bad) {
			t.Errorf("%d steps, error = %v", steps, last)
		}
		run(t, f, numbered(1), w)
		if got, _ := f.AppendAt(nil, reducer.Path{"n"}); string(got) != "301" {
			t.Errorf("n = %s", got)
		}
	}
}

// TestFolds folds by one reducer at once, and one fold after the other in the same processes: each begins with variables of its own.
func TestFolds(t *testing.T) {
	r := rule(t, counting, javascript.Options{Idle: 2})
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for i := range 10 {
				f, err := r.New(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				for _, err := range f.Steps(sequence(numbered(i)), reducer.Want{Changes: i%2 == 0}) {
					if err != nil {
						t.Error(err)
					}
				}
				own, ok := f.AppendAt(nil, reducer.Path{"own"})
				if ok != (i > 0) || ok && string(own) != fmt.Sprint(i) {
					t.Errorf("after %d events the variable is %s", i, own)
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
				if again, _ := f.AppendAt(nil, reducer.Path{"own"}); string(again) != string(own) {
					t.Errorf("closed, it is %s", again)
				}
				for _, err := range f.Steps(sequence(numbered(1)), reducer.Want{}) {
					if !errors.Is(err, store.ErrInvalid) {
						t.Errorf("a closed fold goes on: %v", err)
					}
				}
			}
		})
	}
	wait.Wait()
}

// TestReaped looks for processes that are left.
func TestReaped(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells of children") // it has /proc
	}
	r := rule(t, counting, javascript.Options{})
	for _, closed := range []bool{false, true} {
		f, err := r.New(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(children(t)); n != 1 {
			t.Errorf("%d processes fold", n)
		}
		if closed {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if n := len(children(t)); (n == 0) != closed {
			t.Errorf("%d processes are left", n)
		}
	}
	if _, err := r.New(t.Context()); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a closed reducer begins a fold: %v", err)
	}
}

func children(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(paths) == 0 {
		t.Skip("this system does not tell of children") // a kernel without them
	}
	var all []string
	for _, path := range paths {
		text, _ := os.ReadFile(path) // a thread may be gone
		all = append(all, strings.Fields(string(text))...)
	}
	return all
}

// TestLarge folds events that are larger than a batch, into a state that is larger than a pipe.
func TestLarge(t *testing.T) {
	text := strings.Repeat("é", 1<<20)
	all := events("A", `"`+text+`"`, "A", `"`+text+`"`, "A", `"x"`)
	for _, w := range []reducer.Want{{}, {Changes: true}} {
		f := begin(t, rule(t, `when({ $init: () => [], $any(s, e) { s.push(e.data) } })`, javascript.Options{}))
		run(t, f, all, w)
		if got := string(f.AppendState(nil)); got != `["`+text+`","`+text+`","x"]` {
			t.Errorf("a state of %d bytes", len(got))
		}
	}
}

// TestStrangers starts programs that are no children.
func TestStrangers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("they are shell scripts")
	}
	for _, tt := range []struct {
		name, script string
		is           error
	}{
		{"ends", "exit 3", nil},
		{"complains", "echo no >&2; exit 3", nil},
		{"echoes", "exec cat", nil},
		{"babbles", "while :; do echo babble; done", nil},
		{"half a frame", `printf '\020\000\000\000S{'`, nil},
		{"a state and no marks", `printf '\003\000\000\000S{}'; exec sleep 1000`, javascript.ErrTime},
		{"says nothing", "exec sleep 1000", javascript.ErrTime},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "stranger")
			if err := os.WriteFile(path, []byte("#!/bin/sh\n"+tt.script+"\n"), 0o700); err != nil { //nolint:gosec // it is run
				t.Fatal(err)
			}
			_, err := rule(t, counting, javascript.Options{Program: path, Time: 1}).New(within(t))
			var at *javascript.SourceError
			if err == nil || errors.As(err, &at) && tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error = %v", err)
			}
		})
	}
	if _, err := rule(t, counting, javascript.Options{Program: filepath.Join(t.TempDir(), "none")}).New(t.Context()); err == nil {
		t.Error("a program that is not there runs")
	}
}

func TestNew(t *testing.T) {
	for _, source := range []string{"\xff", strings.Repeat(" ", 5<<20)} {
		if _, err := javascript.New("test.js", []byte(source), javascript.Options{}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("error = %v", err)
		}
	}
}
