package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
	"github.com/gestadb/gesta/store/open"
)

// cli runs command lines in this process on one store in memory, which they open and close as if it were on disk.
type cli struct {
	t     *testing.T
	store *memory.Store
	now   time.Time // of the next commit; each one takes a minute
	dir   string

	stdin    io.Reader // in place of the text that run is given, unless nil
	stdout   io.Writer // in place of what run returns, unless nil
	terminal bool      // a person looks at stdout
	environ  map[string]string
}

func newCLI(t *testing.T) *cli {
	t.Helper()
	c := &cli{t: t, now: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC), dir: t.TempDir(), environ: map[string]string{}}
	c.store = memory.New(memory.Options{ID: "0d1e7c1c-0000-4000-8000-000000000001", Clock: func() time.Time {
		c.now = c.now.Add(time.Minute)
		return c.now
	}})
	t.Cleanup(func() {
		if err := c.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// keptOpen is a store whose Close leaves it open.
type keptOpen struct{ store.Store }

func (k keptOpen) Close() error        { return nil }
func (k keptOpen) Unwrap() store.Store { return k.Store }
func (k keptOpen) Powers() map[store.Power]store.Answer {
	all := map[store.Power]store.Answer{}
	for _, p := range store.Powers() {
		all[p] = store.Forwards
	}
	return all
}

// run executes a command line and returns what it prints and how it ends.
func (c *cli) run(ctx context.Context, stdin string, args ...string) (stdout, stderr string, code int) {
	c.t.Helper()
	var out, errs bytes.Buffer
	e := &env{
		stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs, stdoutTerminal: c.terminal,
		getenv:    func(name string) string { return c.environ[name] },
		lookupEnv: func(name string) (string, bool) { value, ok := c.environ[name]; return value, ok },
		clock:     func() time.Time { return c.now }, zone: time.UTC, dir: c.dir,
		backend: func(context.Context, string, open.Options) (store.Store, error) { return keptOpen{c.store}, nil },
	}
	if c.stdin != nil {
		e.stdin = c.stdin
	}
	if c.stdout != nil {
		e.stdout = c.stdout
	}
	code = run(ctx, e, append([]string{"--store", "mem:"}, args...))
	return out.String(), errs.String(), code
}

// ok runs a command line that must succeed and returns its stdout.
func (c *cli) ok(args ...string) string {
	c.t.Helper()
	stdout, stderr, code := c.run(c.t.Context(), "", args...)
	if code != exitOK {
		c.t.Fatalf("gesta %s: exit code %d\n%s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

// orders appends the history that most tests ask about: positions 1 to 5.
func (c *cli) orders() {
	c.t.Helper()
	c.ok("append", "order-42", "--type", "Placed", "--data", `{"customer":"c-77", "due":38.50}`, "--tag", "customer:c-77", "--actor", "ada", "--expect", "none")
	c.ok("append", "order-42", "--type", "Moved", "--data", `{"city":"Lyon"}`, "--effective-at", "2026-10-31", "--metadata", `{"correlationId":"r-1"}`)
	c.ok("append", "order-7", "--type", "Placed", "--data", `{"due":1}`, "--key", "k-1", "--schema-version", "2")
	c.ok("append", "--type", "Noted", "--tag", "customer:c-77", "--data", `just text`, "--content-type", "text/plain")
	c.ok("append", "order-42", "--type", "Paid", "--data", `{"due":0}`, "--expect", "2")
}

// decoded is a JSON document.
func decoded(t *testing.T, text string) (doc map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return doc
}
