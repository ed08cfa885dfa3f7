package webassembly_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gestadb/gesta/reducer"
	_ "github.com/gestadb/gesta/reducer/guest" // what the programs in testdata are built with: a result of go test depends on it
	"github.com/gestadb/gesta/reducer/sandbox"
	"github.com/gestadb/gesta/reducer/webassembly"
	"github.com/gestadb/gesta/store"
)

// built is where modules are built, each once.
var built string

// TestMain is the child too: the package starts the program that runs again.
func TestMain(m *testing.M) {
	if sandbox.IsChild(os.Args) {
		sandbox.RunChild(os.Stdin, os.Stdout, os.Stderr, os.Exit, &webassembly.Language)
		return
	}
	dir, err := os.MkdirTemp("", "gesta-reducers-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built = dir
	code := m.Run()
	for _, r := range compiled.byName {
		if err := r.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// modules are the programs in testdata, built when they are first asked for.
var modules = map[string]func() ([]byte, error){"merge": program("merge"), "account": program("account"), "odd": program("odd")}

func program(name string) func() ([]byte, error) {
	return sync.OnceValues(func() ([]byte, error) {
		// Reading the source lets go test know that its result depends on it.
		if _, err := os.ReadFile(filepath.Join("testdata", name, "main.go")); err != nil {
			return nil, err
		}
		out := filepath.Join(built, name+".wasm")
		if err := webassembly.Build(context.Background(), filepath.Join("testdata", name), out, webassembly.Options{}); err != nil {
			return nil, err
		}
		return os.ReadFile(out)
	})
}

func module(t testing.TB, name string) []byte {
	t.Helper()
	b, err := modules[name]()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// compiled are the modules as reducers, each of which the tests share, with its processes.
var compiled = struct {
	sync.Mutex
	byName map[string]*webassembly.Reducer
}{byName: map[string]*webassembly.Reducer{}}

// reducerOf returns a reducer of a program in testdata, which all tests share.
func reducerOf(t testing.TB, name string) *webassembly.Reducer {
	t.Helper()
	b := module(t, name)
	compiled.Lock()
	defer compiled.Unlock()
	if compiled.byName[name] == nil {
		r, err := webassembly.New(name+".wasm", b, webassembly.Options{CacheDir: built, CompileTime: time.Minute, EventTime: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		compiled.byName[name] = r
	}
	return compiled.byName[name]
}

// limited returns a reducer of a program in testdata with options of its own, for as long as the test runs.
func limited(t testing.TB, name string, o webassembly.Options) *webassembly.Reducer {
	t.Helper()
	o.CacheDir, o.CompileTime = built, time.Minute
	r, err := webassembly.New(name+".wasm", module(t, name), o)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, r)
	return r
}

// begin begins a fold that ends with the test.
func begin(t testing.TB, r reducer.Reducer) reducer.Fold {
	t.Helper()
	f, err := r.New(within(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() }) // a test that looks at the error closes it itself
	return f
}

// within returns a context that ends what hangs. Folds are closed after that of the test has ended.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) //nolint:usetesting // as said
	t.Cleanup(cancel)
	return ctx
}

// closeAfter closes c when the test ends.
func closeAfter(t testing.TB, c io.Closer) {
	t.Helper()
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// run folds events, and returns how many were applied.
func run(t testing.TB, f reducer.Fold, events []store.Recorded, w reducer.Want) int {
	t.Helper()
	n := 0
	for step, err := range f.Steps(each(events), w) {
		if err != nil {
			t.Fatal(err)
		}
		if step.Applied {
			n++
		}
	}
	return n
}

func each(events []store.Recorded) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for _, r := range events {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// history makes a stream of types and data in turn.
func history(typesAndData ...string) []store.Recorded {
	var out []store.Recorded
	for i := 0; i < len(typesAndData); i += 2 {
		n := uint64(i/2 + 1)
		out = append(out, store.Recorded{
			Event: store.Event{
				ID: "00000000-0000-0000-0000-00000000000" + strconv.FormatUint(n%10, 10), Stream: "odd-1",
				Type: typesAndData[i], Data: []byte(typesAndData[i+1]),
			},
			Position: store.Position(10 + n), Commit: store.Position(10 + n), Version: n, RecordedAt: time.Date(2026, 11, 1, 10, int(n), 0, 0, time.UTC),
		})
	}
	return out
}
