package source

import (
	"encoding/json"
	"io"
	"strings"
)

// maxJSONDepth bounds how deep arrays and objects nest in a JSON source.
const maxJSONDepth = 256

// scanner walks through a JSON text, byte by byte, and knows the line where it is. What it hands out whole is the text of
// a value, which the caller is to check: the scanner sees to brackets and the ends of strings alone. It is used by one goroutine.
type scanner struct {
	r    io.ByteReader
	line int

	ahead   byte // read too early
	isAhead bool

	open []byte // the closing brackets that are to come
}

func newScanner(r io.ByteReader, line int) *scanner { return &scanner{r: r, line: line} }

func (s *scanner) read() (byte, error) {
	if s.isAhead {
		s.isAhead = false
		return s.ahead, nil
	}
	c, err := s.r.ReadByte()
	if c == '\n' && err == nil {
		s.line++
	}
	return c, err
}

func (s *scanner) unread(c byte) { s.ahead, s.isAhead = c, true }

// token returns the next byte that is no white space. io.EOF is returned where there is none.
func (s *scanner) token() (byte, error) {
	for {
		c, err := s.read()
		if err != nil || !isSpace(c) {
			return c, err
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// expect reads the next byte that is no white space, which must be want.
func (s *scanner) expect(want byte) error {
	c, err := s.token()
	if err == nil && c != want {
		err = problemf("%q where JSON has %q", c, want)
	}
	return err
}

// object reads an object; each is called for each member, and has to read its value.
func (s *scanner) object(each func(name string) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	return s.list('}', func() error {
		text, err := s.value(nil)
		if err != nil {
			return err
		}
		name, ok := jsonText(text)
		if !ok {
			return problemf("%s where JSON has the name of a member", clip(string(text)))
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		return each(name)
	})
}

// array reads an array; each is called for each member, and has to read it.
func (s *scanner) array(each func() error) error {
	if err := s.expect('['); err != nil {
		return err
	}
	return s.list(']', each)
}

// list reads members up to the closing bracket.
func (s *scanner) list(end byte, each func() error) error {
	c, err := s.token()
	if err != nil || c == end {
		return err
	}
	s.unread(c)
	for {
		if err := each(); err != nil {
			return err
		}
		c, err := s.token()
		if err != nil || c == end {
			return err
		}
		if c != ',' {
			return problemf("%q where JSON has ',' or %q", c, end)
		}
	}
}

// value appends the text of the next value to dst.
func (s *scanner) value(dst []byte) ([]byte, error) {
	return dst, s.walk(func(c byte) { dst = append(dst, c) })
}

// skip reads over the next value.
func (s *scanner) skip() error { return s.walk(func(byte) {}) }

// walk reads the next value and calls keep for each of its bytes.
func (s *scanner) walk(keep func(byte)) error {
	c, err := s.token()
	if err != nil {
		return err
	}
	s.open = s.open[:0]
	for {
		keep(c)
		switch c {
		case '{', '[':
			if len(s.open) == maxJSONDepth {
				return problemf("arrays and objects are nested more than %d deep", maxJSONDepth)
			}
			s.open = append(s.open, c+2) // the closing bracket comes two after the opening one in ASCII
		case '}', ']':
			if len(s.open) == 0 || s.open[len(s.open)-1] != c {
				return problemf("%q closes what is not open", c)
			}
			s.open = s.open[:len(s.open)-1]
		case '"':
			if err := s.string(keep); err != nil {
				return err
			}
		case ',', ':':
			if len(s.open) == 0 {
				return problemf("%q where JSON has a value", c)
			}
		default:
			if len(s.open) == 0 {
				return s.literal(keep)
			}
		}
		if len(s.open) == 0 {
			return nil
		}
		if c, err = s.read(); err != nil {
			return err
		}
	}
}

// string reads what follows the quote that begins a string, to its end.
func (s *scanner) string(keep func(byte)) error {
	for escaped := false; ; {
		c, err := s.read()
		if err != nil {
			return err
		}
		keep(c)
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			return nil
		}
	}
}

// literal reads what follows the first byte of a number, true, false or null.
func (s *scanner) literal(keep func(byte)) error {
	for {
		c, err := s.read()
		if err != nil {
			return err
		}
		if isSpace(c) || strings.IndexByte(",:]}", c) >= 0 {
			s.unread(c)
			return nil
		}
		keep(c)
	}
}

// jsonText returns the string that a JSON text is, and false where it is none.
func jsonText(text []byte) (string, bool) {
	var s string
	if len(text) == 0 || text[0] != '"' || json.Unmarshal(text, &s) != nil {
		return "", false
	}
	return s, true
}
