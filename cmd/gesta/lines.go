package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/gestadb/gesta/store"
)

// maxLineBytes is how long a line of input may be: a commit of the largest size, with its payloads in Base64, and room for
// the rest.
const maxLineBytes = 192 << 20

// inputLine is one line of input, without its end.
type inputLine struct {
	number int64 // 1-based, blank lines counted
	text   []byte
	err    error // a line that is too long, or, last, an error of reading
}

// fatal says that no line follows because reading failed.
func (l *inputLine) fatal() bool { return l.err != nil && !errors.Is(l.err, store.ErrTooLarge) }

// readLines sends the lines of in that are not blank. It closes lines at the end of the input, after a line with a fatal
// error, and when ctx is done. It holds one line at a time.
func readLines(ctx context.Context, in io.Reader, lines chan<- inputLine) {
	defer close(lines)
	r := bufio.NewReaderSize(in, 256<<10)
	for number := int64(1); ; number++ {
		text, err := readLine(r, maxLineBytes)
		if errors.Is(err, io.EOF) {
			return
		}
		l := inputLine{number: number, text: text, err: err}
		if err == nil && len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		select {
		case lines <- l:
		case <-ctx.Done():
			return
		}
		if l.fatal() {
			return
		}
	}
}

// readLine returns the next line, its own memory. It returns io.EOF at the end, and a [store.TooLargeError], having passed over the
// line, for one that is longer than limit bytes.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	long := 0 // the length of a line that is too long
	for {
		part, err := r.ReadSlice('\n')
		switch {
		case long > 0:
			long += len(part)
		case len(line)+len(part) > limit+1:
			long = len(line) + len(part)
			line = nil
		default:
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && long == 0 && len(line) == 0:
			return nil, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case long > 0:
			return nil, &store.TooLargeError{What: "line of input", Unit: "bytes", Got: long, Max: limit}
		}
		return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), nil
	}
}
