package source

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// csvParser reads a CSV file as RFC 4180 has it: a header, then rows with as many fields.
type csvParser struct {
	file    string
	in      *input
	r       *csv.Reader
	header  []string
	ordinal int
	last    int // line of the last row
}

// newCSVParser reads the header and holds the mapping against it. It fills in those defaults of the mapping that the
// header has.
func newCSVParser(in *input, o *Options) (*csvParser, error) {
	p := &csvParser{file: o.File, in: in, r: csv.NewReader(in), last: 1}
	p.r.FieldsPerRecord = -1
	if o.Separator != 0 {
		p.r.Comma = o.Separator
	}
	header, err := p.r.Read()
	if errors.Is(err, io.EOF) {
		return nil, &RowError{File: o.File, Line: 1, Problem: "the file is empty: a CSV file begins with a header"}
	}
	if err != nil {
		return nil, p.failure(err)
	}
	for i, name := range header {
		if name == "" {
			name = "column " + strconv.Itoa(i+1)
		}
		p.header = append(p.header, name)
	}
	p.r.ReuseRecord = true
	return p, p.check(&o.Mapping)
}

// check returns a *FieldError where the mapping names a column that is not there.
func (p *csvParser) check(m *Mapping) error {
	type ask struct{ what, field string }
	asks := []ask{{"stream", m.Stream}, {"type", m.Type}, {"time", m.Time}, {"actor", m.Actor}}
	if m.Type == "" {
		asks[1].field = DefaultType
	}
	if m.Time == "" {
		asks[2].field = DefaultTime
	}
	for _, t := range m.Tags {
		asks = append(asks, ask{"tag " + t.Name, t.Field})
	}
	for _, a := range asks {
		if a.field != "" && !slices.Contains(p.header, a.field) {
			return &FieldError{For: a.what, Field: a.field, Has: p.header}
		}
	}
	return nil
}

// next implements parser.
func (p *csvParser) next() (item, error) {
	p.in.allow(p.r.InputOffset())
	texts, err := p.r.Read()
	if errors.Is(err, io.EOF) {
		return item{}, io.EOF
	}
	p.ordinal++
	if err != nil {
		return item{}, p.failure(err)
	}
	line, _ := p.r.FieldPos(0)
	p.last = line
	if len(texts) != len(p.header) {
		return item{}, &RowError{
			File: p.file, Line: line,
			Problem: fmt.Sprintf("the row has %d fields, the header has %d", len(texts), len(p.header)),
		}
	}
	rec := &record{line: line, n: strconv.Itoa(p.ordinal), fields: make([]field, len(texts))}
	for i, text := range texts {
		rec.fields[i] = field{name: p.header[i], text: text}
	}
	return item{record: rec}, nil
}

// failure says where an error of the csv package stands. What concerns one row lets the next be read.
func (p *csvParser) failure(err error) error {
	var bad *csv.ParseError
	switch {
	case errors.Is(err, errToken):
		return fatalError{&RowError{File: p.file, Line: p.last, Problem: "the row after this line has " + errToken.Error()}}
	case errors.Is(err, errGzip):
		return fatalError{&RowError{File: p.file, Line: p.last, Problem: "after this line " + err.Error()}}
	case !errors.As(err, &bad):
		return fmt.Errorf("read %s: %w", p.file, err)
	}
	row := &RowError{File: p.file, Line: bad.StartLine, Problem: bad.Err.Error()}
	if bad.StartLine == bad.Line {
		return row
	}
	if p.in.ended && p.r.InputOffset() == p.in.total { // it has swallowed all rows that follow
		row.Problem = "a quoted field begins here and does not end"
		return fatalError{row}
	}
	row.Problem += fmt.Sprintf(", up to line %d", bad.Line)
	return row
}

// finish implements parser.
func (p *csvParser) finish(*Rows) {}
