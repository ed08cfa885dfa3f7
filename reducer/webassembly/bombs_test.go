package webassembly_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/reducer/sandbox"
	"github.com/gestadb/gesta/reducer/webassembly"
	"github.com/gestadb/gesta/store"
)

// with makes a module by hand with one more function, which is called before any other.
func with(f function) []byte {
	f.name = "_initialize"
	return assemble(nil, "memory", append(byHand(), f)...)
}

// applying makes a module by hand that folds by a body, which has the size of an event as its one local.
func applying(body string, more ...function) []byte {
	f := byHand()
	f[2].body = body
	return assemble(nil, "memory", append(f, more...)...)
}

const page = "\x00\x01"

// bombs are modules that take long, or too much, before there is an event.
var bombs = []struct {
	name   string
	module func() []byte
	is     []error // any of them
}{
	{"a huge function", func() []byte { return with(function{body: strings.Repeat("\x01", 2<<20)}) }, []error{store.ErrInvalid}},
	{"many functions", func() []byte { return assemble(nil, "memory", append(byHand(), make([]function, 200_001)...)...) }, []error{store.ErrInvalid}},
	{
		"deep conditions", func() []byte {
			return with(function{body: strings.Repeat("\x41\x00\x04\x40", 50_000) + strings.Repeat("\x0b", 50_000)})
		},
		[]error{sandbox.ErrTime, sandbox.ErrMemory, sandbox.ErrDepth},
	},
	{
		"deep blocks", func() []byte {
			return with(function{body: strings.Repeat("\x02\x40", 300_000) + strings.Repeat("\x0b", 300_000)})
		},
		[]error{sandbox.ErrTime, sandbox.ErrMemory, sandbox.ErrDepth},
	},
	{
		"tables of branches", func() []byte {
			table := "\x41\x00\x0e" + number(10_000) + strings.Repeat("\x00", 10_001)
			return with(function{body: strings.Repeat("\x02\x40"+table+"\x0b", 100)})
		}, []error{sandbox.ErrTime, sandbox.ErrMemory},
	},
	{
		"more locals than there may be", func() []byte { return with(function{locals: "\x01" + number(uint64(4294967295)) + "\x7e"}) },
		[]error{store.ErrInvalid, sandbox.ErrMemory},
	},
	{
		"many locals", func() []byte {
			return with(function{locals: "\x01" + number(50_000) + "\x7e", body: strings.Repeat("\x20\x00\x21\x01\x41\x00\x04\x40\x0b", 30_000)})
		}, []error{sandbox.ErrTime, sandbox.ErrMemory},
	},
	{
		"all memory there is", func() []byte { return assembleWith(section(5, "\x00"+number(65_536)), "", nil, "memory", byHand()) },
		[]error{store.ErrInvalid},
	},
	{
		"data that is not there", func() []byte {
			return assembleWith(section(5, page), "\x0b\x0a"+number(uint64(4294967295))+"\x00\x41\x08\x0b\x00", nil, "memory", byHand())
		}, []error{store.ErrInvalid, sandbox.ErrMemory},
	},
	{
		"data beyond the memory", func() []byte {
			return assembleWith(section(5, page), section(11, "\x00\x41"+"\xff\xff\xff\xff\x07"+"\x0b"+counted("x")), nil, "memory", byHand())
		}, nil,
	},
	{"a loop", func() []byte { return with(function{body: "\x03\x40\x0c\x00\x0b"}) }, []error{sandbox.ErrTime}},
	{"recursion", func() []byte { return with(function{body: "\x10\x05"}) }, []error{sandbox.ErrDepth}},
	{"calls without end, and without a loop", func() []byte {
		return assemble(nil, "memory", append(byHand(), function{name: "_initialize", body: "\x41\x3c\x10\x06"}, twice)...)
	}, []error{sandbox.ErrTime}},
}

// twice calls itself two times with one less than its parameter, until that is 0: with 60 for years.
var twice = function{name: "twice", params: string([]byte{i32}), body: "\x20\x00\x04\x40\x20\x00\x41\x01\x6b\x10\x06\x20\x00\x41\x01\x6b\x10\x06\x0b"}

// patience returns how long an event may take: the default where that is what ends it, and else long, as machines that test are busy.
func patience(is ...error) time.Duration {
	if slices.Contains(is, sandbox.ErrTime) {
		return 0
	}
	return time.Minute
}

// TestBombs has each end as an error within its limits, while the process that asks stays as it is.
func TestBombs(t *testing.T) {
	for _, tt := range bombs {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.module()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			began := time.Now()
			err := refused(t, b, webassembly.Options{EventTime: patience(tt.is...)})
			runtime.ReadMemStats(&after)
			t.Logf("after %v: %v", time.Since(began), err)
			found := err != nil && len(tt.is) == 0
			for _, is := range tt.is {
				found = found || errors.Is(err, is)
			}
			if !found || len(err.Error()) > 2<<10 {
				t.Errorf("error = %v, want one of %v", err, tt.is)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20+4*uint64(len(b)) {
				t.Errorf("the process that asks took %d bytes", grown)
			}
		})
	}
}

// TestBombsAtAnEvent ends what misbehaves at an event with an error of it.
func TestBombsAtAnEvent(t *testing.T) {
	for _, tt := range []struct {
		name string
		is   error
		b    []byte
	}{
		{"a loop", sandbox.ErrTime, applying("\x03\x40\x0c\x00\x0b\x41\x00")},
		{"recursion", sandbox.ErrDepth, applying("\x20\x00\x10\x02")},
		{"calls without end, and without a loop", sandbox.ErrTime, applying("\x41\x3c\x10\x06\x41\x00", function{name: "other", body: "\x01"}, twice)},
		{"a trap", nil, applying("\x00")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := webassembly.New("made.wasm", tt.b, webassembly.Options{EventTime: patience(tt.is)})
			if err != nil {
				t.Fatal(err)
			}
			closeAfter(t, r)
			err = nil
			for _, stepErr := range begin(t, r).Steps(each(history("x", "", "y", "")), reducer.Want{}) {
				err = stepErr
			}
			at, ok := errors.AsType[*reducer.EventError](err)
			if !ok || at.Position != 11 || at.File != "made.wasm" || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error = %v, want %v", err, tt.is)
			}
		})
	}
}
