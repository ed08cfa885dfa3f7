package gestatest_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// fake is a testing.TB that records what it is told, so that failures can be tested.
type fake struct {
	testing.TB
	ctx      context.Context
	text     strings.Builder
	failed   bool
	cleanups []func()
}

func (f *fake) Helper() {}

func (f *fake) Context() context.Context { return f.ctx }

func (f *fake) Cleanup(g func()) { f.cleanups = append(f.cleanups, g) }

func (f *fake) Logf(format string, args ...any) { fmt.Fprintf(&f.text, format+"\n", args...) }

func (f *fake) Errorf(format string, args ...any) {
	f.failed = true
	f.Logf(format, args...)
}

func (f *fake) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// said runs a test of a user and returns what it said, and whether it failed.
func said(t *testing.T, user func(t testing.TB)) (text string, failed bool) {
	t.Helper()
	f := &fake{ctx: t.Context()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		user(f)
	}()
	<-done
	for _, g := range f.cleanups {
		g()
	}
	return f.text.String(), f.failed
}

// wantPass fails unless a test of a user passes.
func wantPass(t *testing.T, user func(t testing.TB)) {
	t.Helper()
	if text, failed := said(t, user); failed {
		t.Errorf("it failed:\n%s", text)
	}
}

// wantFailure fails unless a test of a user fails and says all of some things.
func wantFailure(t *testing.T, user func(t testing.TB), says ...string) {
	t.Helper()
	text, failed := said(t, user)
	if !failed {
		t.Error("it passed")
	}
	plain := strings.ReplaceAll(text, "\u00a0", " ") // go-cmp varies its blanks
	for _, want := range says {
		if !strings.Contains(plain, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	if t.Failed() || testing.Verbose() {
		t.Logf("%s", text)
	}
}
