package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/sandbox"
	"github.com/gestadb/gesta/store"
)

var errOdd = errors.New("gesta: an odd event")

// counting is a language whose sources are words for what compiling does, and whose programs count events and do what their types say.
var counting = sandbox.Language{
	Name:        "Counting",
	Errors:      []error{errOdd},
	AppendEvent: func(dst []byte, r *store.Recorded) []byte { return append(dst, r.Type...) },
	Compile: func(s sandbox.Source) (sandbox.Rule, *sandbox.Failure) {
		misbehave(string(s.Text))
		if string(s.Text) == "wrong" {
			return nil, &sandbox.Failure{Kind: errOdd, File: "other.file", Line: 3, Message: "so not"}
		}
		return rule{}, nil
	},
}

var sink [][]byte

func misbehave(how string) {
	switch how {
	case "spin":
		for i := 0; ; i++ {
			if i < 0 {
				return
			}
		}
	case "hoard":
		for {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = 1
			}
			sink = append(sink, b)
		}
	case "allocate":
		sink = append(sink, make([]byte, 64<<30))
	case "recurse":
		sink = append(sink, make([]byte, recurse(1)))
	case "panic":
		panic("so\x1b not")
	case "exit":
		os.Exit(3)
	}
}

func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return recurse(n+1) + 1
}

type rule struct{}

func (rule) Begin(func(func())) (sandbox.Program, *sandbox.Failure) { return &program{}, nil }

type program struct {
	n       int
	changes sandbox.Changes
}

func (p *program) Apply(event []byte, wanted bool) (bool, *sandbox.Failure) {
	p.changes.Reset()
	switch how := string(event); how {
	case "skip":
		return false, nil
	case "wrong":
		return false, &sandbox.Failure{Kind: errOdd, Message: "so not"}
	default:
		misbehave(how)
	}
	if p.n++; wanted {
		p.changes.Set([]string{"n"}, fmt.Append(nil, p.n))
	}
	return true, nil
}

func (p *program) Changes() *sandbox.Changes { return &p.changes }

func (p *program) AppendState(dst []byte) ([]byte, *sandbox.Failure) {
	return fmt.Appendf(dst, `{"n":%d}`, p.n), nil
}

// TestMain is the child too: the package starts the program that runs again.
func TestMain(m *testing.M) {
	if sandbox.IsChild(os.Args) {
		sandbox.RunChild(os.Stdin, os.Stdout, os.Stderr, os.Exit, &counting)
		return
	}
	goleak.VerifyTestMain(m)
}

// begin begins a fold of a source, which is closed when the test ends.
func begin(t *testing.T, ctx context.Context, l *sandbox.Language, source string, o sandbox.Options) (reducer.Fold, error) { //nolint:revive // a helper takes t first
	t.Helper()
	if o.Time == 0 {
		o.Time = 20 * time.Second
	}
	r, err := sandbox.New(l, "test.count", "counting/1:"+source, []byte(source), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // it closes what is left, which cannot fail
	f, err := r.New(ctx)
	if err == nil {
		t.Cleanup(func() { _ = f.Close() }) // the test has the error
	}
	return f, err
}

// fold folds events of types, and returns how many were applied.
func fold(f reducer.Fold, w reducer.Want, types ...string) (applied int, err error) {
	for step, err := range f.Steps(func(yield func(store.Recorded, error) bool) {
		for i, typ := range types {
			if !yield(store.Recorded{Event: store.Event{Stream: "a-1", Type: typ}, Position: store.Position(i + 1)}, nil) {
				return
			}
		}
	}, w) {
		if err != nil {
			return applied, err
		}
		if step.Applied {
			applied++
		}
	}
	return applied, nil
}

func TestFold(t *testing.T) {
	f, err := begin(t, t.Context(), &counting, "", sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []reducer.Want{{}, {Changes: true}, {}} {
		if n, err := fold(f, w, "a", "skip", "b"); n != 2 || err != nil {
			t.Errorf("%d were applied, %v", n, err)
		}
	}
	if got := string(f.AppendState(nil)); got != `{"n":6}` {
		t.Errorf("state = %s", got)
	}
}

// TestMisbehavior has each fault as the error of the source, and of the event.
func TestMisbehavior(t *testing.T) {
	for _, tt := range []struct {
		how  string
		is   error
		says string
	}{
		{"spin", sandbox.ErrTime, ""},
		{"hoard", sandbox.ErrMemory, ""},
		{"allocate", sandbox.ErrMemory, ""},
		{"recurse", sandbox.ErrDepth, ""},
		{"panic", nil, `the process that runs Counting ended: panic: so\x1b not`},
		{"exit", nil, "the process that runs Counting ended: "},
		{"wrong", errOdd, "an odd event: so not"},
	} {
		t.Run(tt.how, func(t *testing.T) {
			o := sandbox.Options{Memory: 128 << 20}
			if tt.how == "spin" {
				o.Time = 300 * time.Millisecond
			}
			_, err := begin(t, t.Context(), &counting, tt.how, o)
			source, ok := errors.AsType[*sandbox.SourceError](err)
			if !ok || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error = %v", err)
			}
			if tt.how == "wrong" && (source.Name != "other.file" || source.Line != 3) {
				t.Errorf("it is in %s:%d", source.Name, source.Line)
			}
			f, err := begin(t, t.Context(), &counting, "", o)
			if err != nil {
				t.Fatal(err)
			}
			_, err = fold(f, reducer.Want{}, "a", "skip", tt.how, "b")
			at, ok := errors.AsType[*reducer.EventError](err)
			if !ok || at.Position != 3 || at.Type != tt.how || at.File != "test.count" || tt.is != nil && !errors.Is(err, tt.is) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// TestCancelWhileCompiling gives up in what would last.
func TestCancelWhileCompiling(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	time.AfterFunc(100*time.Millisecond, func() { cancel(cause) })
	began := time.Now()
	_, err := begin(t, ctx, &counting, "spin", sandbox.Options{Time: time.Hour})
	if !errors.Is(err, cause) {
		t.Errorf("error = %v", err)
	}
	t.Logf("after %v", time.Since(began))
}

// TestUnknownLanguage starts a program that was not given the language.
func TestUnknownLanguage(t *testing.T) {
	other := counting
	other.Name = "Other"
	_, err := begin(t, t.Context(), &other, "", sandbox.Options{})
	if err == nil || !strings.Contains(err.Error(), "does not run Other") {
		t.Errorf("error = %v", err)
	}
}

// TestProgramThatIsNone starts what is no child: it is silent, or not there.
func TestProgramThatIsNone(t *testing.T) {
	if _, err := begin(t, t.Context(), &counting, "", sandbox.Options{Program: t.TempDir() + "/nothing"}); err == nil || !strings.Contains(err.Error(), "start the process of test.count") {
		t.Errorf("error = %v", err)
	}
	silent := t.TempDir() + "/silent"
	if err := os.WriteFile(silent, []byte("#!/bin/sh\nexec sleep 600\n"), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	if _, err := begin(t, t.Context(), &counting, "", sandbox.Options{Program: silent, Time: 100 * time.Millisecond}); !errors.Is(err, sandbox.ErrTime) {
		t.Errorf("error = %v", err)
	}
}
