package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/gestadb/gesta/store"
)

// Options say how a source is read.
type Options struct {
	// File names the source in errors.
	File string

	// Name is the NAME of commit keys, see [Row.Key].
	Name string

	Mapping Mapping

	// Separator stands between the fields of a CSV file. Defaults to a comma.
	Separator rune

	// SkipBad is how many bad rows may be left out; the one after ends the reading. Defaults to none.
	SkipBad int

	// Bad, unless nil, is called for each bad row that is left out.
	Bad func(*RowError)

	// Progress, unless nil, is called now and then with the bytes of the file that have been read, as they are stored.
	Progress func(stored int64)

	// TempDir is where rows wait that do not fit into memory. Defaults to the system's.
	TempDir string

	// MemoryBytes bounds the rows that wait in memory. Defaults to 64 MiB.
	MemoryBytes int
}

const defaultMemoryBytes = 64 << 20

// RowError says what is wrong with a row of a source. It matches [store.ErrInvalid], or [store.ErrTooLarge] where a limit is
// the reason.
type RowError struct {
	File    string
	Line    int // 1-based, where the row begins
	Problem string
	Cause   error // nil where Problem says all
}

func (e *RowError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem) }

// Unwrap returns the cause.
func (e *RowError) Unwrap() error { return e.Cause }

// Is matches [store.ErrInvalid] where there is no other cause.
func (e *RowError) Is(target error) bool { return e.Cause == nil && target == store.ErrInvalid }

// LeftOut counts what describes a log as a whole and is therefore in no event.
type LeftOut struct {
	Attributes  int `json:"attributes"` // of the log, nested ones included
	Extensions  int `json:"extensions"`
	Globals     int `json:"globals"`
	Classifiers int `json:"classifiers"`
	Traces      int `json:"traces"` // traces without an event, or without one that is no bad row
	Others      int `json:"others"` // elements that XES does not know
}

// Rows are the rows of a source, sorted by time. Close frees what they hold.
type Rows struct {
	Count   int // rows that All yields
	Bad     int // rows that were left out
	Traces  int // traces of an XES log
	LeftOut LeftOut

	// Latest is the time of the last row, and LatestLine where it stands in the source.
	Latest     time.Time
	LatestLine int

	name   string
	sorter *sorter
}

// ReadXES reads an XES log to its end. It returns a [*RowError] for a bad row that may not be left out and for what is no
// XES log at all, a [*FieldError] for a mapping that names a field which no row has, the context's error, or an error of reading or of
// the temporary files.
func ReadXES(ctx context.Context, r io.Reader, o Options) (*Rows, error) {
	return read(ctx, r, o, func(in *input, o *Options) (parser, error) { return newXESParser(in, o) })
}

// ReadCSV reads a CSV file with a header to its end; errors are those of [ReadXES].
func ReadCSV(ctx context.Context, r io.Reader, o Options) (*Rows, error) {
	return read(ctx, r, o, func(in *input, o *Options) (parser, error) { return newCSVParser(in, o) })
}

// parser turns a source into items, one after the other.
type parser interface {
	// next returns an item, io.EOF after the last, a *RowError with rest still to be read (see fatalError), or an error
	// that ends the reading.
	next() (item, error)

	// finish puts into rows what the parser counted.
	finish(rows *Rows)
}

// item is an event, or the end of a trace.
type item struct {
	record *record
	ended  *trace
}

// fatalError is a problem of a place in a source after which nothing can be read.
type fatalError struct{ *RowError }

func (e fatalError) Unwrap() error { return e.RowError }

func read(ctx context.Context, r io.Reader, o Options, open func(*input, *Options) (parser, error)) (_ *Rows, err error) {
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
	rd := &reader{o: &o, rows: &Rows{name: o.Name, sorter: newSorter(o.TempDir, o.MemoryBytes)}}
	defer func() {
		if err != nil {
			err = errors.Join(err, rd.rows.Close())
		}
	}()
	if rd.parser, err = open(in, &o); err != nil {
		return nil, err
	}
	rd.mapper = newMapper(&o.Mapping)
	if err := rd.readAll(ctx); err != nil {
		return nil, err
	}
	return rd.rows, nil
}

// reader carries items from the parser through the mapper into the sorter.
type reader struct {
	o      *Options
	parser parser
	mapper *mapper
	rows   *Rows
	seq    uint64
	buf    []byte
}

func (r *reader) readAll(ctx context.Context) error {
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		it, err := r.parser.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = r.take(it)
		}
		if err = r.judge(err); err != nil {
			return err
		}
	}
	r.parser.finish(r.rows)
	if err := r.mapper.unused(); err != nil && r.rows.Count > 0 {
		return err
	}
	return r.rows.sorter.finish()
}

// judge decides about an error: nil where a bad row is left out.
func (r *reader) judge(err error) error {
	var row *RowError
	var fatal fatalError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &fatal):
		return fatal.RowError
	case !errors.As(err, &row) || r.rows.Bad >= r.o.SkipBad:
		return err
	}
	r.rows.Bad++
	if r.o.Bad != nil {
		r.o.Bad(row)
	}
	return nil
}

func (r *reader) take(it item) error {
	if it.ended != nil {
		return r.takeTrace(it.ended)
	}
	row, err := r.mapper.row(it.record)
	if err == nil {
		row.name = r.o.Name
		err = row.validate()
	}
	if err != nil {
		return rowError(r.o.File, it.record.line, err)
	}
	r.seq++
	at := key{micros: row.Event.EffectiveAt.UnixMicro(), seq: r.seq, kind: kindEvent}
	if t := it.record.trace; t != nil && (!t.hasFirst || at.before(t.first)) {
		t.hasFirst, t.first, t.firstBytes = true, at, store.EventBytes(&row.Event)
	}
	r.buf = row.append(r.buf[:0])
	if r.rows.Count == 0 || row.Event.EffectiveAt.After(r.rows.Latest) {
		r.rows.Latest, r.rows.LatestLine = row.Event.EffectiveAt, row.Line
	}
	r.rows.Count++
	return r.rows.sorter.add(at, r.buf)
}

// takeTrace puts the attributes of a trace right before its first event.
func (r *reader) takeTrace(t *trace) error {
	if !t.hasFirst {
		r.rows.LeftOut.Traces++
		return nil
	}
	if len(t.fields) == 0 {
		return nil
	}
	r.buf = appendObject(r.buf[:0], t.fields)
	if n := t.firstBytes + len(r.buf) + len(`"case":[],`); n > store.MaxEventBytes {
		return rowError(r.o.File, t.line, problemf("the attributes of the trace and its first event have %d bytes, the limit is %d", n, store.MaxEventBytes))
	}
	at := t.first
	at.kind = kindCase
	return r.rows.sorter.add(at, r.buf)
}

// All yields the rows in the order of their times, those of equal times in the order of the source. An error is yielded
// once, last. It may be ranged over more than once, not at the same time.
func (r *Rows) All() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		var pending []byte
		for entry, err := range r.sorter.all() {
			if err == nil && entry.kind == kindCase {
				pending = append(pending[:0], entry.payload...)
				continue
			}
			var row Row
			if err == nil {
				row, err = decodeRow(entry.micros, entry.payload)
			}
			if err != nil {
				yield(Row{}, fmt.Errorf("read sorted rows: %w", err))
				return
			}
			row.name = r.name
			if len(pending) > 0 {
				row.addCase(pending)
				pending = pending[:0]
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// Close removes the temporary files.
func (r *Rows) Close() error { return r.sorter.close() }
