package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gestadb/gesta/store"
)

// repeated is n times the same byte.
type repeated struct {
	b byte
	n int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n := min(r.n, len(p))
	for i := range n {
		p[i] = r.b
	}
	r.n -= n
	return n, nil
}

func TestReadLine(t *testing.T) {
	const limit = 100_000
	in := io.MultiReader(
		strings.NewReader("one\r\n\ntwo\n"), &repeated{'x', limit}, strings.NewReader("\n"),
		&repeated{'y', limit + 1}, strings.NewReader("\n"), &repeated{'z', 10 * limit}, strings.NewReader("\nlast"),
	)
	r := bufio.NewReader(in)
	for i, want := range []int{3, 0, 3, limit, -1, -1, 4} {
		line, err := readLine(r, limit)
		switch {
		case want < 0 && !errors.Is(err, store.ErrTooLarge):
			t.Errorf("line %d has %d bytes, %v; want one that is too large", i+1, len(line), err)
		case want >= 0 && (err != nil || len(line) != want):
			t.Errorf("line %d has %d bytes, %v; want %d", i+1, len(line), err, want)
		}
	}
	if line, err := readLine(r, limit); !errors.Is(err, io.EOF) {
		t.Errorf("after the last line: %q, %v", line, err)
	}
}

// A line that is too long is refused by its number, and the next one is read.
func TestLongLineIsRefused(t *testing.T) {
	c := newCLI(t)
	c.stdin = io.MultiReader(
		strings.NewReader(`{"type":"A","tags":["t"]}`+"\n"), &repeated{'z', maxLineBytes + 1}, strings.NewReader("\n"+`{"type":"B","tags":["t"]}`+"\n"),
	)
	stdout, _, code := c.run(t.Context(), "", "append", "--ndjson", "--jq", `[.line, .first, .error.code, .error.line]`)
	if want := "[1,1,null,null]\n[2,null,\"tooLarge\",2]\n[3,2,null,null]\n"; stdout != want || code != exitDenied {
		t.Errorf("exit code %d, acknowledgements %s", code, stdout)
	}
}
