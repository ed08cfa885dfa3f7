package source

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// charset is the CharsetReader of XML decoders: UTF-8 needs none, and Latin-1 is what older logs use.
func charset(label string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "us-ascii", "ascii":
		return r, nil
	case "iso-8859-1", "latin1", "latin-1":
		return &latin1{r: r}, nil
	}
	return nil, fmt.Errorf("the encoding is not known: %q; convert the file to UTF-8", clip(label))
}

// latin1 reads ISO 8859-1 as UTF-8.
type latin1 struct {
	r    io.Reader
	in   [512]byte
	rest []byte // encoded, not yet handed out
	out  [1024]byte
}

func (l *latin1) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(l.rest) == 0 {
		n, err := l.r.Read(l.in[:])
		l.rest = l.out[:0]
		for _, c := range l.in[:n] {
			l.rest = utf8.AppendRune(l.rest, rune(c))
		}
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}
