package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store/eventjson"
)

// differ asks the same of a store in a directory and of a server that serves it, in this process.
type differ struct {
	*asker
	url   string
	dir   string // the working directory of the command line
	token string // by which the server knows it, where it has users
}

// outcome is all that a command line leaves behind.
type outcome struct {
	Stdout, Stderr string
	Code           int
}

func (d *differ) env(stdout, stderr io.Writer) *env {
	return &env{
		stdin: strings.NewReader(""), stdout: stdout, stderr: stderr,
		getenv: func(name string) string {
			switch name {
			case "GOMEMLIMIT": // serve leaves the limit of this process alone
				return "off"
			case "GESTA_TOKEN":
				return d.token
			}
			return ""
		},
		clock: func() time.Time { return differNow }, zone: time.UTC, dir: d.dir,
	}
}

func (d *differ) run(address string, line ...string) outcome {
	var stdout, stderr bytes.Buffer
	args := append([]string{"--store", address}, line...)
	if strings.HasPrefix(line[0], "__") { // a shell asks about what was typed
		args = append([]string{line[0], "--store", address}, line[1:]...)
	}
	code := run(d.t.Context(), d.env(&stdout, &stderr), args)
	return outcome{stdout.String(), strings.ReplaceAll(stderr.String(), address, "STORE"), code}
}

// serve serves the store until the test ends.
func (d *differ) serve() {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	out, in := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan int, 1)
	e := d.env(in, &stderr)
	go func() {
		ended <- run(ctx, e, []string{"serve", "--store", d.differStore.dir, "--listen", "127.0.0.1:0", "--log-level", "error"})
		_ = in.Close()
	}()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	d.t.Cleanup(func() {
		cancel()
		<-ended
		if stderr.Len() > 0 {
			d.t.Errorf("the server says:\n%s", &stderr)
		}
	})
	var told struct{ Serving []string }
	if err == nil {
		err = json.Unmarshal(line, &told)
	}
	if err != nil {
		d.t.Fatalf("gesta serve: %v: %s", err, &stderr)
	}
	d.url = told.Serving[0]
}

func sortedNames(of map[string]uint64) []string { return slices.Sorted(maps.Keys(of)) }

// differRounds is how many stores are made, how many lines are asked of each, and where their seeds begin. The environment asks for more, or for one again:
// GESTA_DIFFER_ROUNDS, GESTA_DIFFER_LINES and GESTA_DIFFER_SEED; GESTA_DIFFER_EVENTS makes larger stores.
func differRounds(t *testing.T) (rounds, lines int, seed uint64) {
	t.Helper()
	if rounds, lines = 8, 150; testing.Short() {
		rounds, lines = 3, 60
	}
	if n, err := strconv.Atoi(os.Getenv("GESTA_DIFFER_ROUNDS")); err == nil {
		rounds = n
	}
	if n, err := strconv.Atoi(os.Getenv("GESTA_DIFFER_LINES")); err == nil {
		lines = n
	}
	seed, _ = strconv.ParseUint(os.Getenv("GESTA_DIFFER_SEED"), 10, 64) // 0 where there is none
	return rounds, lines, seed
}

const differReducer = `when({ $init: () => ({ n: 0, seen: {} }), Set(s, e) { s.n++; s.due = e.data && e.data.due }, $any(s, e) { s.seen[e.eventType] = e.sequenceNumber } })`

// newDiffer makes a random store and serves it.
func newDiffer(t *testing.T, seed uint64, prepare ...func(*differ)) *differ {
	t.Helper()
	r, most := rand.New(rand.NewPCG(seed, 12)), 60
	if n, err := strconv.Atoi(os.Getenv("GESTA_DIFFER_EVENTS")); err == nil {
		most = n
	}
	s := newDifferStore(t, r, 5+r.IntN(most))
	d := &differ{dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(d.dir, "fold.js"), []byte("// gesta: lossy-numbers\n"+differReducer), 0o600); err != nil {
		t.Fatal(err)
	}
	d.asker = newAsker(s, []string{"mergepatch", "fold.js", "fold.js", "mergepatch/1", "none.js"})
	for _, f := range prepare {
		f(d)
	}
	d.serve()
	return d
}

// forUser lets one user alone ask the server, with a role.
func forUser(role ...string) func(*differ) {
	return func(d *differ) {
		d.t.Helper()
		for _, line := range [][]string{append([]string{"user", "add", "ada", "--role"}, role...), {"token", "create", "ada", "--jq", ".token"}} {
			got := d.run(d.differStore.dir, line...)
			if got.Code != exitOK {
				d.t.Fatalf("%s: %s", shown(line), got.Stderr)
			}
			d.token = strings.TrimSpace(got.Stdout)
		}
	}
}

// rot flips a bit in the log, where that does not keep the store from being opened: in a segment that is no longer written.
func rot(d *differ) {
	d.t.Helper()
	segments, err := filepath.Glob(filepath.Join(d.differStore.dir, "log", "*.seg"))
	if err != nil || len(segments) < 2 {
		return
	}
	path := oneOf(d.r, segments[:len(segments)-1])
	b, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	b[64+d.r.IntN(len(b)-64)] ^= 1 << d.r.IntN(8)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// The same line gives the same bytes and the same exit code, whether the store is in a directory or behind a server.
func TestDifferential(t *testing.T) {
	rounds, lines, first := differRounds(t)
	for i := range rounds {
		t.Run(strconv.FormatUint(first+uint64(i), 10), func(t *testing.T) {
			prepare := func(*differ) {}
			switch i % 4 {
			case 1:
				prepare = rot
			case 2: // who may do everything is answered as if there were no rights
				prepare = forUser("admin")
			}
			d := newDiffer(t, first+uint64(i), prepare)
			for range lines {
				d.same(d.line())
			}
			for range 3 {
				d.same(d.bisectRun())
			}
		})
	}
}

func (d *differ) same(line []string) {
	d.t.Helper()
	local, remote := d.run(d.differStore.dir, line...), d.run(d.url, line...)
	if diff := cmp.Diff(local, remote); diff != "" {
		d.t.Errorf("%s: -directory +server\n%s", shown(line), diff)
	}
}

// A name that is no reducer is told so with what there is: a directory of reducers is named where there is one, which a server does not show.
func TestNoReducerOfThatName(t *testing.T) {
	for dir, want := range map[string]string{
		"": "there is mergepatch; a file ends in .js or .wasm", "/shop/reducers": "there is mergepatch; a file ends in .js or .wasm, or stands in /shop/reducers",
	} {
		r := newReducers("nothing", dir, "/", newReducerFiles())
		_, err := r.Choose(t.Context(), "order-1")
		if got := eventjson.Describe(err); got.Code != eventjson.CodeUsage || got.Hint != want {
			t.Errorf("in %q: %s, %q; want the hint %q", dir, got.Code, got.Hint, want)
		}
	}
}
