package webassembly_test

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/webassembly"
)

// oddLine returns the line of the program odd that has a text.
func oddLine(t *testing.T, text string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "odd", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(b), "\n") {
		if strings.Contains(line, text) {
			return i + 1
		}
	}
	t.Fatalf("%q stands nowhere", text)
	return 0
}

// TestMisbehavior has each fault end as an error that names the event, while the other folds of the same reducer go on.
func TestMisbehavior(t *testing.T) {
	patient := limited(t, "odd", webassembly.Options{EventTime: time.Minute}) // for faults that end by themselves, however busy the machine is
	hasty := limited(t, "odd", webassembly.Options{EventTime: time.Second})
	other := begin(t, patient)
	for _, tt := range []struct {
		kind, text, at string // at is part of the line that the error names
	}{
		{"loop", "it takes too long: 1s is the limit", ""},
		{"sleep", "it takes too long: 1s is the limit", ""},
		{"allocate", "it takes too much memory: fatal error: out of memory", "make([]byte, n)"},
		{"hoard", "out of memory", "make([]byte, 1<<20)"},
		{"recurse", "stack overflow", "func recurse("},
		{"panic", "panic: runtime error: index out of range [1] with length 0", "none[len(s)]"},
		{"nil", "panic: runtime error: invalid memory address or nil pointer dereference", "none.Type = "},
		{"long", "panic: ää", `panic(strings.Repeat("ä"`},
		{"fail", "the fold says no", ""},
		{"exit", "the reducer ended itself with exit code 3", ""},
		{"deadlock", "fatal error: all goroutines are asleep - deadlock!", "<-make(chan int)"},
		{"routine", "panic: elsewhere", `panic("elsewhere")`},
		{"unwritable", "write the state as JSON: json: unsupported type: func()", ""},
		{"invalid", "the state is not JSON in valid UTF-8", ""},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			wasm := patient
			if strings.Contains(tt.text, "takes too long") {
				wasm = hasty
			}
			f := begin(t, wasm)
			began := time.Now()
			got := failure(t, f, history("echo", "{}", tt.kind, ""), tt.text)
			t.Logf("after %v: %s", time.Since(began), got.text)
			want := 0
			if tt.at != "" {
				want = oddLine(t, tt.at)
			}
			if tt.kind == "deadlock" {
				want = got.line // Go says only where the first of the goroutines waits
			}
			if got.line != want || want > 0 && !strings.Contains(got.text, "main.go:"+strconv.Itoa(want)) {
				t.Errorf("line %d, want %d: %s", got.line, want, got.text)
			}
			if len(got.text) > 4<<10 || strings.Contains(got.text, "\x00") {
				t.Errorf("the error has %d bytes", len(got.text))
			}
			for _, err := range f.Steps(each(history("echo", "{}")), reducer.Want{}) {
				if err == nil {
					t.Error("a fold that failed goes on")
				}
			}
		})
	}
	if n := run(t, other, history("echo", "{}"), reducer.Want{}); n != 1 {
		t.Error("another fold of the reducer has stopped")
	}
}

// TestFoldTime counts what all events take together.
func TestFoldTime(t *testing.T) {
	wasm := limited(t, "odd", webassembly.Options{FoldTime: time.Millisecond, EventTime: time.Minute})
	f, err := wasm.New(within(t))
	if err != nil {
		if !strings.Contains(err.Error(), "it takes too long: 1ms is the limit for all events together") {
			t.Error(err)
		}
		return // it took that long to begin
	}
	closeAfter(t, f)
	wantError(t, f, history("loop", ""), "it takes too long: 1ms is the limit for all events together")
}

func TestStateLimit(t *testing.T) {
	wasm := limited(t, "odd", webassembly.Options{State: 1 << 20})
	wantError(t, begin(t, wasm), history("large", ""), "the state has 1048587 bytes, more than 1048576")
}

func TestMemoryLimit(t *testing.T) {
	wasm := limited(t, "odd", webassembly.Options{Memory: 32 << 20, EventTime: time.Minute})
	wantError(t, begin(t, wasm), history("hoard", ""), "out of memory")
	small := limited(t, "odd", webassembly.Options{Memory: 64 << 10})
	if _, err := small.New(within(t)); err == nil || !strings.Contains(err.Error(), "within 0 MiB of memory") {
		t.Error(err)
	}
}

// TestMemoryComesBack runs what takes all it can, again and again.
func TestMemoryComesBack(t *testing.T) {
	wasm := limited(t, "odd", webassembly.Options{Memory: 64 << 20, EventTime: time.Minute})
	used := func() uint64 {
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse
	}
	before := used()
	for range 5 {
		for _, kind := range []string{"hoard", "recurse"} {
			wantError(t, begin(t, wasm), history(kind, ""), "")
		}
	}
	if after := used(); after > before+16<<20 {
		t.Errorf("the heap has grown from %d to %d MiB", before>>20, after>>20)
	}
}
