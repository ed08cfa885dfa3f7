package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"unsafe"

	"github.com/gestadb/gesta/bench/rival"
)

// page is the number of events that ReadAll reads by one statement: a reader that stays in one statement for
// long keeps the write-ahead log from being moved into the database.
const page = 8192

// each is the number of events between two looks at the context.
const each = 1024

// reader is a connection that reads.
type reader struct {
	connection       *connection
	stream, tag, all selection
	row              [7]driver.Value
	event            rival.Recorded // of the row
}

// selection is a prepared statement that selects position, version, id, data and then some of the names of events:
// those that are not asked by, which are known. Where these go is a field of the reader's event each.
type selection struct {
	statement driver.StmtQueryContext
	names     []*string
}

// newReader opens a reader.
func newReader(with driver.Driver, path string) (*reader, error) {
	c, err := connect(with, path)
	if err != nil {
		return nil, err
	}
	r := &reader{connection: c}
	e := &r.event
	r.stream.names, r.tag.names, r.all.names = []*string{&e.Type, &e.Tag}, []*string{&e.Stream, &e.Type}, []*string{&e.Stream, &e.Type, &e.Tag}
	err = c.exec("PRAGMA cache_size = -16384")
	for _, s := range []struct {
		to    *selection
		query string
	}{
		{&r.stream, "SELECT position, version, id, data, type, tag FROM events WHERE stream = ?1 ORDER BY version"},
		{&r.tag, "SELECT position, version, id, data, stream, type FROM events WHERE tag = ?1 ORDER BY position LIMIT ?2"},
		{&r.all, "SELECT position, version, id, data, stream, type, tag FROM events WHERE position > ?1 ORDER BY position LIMIT ?2"},
	} {
		if err == nil {
			s.to.statement, err = c.prepareQuery(s.query)
		}
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return r, nil
}

// ReadStream visits the events of one stream.
func (s *store) ReadStream(ctx context.Context, stream string, visit rival.Visit) error {
	return s.readers.With(ctx, func(r *reader) error {
		r.event.Stream = stream
		return r.rows(ctx, &r.stream, visit, stream)
	})
}

// ReadTag visits the first events with a tag.
func (s *store) ReadTag(ctx context.Context, tag string, limit int, visit rival.Visit) error {
	return s.readers.With(ctx, func(r *reader) error {
		r.event.Tag = tag
		return r.rows(ctx, &r.tag, visit, tag, int64(limit))
	})
}

// ReadAll visits every event, a page at a time.
func (s *store) ReadAll(ctx context.Context, visit rival.Visit) error {
	return s.readers.With(ctx, func(r *reader) error {
		for last, n := uint64(0), page; n == page; {
			n = 0
			if err := r.rows(ctx, &r.all, func(e *rival.Recorded) error {
				n++
				last = e.Position
				return visit(e)
			}, int64(last), int64(page)); err != nil {
				return err
			}
		}
		return nil
	})
}

// rows runs a statement and visits the events that its rows are.
func (r *reader) rows(ctx context.Context, of *selection, visit rival.Visit, args ...driver.Value) (err error) {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	// A context that can be cancelled makes the drivers start a goroutine for each statement.
	rows, err := of.statement.QueryContext(context.WithoutCancel(ctx), values)
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := r.row[:4+len(of.names)]
	for n := 0; ; n++ {
		if n%each == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := rows.Next(row); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("next row: %w", err)
		}
		if err := r.set(row, of.names); err != nil {
			return err
		}
		if err := visit(&r.event); err != nil {
			return err
		}
	}
}

// set makes the reader's event that of a row. Both drivers make each text and each blob memory of its own, which is
// not used again, so that nothing more is copied.
func (r *reader) set(row []driver.Value, names []*string) error {
	position, ok1 := row[0].(int64)
	version, ok2 := row[1].(int64)
	id, ok3 := row[2].([]byte)
	data, ok4 := row[3].([]byte)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return fmt.Errorf("row begins with %T, %T, %T and %T", row[0], row[1], row[2], row[3])
	}
	e := &r.event
	e.Position, e.Version, e.Data = uint64(position), uint64(version), data
	e.ID = unsafe.String(unsafe.SliceData(id), len(id))
	for i, name := range names {
		text, ok := row[4+i].(string)
		if !ok {
			return fmt.Errorf("name is a %T", row[4+i])
		}
		*name = text
	}
	return nil
}
