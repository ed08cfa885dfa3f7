package source

import (
	"encoding/xml"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strconv"
	"strings"

	"github.com/gestadb/gesta/store"
)

// maxDepth bounds how deep elements nest: log, trace, event, attribute and what stands in it.
const maxDepth = 32 + 4

// xesParser reads a log as IEEE 1849 (XES) has it. Elements are known by their local names.
type xesParser struct {
	file string
	in   *input
	dec  *xml.Decoder

	open    []xml.Name // the elements that are not ended
	trace   *trace     // nil outside of a trace
	name    string     // of the trace, for commit keys
	traces  int
	seen    map[uint64]int // events so far of the traces with this hash of their name
	leftOut LeftOut
}

func newXESParser(in *input, o *Options) (*xesParser, error) {
	x := &xesParser{file: o.File, in: in, dec: xml.NewDecoder(in), seen: map[uint64]int{}}
	x.dec.CharsetReader = charset
	if o.Mapping.Stream == "" {
		o.Mapping.Stream = TraceName
	}
	for {
		tok, err := x.token()
		if errors.Is(err, io.EOF) {
			return nil, x.fatal("the file has no <log>: it is no XES log")
		}
		if err != nil {
			return nil, err
		}
		if start, ok := tok.(xml.StartElement); ok {
			if start.Name.Local != "log" {
				return nil, x.fatal("the file begins with <" + start.Name.Local + ">, an XES log with <log>")
			}
			return x, nil
		}
	}
}

// next implements parser.
func (x *xesParser) next() (item, error) {
	for {
		tok, err := x.token()
		if err != nil {
			return item{}, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if rec, err := x.element(&tok); rec != nil || err != nil {
				return item{record: rec}, err
			}
		case xml.EndElement:
			if tok.Name.Local == "trace" && x.trace != nil && len(x.open) == 1 {
				ended := x.trace
				x.trace = nil
				return item{ended: ended}, nil
			}
		}
	}
}

// element reads an element of the log or of a trace: an event, or something to remember for later ones.
func (x *xesParser) element(start *xml.StartElement) (*record, error) {
	switch local := start.Name.Local; {
	case local == "event":
		return x.event()
	case local == "trace" && x.trace == nil:
		x.traces++
		x.trace, x.name = &trace{line: x.line()}, ""
		return nil, nil
	case x.trace != nil && isAttribute(start):
		return nil, x.traceAttribute(start)
	case x.trace != nil:
		x.leftOut.Others++
		return nil, x.skip(nil)
	case local == "extension":
		x.leftOut.Extensions++
		return nil, x.skip(nil)
	case local == "global":
		x.leftOut.Globals++
		return nil, x.skip(nil)
	case local == "classifier":
		x.leftOut.Classifiers++
		return nil, x.skip(nil)
	case isAttribute(start):
		x.leftOut.Attributes++
		return nil, x.skip(&x.leftOut.Attributes)
	}
	x.leftOut.Others++
	return nil, x.skip(nil)
}

func (x *xesParser) traceAttribute(start *xml.StartElement) error {
	t := x.trace
	line := x.line()
	f, err := x.attribute(start)
	if err != nil {
		return rowError(x.file, line, err)
	}
	if t.size += len(f.name) + len(f.text); t.size > store.MaxEventBytes {
		return rowError(x.file, line, problemf("the attributes of the trace have more than %d bytes", store.MaxEventBytes))
	}
	t.fields = append(t.fields, f)
	return nil
}

