package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// page is the number of events that ReadAll reads by one statement: a reader that stays in one statement for
// long keeps the write-ahead log from being moved into the database.
const page = 8192

// each is the number of events between two looks at the context.
const each = 1024

// reader is a connection that reads.
type reader struct {
	connection       *connection
	stream, tag, all driver.StmtQueryContext
	row              [2]driver.Value
}

// newReader opens a reader.
func newReader(with driver.Driver, path string) (*reader, error) {
	c, err := connect(with, path)
	if err != nil {
		return nil, err
	}
	r := &reader{connection: c}
	err = c.exec("PRAGMA cache_size = -16384")
	for _, statement := range []struct {
		to    *driver.StmtQueryContext
		query string
	}{
		{&r.stream, "SELECT version, data FROM events WHERE stream = ?1 ORDER BY version"},
		{&r.tag, "SELECT position, data FROM events WHERE tag = ?1 ORDER BY position LIMIT ?2"},
		{&r.all, "SELECT position, data FROM events WHERE position > ?1 ORDER BY position LIMIT ?2"},
	} {
		if err == nil {
			*statement.to, err = c.prepareQuery(statement.query)
		}
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return r, nil
}

// ReadStream visits the events of one stream.
func (s *store) ReadStream(ctx context.Context, stream string, visit func(version uint64, data []byte) error) error {
	return s.read(ctx, func(r *reader) error {
		return r.rows(ctx, r.stream, visit, stream)
	})
}

// ReadTag visits the first events with a tag.
func (s *store) ReadTag(ctx context.Context, tag string, limit int, visit func(position uint64, data []byte) error) error {
	return s.read(ctx, func(r *reader) error {
		return r.rows(ctx, r.tag, visit, tag, int64(limit))
	})
}

// ReadAll visits every event, a page at a time.
func (s *store) ReadAll(ctx context.Context, visit func(position uint64, data []byte) error) error {
	return s.read(ctx, func(r *reader) error {
		for last, n := uint64(0), page; n == page; {
			n = 0
			if err := r.rows(ctx, r.all, func(position uint64, data []byte) error {
				n++
				last = position
				return visit(position, data)
			}, int64(last), int64(page)); err != nil {
				return err
			}
		}
		return nil
	})
}

// read calls f with a reader that is free, and waits for one if there is none.
func (s *store) read(ctx context.Context, f func(*reader) error) error {
	select {
	case r := <-s.readers:
		defer func() { s.readers <- r }()
		return f(r)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// rows runs a statement and visits its rows, which are a number and data.
func (r *reader) rows(
	ctx context.Context, statement driver.StmtQueryContext, visit func(uint64, []byte) error, args ...driver.Value,
) (err error) {
	values := make([]driver.NamedValue, len(args))
	for i, arg := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
	}
	// A context that can be cancelled makes the drivers start a goroutine for each statement.
	rows, err := statement.QueryContext(context.WithoutCancel(ctx), values)
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for n := 0; ; n++ {
		if n%each == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := rows.Next(r.row[:]); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("next row: %w", err)
		}
		number, isNumber := r.row[0].(int64)
		data, isData := r.row[1].([]byte)
		if !isNumber || !isData {
			return fmt.Errorf("row is of %T and %T", r.row[0], r.row[1])
		}
		if err := visit(uint64(number), data); err != nil {
			return err
		}
	}
}
