package webassembly_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/reducer/webassembly"
	"github.com/gestadb/gesta/store"
)

// The parts of a module that is made by hand.
const (
	i32 = 0x7f
	i64 = 0x7e
)

type function struct {
	name            string
	params, results string
	body            string // without locals
}

// section makes a section of a module from its entries.
func section(id byte, entries ...string) string {
	b := binary.AppendUvarint(nil, uint64(len(entries)))
	for _, e := range entries {
		b = append(b, e...)
	}
	return string(append(binary.AppendUvarint([]byte{id}, uint64(len(b))), b...))
}

func counted(text string) string {
	return string(binary.AppendUvarint(nil, uint64(len(text)))) + text
}

// assemble makes a module of functions and one page of memory. An import, if there is one, is a function without parameters.
func assemble(imports []string, memory string, functions ...function) []byte {
	types, funcs, exports, code := []string{}, []string{}, []string{}, []string{}
	var imported []string
	for _, i := range imports {
		module, name, _ := strings.Cut(i, ".")
		imported = append(imported, counted(module)+counted(name)+"\x00"+string([]byte{byte(len(functions))}))
	}
	for i, f := range functions {
		types = append(types, "\x60"+counted(f.params)+counted(f.results))
		funcs = append(funcs, string([]byte{byte(i)}))
		exports = append(exports, counted(f.name)+"\x00"+string([]byte{byte(i + len(imports))}))
		code = append(code, counted("\x00"+f.body+"\x0b"))
	}
	types = append(types, "\x60\x00\x00")
	if memory != "" {
		exports = append(exports, counted(memory)+"\x02\x00")
	}
	return []byte("\x00asm\x01\x00\x00\x00" + section(1, types...) + section(2, imported...) + section(3, funcs...) +
		section(5, "\x00\x01") + section(7, exports...) + section(10, code...) + section(11, "\x00\x41\x08\x0b"+counted(`{"made":"by hand"}{"message":"no"}`)))
}

// byHand is a reducer whose state never changes, and which skips each event whose first byte is 1, and fails for the others.
func byHand() []function {
	return []function{
		{"gesta_reducer_1_begin", "", string([]byte{i32}), "\x41\x00"},
		{"gesta_reducer_1_buffer", string([]byte{i32}), string([]byte{i32}), "\x41\x80\x01"},                                                        // 128
		{"gesta_reducer_1_apply", string([]byte{i32}), string([]byte{i32}), "\x41\x80\x01\x2d\x00\x00\x41\x02\x4e\x04\x7f\x41\x7f\x05\x41\x00\x0b"}, // load8_u, 2, ge_s, if -1 else 0
		{"gesta_reducer_1_state", "", string([]byte{i64}), "\x42\x92\x80\x80\x80\x80\x01"},                                                          // 8<<32 | 18
		{"gesta_reducer_1_problem", "", string([]byte{i64}), "\x42\x90\x80\x80\x80\xa0\x03"},                                                        // 26<<32 | 16
	}
}

// TestOtherLanguages folds by a module without any runtime.
func TestOtherLanguages(t *testing.T) {
	r, err := webassembly.Compile(t.Context(), assemble(nil, "memory", byHand()...), webassembly.Options{Memory: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, r)
	events := history("x", "", "x", "")
	events[0].Position, events[1].Position = 1, 2
	f := begin(t, r)
	wantError(t, f, events, "no")
	if got := string(f.AppendState(nil)); got != `{"made":"by hand"}` {
		t.Errorf("state = %s", got)
	}
	large := history("x", strings.Repeat("x", 64<<10))
	wantError(t, begin(t, r), large, "has no room for an event of")
}

func TestModulesThatAreNone(t *testing.T) {
	with := func(change func([]function) []function) []byte { return assemble(nil, "memory", change(byHand())...) }
	for _, tt := range []struct {
		name, want string
		module     []byte
	}{
		{"nothing", "is not a WebAssembly module", nil},
		{"text", "is not a WebAssembly module", []byte("when({})")},
		{"half", "is not a valid WebAssembly module", byHandHalf()},
		{"no exports", "does not export gesta_reducer_1_begin: in Go it has to use the package reducer/guest", assemble(nil, "memory")},
		{"a command", "is a program that runs once, without gesta_reducer_1_begin", assemble(nil, "memory", function{name: "_start"})},
		{"another version", `speaks version "2" of the interface`, with(func(f []function) []function {
			f[0].name = "gesta_reducer_2_begin"
			return f
		})},
		{"one missing", "does not export gesta_reducer_1_problem", with(func(f []function) []function { return f[:4] })},
		{"other parameters", "exports gesta_reducer_1_apply with other parameters", with(func(f []function) []function {
			f[2].params = string([]byte{i32, i32})
			return f
		})},
		{"no memory", `does not export its memory as "memory"`, assemble(nil, "mem", byHand()...)},
		{"another world", "imports env.now, and there is nothing but wasi_snapshot_preview1", assemble([]string{"env.now"}, "memory", byHand()...)},
		{"init with parameters", "exports _initialize with parameters", with(func(f []function) []function {
			return append(f, function{"_initialize", string([]byte{i32}), "", ""})
		})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := webassembly.Compile(t.Context(), tt.module, webassembly.Options{})
			if err == nil {
				closeAfter(t, r)
			}
			if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
}

func byHandHalf() []byte {
	b := assemble(nil, "memory", byHand()...)
	return b[:len(b)/2]
}

// TestBeginning fails before there is an event.
func TestBeginning(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		change     func([]function) []function
	}{
		{"begin says no", "begin a state by the reducer: no", func(f []function) []function {
			f[0].body = "\x41\x7f"
			return f
		}},
		{"a trap", "unreachable", func(f []function) []function {
			f[0].body = "\x00"
			return f
		}},
		{"a trap before", "unreachable", func(f []function) []function { return append(f, function{"_initialize", "", "", "\x00"}) }},
		{"a loop before", "it took too long: 1s is the limit", func(f []function) []function {
			return append(f, function{"_initialize", "", "", "\x03\x40\x0c\x00\x0b"})
		}},
		{"recursion without a runtime", "stack overflow", func(f []function) []function {
			return append(f, function{"_initialize", "", "", "\x10\x05"})
		}},
		{"a state that is nowhere", "the state is not where the reducer says it is", func(f []function) []function {
			f[3].body = "\x42\x7f"
			return f
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			limit := time.Minute // what ends by itself may take its time
			if strings.Contains(tt.want, "took too long") {
				limit = time.Second
			}
			r, err := webassembly.Compile(t.Context(), assemble(nil, "memory", tt.change(byHand())...), webassembly.Options{State: 1 << 40, EventTime: limit})
			if err != nil {
				t.Fatal(err)
			}
			closeAfter(t, r)
			if _, err := r.New(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestCacheDir(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		r, err := webassembly.Compile(t.Context(), assemble(nil, "memory", byHand()...), webassembly.Options{CacheDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		begin(t, r)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	var files int
	if err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files++
		}
		return err
	}); err != nil || files != 1 {
		t.Errorf("%d files are in the cache: %v", files, err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := webassembly.Compile(t.Context(), assemble(nil, "memory", byHand()...), webassembly.Options{CacheDir: file}); err == nil {
		t.Error("a file is no cache")
	}
}
