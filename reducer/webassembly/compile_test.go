package webassembly_test

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/reducer/sandbox"
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
	locals          string // what is declared of them; none where it is empty
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

// number writes a number as modules have it.
func number[N int | uint64](n N) string { return string(binary.AppendUvarint(nil, uint64(n))) }

// assemble makes a module of functions and one page of memory. An import, if there is one, is a function without parameters, as is a function without a name, which is not exported.
func assemble(imports []string, memory string, functions ...function) []byte {
	return assembleWith(section(5, "\x00\x01"), section(11, "\x00\x41\x08\x0b"+counted(`{"made":"by hand"}{"message":"no"}`)), imports, memory, functions)
}

// assembleWith makes a module with sections for the memory and for data.
func assembleWith(room, data string, imports []string, memory string, functions []function) []byte {
	types, funcs, exports, code := []string{}, []string{}, []string{}, []string{}
	var imported []string
	for _, i := range imports {
		module, name, _ := strings.Cut(i, ".")
		imported = append(imported, counted(module)+counted(name)+"\x00"+number(len(functions)))
	}
	named := slices.DeleteFunc(slices.Clone(functions), func(f function) bool { return f.name == "" })
	for _, f := range named {
		types = append(types, "\x60"+counted(f.params)+counted(f.results))
	}
	types = append(types, "\x60\x00\x00")
	for i, f := range functions {
		funcs = append(funcs, number(min(i, len(named))))
		code = append(code, counted(cmp.Or(f.locals, "\x00")+f.body+"\x0b"))
		if f.name != "" {
			exports = append(exports, counted(f.name)+"\x00"+number(i+len(imports)))
		}
	}
	if memory != "" {
		exports = append(exports, counted(memory)+"\x02\x00")
	}
	return []byte("\x00asm\x01\x00\x00\x00" + section(1, types...) + section(2, imported...) + section(3, funcs...) +
		room + section(7, exports...) + section(10, code...) + data)
}

// byHand is a reducer whose state never changes, and which skips each event whose first byte is 1, and fails for the others.
func byHand() []function {
	return []function{
		{name: "gesta_reducer_1_begin", params: "", results: string([]byte{i32}), body: "\x41\x00"},
		{name: "gesta_reducer_1_buffer", params: string([]byte{i32}), results: string([]byte{i32}), body: "\x41\x80\x01"},                                                        // 128
		{name: "gesta_reducer_1_apply", params: string([]byte{i32}), results: string([]byte{i32}), body: "\x41\x80\x01\x2d\x00\x00\x41\x02\x4e\x04\x7f\x41\x7f\x05\x41\x00\x0b"}, // load8_u, 2, ge_s, if -1 else 0
		{name: "gesta_reducer_1_state", params: "", results: string([]byte{i64}), body: "\x42\x92\x80\x80\x80\x80\x01"},                                                          // 8<<32 | 18
		{name: "gesta_reducer_1_problem", params: "", results: string([]byte{i64}), body: "\x42\x90\x80\x80\x80\xa0\x03"},                                                        // 26<<32 | 16
	}
}

// TestOtherLanguages folds by a module without any runtime.
func TestOtherLanguages(t *testing.T) {
	r, err := webassembly.New("made.wasm", assemble(nil, "memory", byHand()...), webassembly.Options{Memory: 64 << 10, EventTime: time.Minute})
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
			return append(f, function{name: "_initialize", params: string([]byte{i32}), results: "", body: ""})
		})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := refused(t, tt.module, webassembly.Options{})
			if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
}

// refused returns what is wrong with a module that cannot begin a state, nil for nothing.
func refused(t *testing.T, module []byte, o webassembly.Options) error {
	t.Helper()
	r, err := webassembly.New("made.wasm", module, o)
	if err != nil {
		return err
	}
	closeAfter(t, r)
	f, err := r.New(within(t))
	if err == nil {
		closeAfter(t, f)
	}
	return err
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
		{"begin says no", "made.wasm: no", func(f []function) []function {
			f[0].body = "\x41\x7f"
			return f
		}},
		{"a trap", "unreachable", func(f []function) []function {
			f[0].body = "\x00"
			return f
		}},
		{"a trap before", "unreachable", func(f []function) []function {
			return append(f, function{name: "_initialize", params: "", results: "", body: "\x00"})
		}},
		{"a loop before", "it takes too long: 1s is the limit", func(f []function) []function {
			return append(f, function{name: "_initialize", params: "", results: "", body: "\x03\x40\x0c\x00\x0b"})
		}},
		{"recursion without a runtime", "stack overflow", func(f []function) []function {
			return append(f, function{name: "_initialize", params: "", results: "", body: "\x10\x05"})
		}},
		{"a state that is nowhere", "the state is not where the reducer says it is", func(f []function) []function {
			f[3].body = "\x42\x7f"
			return f
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			limit := time.Minute // what ends by itself may take its time
			if strings.Contains(tt.want, "takes too long") {
				limit = time.Second
			}
			err := refused(t, assemble(nil, "memory", tt.change(byHand())...), webassembly.Options{State: 1 << 40, EventTime: limit})
			var at *sandbox.SourceError
			if !errors.As(err, &at) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
}
