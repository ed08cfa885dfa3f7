package webassembly

import (
	"encoding/binary"
	"runtime"
	"time"
)

// The sizes of a module that compiling takes reasonable time and memory for. Go makes thousands of functions, of tens of KiB.
const (
	maxModule    = 64 << 20 // bytes
	maxFunctions = 200_000
	maxFunction  = 1 << 20 // bytes
)

// codeSection is the number of the section with the functions.
const codeSection = 10

// size is how large the code of a module is.
type size struct {
	functions int
	bytes     int // of all functions
	largest   int // bytes of the largest one
}

// measure reads the lengths in a module. What is damaged counts as far as it can be read: compiling finds it.
func measure(module []byte) size {
	b := module[min(len(module), 8):]
	for len(b) > 0 {
		section := b[0]
		n, ok := length(b[1:])
		if !ok {
			return size{}
		}
		b = b[1+n.head:]
		if section == codeSection {
			return measureCode(b[:n.body])
		}
		b = b[n.body:]
	}
	return size{}
}

func measureCode(b []byte) size {
	count, n := binary.Uvarint(b)
	if n <= 0 {
		return size{}
	}
	s := size{functions: int(min(count, uint64(len(b))))} //nolint:gosec // bounded
	b = b[n:]
	for len(b) > 0 {
		n, ok := length(b)
		if !ok {
			break
		}
		s.bytes += n.body
		s.largest = max(s.largest, n.body)
		b = b[n.head+n.body:]
	}
	return s
}

// lengths are those of a length itself and of what follows it.
type lengths struct{ head, body int }

// length reads a length, which is not beyond the end of b.
func length(b []byte) (lengths, bool) {
	v, n := binary.Uvarint(b)
	if n <= 0 || v > uint64(len(b)-n) { //nolint:gosec // n is at most the length
		return lengths{}, false
	}
	return lengths{n, int(v)}, true //nolint:gosec // bounded
}

// check refuses a module that is beyond what can be compiled.
func (s size) check() error {
	switch {
	case s.functions > maxFunctions:
		return invalidf("has %d functions, more than %d", s.functions, maxFunctions)
	case s.largest > maxFunction:
		return invalidf("has a function of %d bytes, more than %d", s.largest, maxFunction)
	}
	return nil
}

// patience is how much processor time compiling may take where nothing else is said: four times what as much code that Go has made takes on an idle machine, as a busy one
// takes longer by the same clock. One large function takes but one processor, and counts for nothing.
func (s size) patience() time.Duration {
	perMiB := 2 * time.Duration(s.bytes-s.largest) * time.Second >> 20
	most := time.Duration(max(2, runtime.GOMAXPROCS(0))) * 4 * time.Second
	return min(time.Second+perMiB, most)
}