// event reads an event to its end. A problem with one of its attributes is returned then, so that the next can be read.
func (x *xesParser) event() (*record, error) {
	rec := &record{line: x.line(), trace: x.trace}
	rec.n = x.ordinal()
	var bad error
	size := 0
	depth := len(x.open)
	for {
		tok, err := x.token()
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if !isAttribute(&tok) {
				x.leftOut.Others++
				if err := x.skip(nil); err != nil {
					return nil, err
				}
				continue
			}
			f, err := x.attribute(&tok)
			var p problem
			if err != nil && !errors.As(err, &p) {
				return nil, err
			}
			if size += len(f.name) + len(f.text); size > store.MaxEventBytes && err == nil {
				err = problemf("the event has more than %d bytes", store.MaxEventBytes)
			}
			if bad == nil {
				bad = err
			}
			if bad == nil {
				if rec.fields == nil {
					rec.fields = make([]field, 0, 4)
				}
				rec.fields = append(rec.fields, f)
			}
		case xml.EndElement:
			if len(x.open) < depth {
				if bad != nil {
					return nil, rowError(x.file, rec.line, bad)
				}
				return rec, nil
			}
		}
	}
}

// ordinal returns the N of the next event: the name of its trace, or # and the trace's ordinal, then how many events the
// traces of that name have had so far. Two names that happen to have the same hash are counted together, which gives other
// numbers, always the same, and no doubles.
func (x *xesParser) ordinal() string {
	name := "#0"
	if t := x.trace; t != nil {
		if x.name == "" {
			x.name = "#" + strconv.Itoa(x.traces)
			if f := find(t.fields, DefaultType); f != nil && f.text != "" {
				x.name = f.text
			}
		}
		name = x.name
	}
	h := fnv.New64a()
	_, _ = io.WriteString(h, name)
	sum := h.Sum64()
	x.seen[sum]++
	return name + "/" + strconv.Itoa(x.seen[sum])
}

// skip reads to the end of the element that began last, and adds the attributes in it to count where it is not nil.
func (x *xesParser) skip(count *int) error {
	depth := len(x.open)
	for {
		tok, err := x.token()
		if err != nil {
			return err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if count != nil && isAttribute(&tok) {
				*count++
			}
		case xml.EndElement:
			if len(x.open) < depth {
				return nil
			}
		}
	}
}

// token returns the next token, io.EOF after the log, or a fatal error. It keeps x.open, and sees that elements end in
// the order in which they began.
func (x *xesParser) token() (xml.Token, error) {
	x.in.allow(x.dec.InputOffset())
	tok, err := x.dec.RawToken()
	if errors.Is(err, io.EOF) && len(x.open) == 0 {
		return nil, io.EOF
	}
	if err != nil {
		return nil, x.failure(err)
	}
	switch tok := tok.(type) {
	case xml.StartElement:
		if len(x.open) >= maxDepth {
			return nil, x.fatal("elements are nested more than " + strconv.Itoa(maxDepth) + " deep")
		}
		x.open = append(x.open, tok.Name)
	case xml.EndElement:
		if len(x.open) == 0 || x.open[len(x.open)-1] != tok.Name {
			return nil, x.fatal("</" + tok.Name.Local + "> ends an element that is not open")
		}
		x.open = x.open[:len(x.open)-1]
	}
	return tok, nil
}

func (x *xesParser) failure(err error) error {
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, errToken):
		return x.fatal("an element has " + errToken.Error())
	case errors.Is(err, errGzip):
		return x.fatal(err.Error())
	case x.in.err != nil:
		return fmt.Errorf("read %s: %w", x.file, err)
	case errors.Is(err, io.EOF):
		return x.fatal("the file ends inside of the log")
	case errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
		return x.fatal("the file ends inside of the log")
	case errors.As(err, &syntax):
		return x.fatal(syntax.Msg)
	}
	return x.fatal(strings.TrimPrefix(err.Error(), "xml: "))
}

func (x *xesParser) fatal(text string) error {
	return fatalError{&RowError{File: x.file, Line: x.line(), Problem: text}}
}

func (x *xesParser) line() int {
	line, _ := x.dec.InputPos()
	return line
}

// finish implements parser.
func (x *xesParser) finish(rows *Rows) {
	x.leftOut.Traces = rows.LeftOut.Traces
	rows.Traces, rows.LeftOut = x.traces, x.leftOut
}
