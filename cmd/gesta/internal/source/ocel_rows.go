package source

import (
	"errors"
	"fmt"
	"io"
)

// rowReader brings the rows of a source, OCEL or git, that is no list of fields: its parser maps them itself. It is used
// by one goroutine.
type rowReader struct {
	reader
	in *input

	// newestFirst says that of two rows with one time the later in the source comes first.
	newestFirst bool
}

// newRowReader looks at the first bytes of r. Its rows are to be closed where reading fails.
func newRowReader(r io.Reader, o *Options) (*rowReader, error) {
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = defaultMemoryBytes
	}
	in, err := newInput(r, o.Progress)
	if errors.Is(err, errGzip) {
		return nil, &RowError{File: o.File, Line: 1, Problem: err.Error()}
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", o.File, err)
	}
	rd := &rowReader{in: in, reader: reader{o: o, rows: &Rows{name: o.Name, sorter: newSorter(o.TempDir, o.MemoryBytes)}}}
	rd.mapper = newMapper(&o.Mapping)
	return rd, nil
}

// add gives a row to the sorter. What no store can keep is a *RowError.
func (r *rowReader) add(row *Row) error {
	row.name = r.o.Name
	if err := row.validate(); err != nil {
		return rowError(r.o.File, row.Line, err)
	}
	r.seq++
	at := key{micros: row.Event.EffectiveAt.UnixMicro(), seq: r.seq, kind: kindEvent}
	if r.newestFirst {
		at.seq = ^at.seq
	}
	r.buf = row.append(r.buf[:0])
	if r.rows.Count == 0 || row.Event.EffectiveAt.After(r.rows.Latest) {
		r.rows.Latest, r.rows.LatestLine = row.Event.EffectiveAt, row.Line
	}
	r.rows.Count++
	return r.rows.sorter.add(at, r.buf)
}

// bad judges what is wrong with a row, and says where the row stands: nil where it is left out.
func (r *rowReader) bad(line int, err error) error {
	if err == nil {
		return nil
	}
	return r.judge(r.placed(line, err))
}

// placed says where a row stands that has a problem, unless err says so already.
func (r *rowReader) placed(line int, err error) error {
	if _, ok := errors.AsType[*RowError](err); ok {
		return err
	}
	return rowError(r.o.File, line, err)
}

// named says which event of a source a problem is about.
func named(what, id string, err error) error {
	row, ok := errors.AsType[*RowError](err)
	if !ok || id == "" {
		return err
	}
	return &RowError{File: row.File, Line: row.Line, Problem: fmt.Sprintf("%s %q: %s", what, clip(id), row.Problem), Cause: row.Cause}
}

// fatal is a problem after which nothing can be read.
func (r *rowReader) fatal(line int, format string, args ...any) error {
	return fatalError{&RowError{File: r.o.File, Line: line, Problem: fmt.Sprintf(format, args...)}}
}

// failure says what an error of the input means at a line.
func (r *rowReader) failure(line int, err error) error {
	p, isProblem := errors.AsType[problem](err)
	switch {
	case isProblem:
		return r.fatal(line, "%s", p)
	case errors.Is(err, errToken), errors.Is(err, errGzip):
		return r.fatal(line, "%s", err)
	case r.in.err == nil && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		return r.fatal(line, "it ends too early")
	}
	return fmt.Errorf("read %s: %w", r.o.File, err)
}

// end finishes the sorting, or closes the rows where reading failed.
func (r *rowReader) end(err error) (*Rows, error) {
	if err == nil && r.rows.Count > 0 {
		err = r.mapper.unused()
	}
	if err == nil {
		err = r.rows.sorter.finish()
	}
	if err != nil {
		if fatal, ok := errors.AsType[fatalError](err); ok {
			err = fatal.RowError
		}
		return nil, errors.Join(err, r.rows.Close())
	}
	return r.rows, nil
}
