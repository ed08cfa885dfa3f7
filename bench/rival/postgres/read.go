package postgres

import (
	"context"
	"encoding/binary"
	"fmt"
)

const (
	readStream = `SELECT version, data FROM events WHERE stream = $1 ORDER BY version`
	readTag    = `SELECT position, data FROM events WHERE tag = $1 ORDER BY position LIMIT $2`
	readAll    = `SELECT position, data FROM events WHERE position > $1 ORDER BY position LIMIT $2`
)

// page is the number of events that ReadAll reads by one statement.
const page = 8192

// each is the number of events between two looks at the context.
const each = 1024

// ReadStream visits the events of one stream.
func (s *store) ReadStream(ctx context.Context, stream string, visit func(version uint64, data []byte) error) error {
	return s.read(ctx, visit, readStream, stream)
}

// ReadTag visits the first events with a tag.
func (s *store) ReadTag(ctx context.Context, tag string, limit int, visit func(position uint64, data []byte) error) error {
	return s.read(ctx, visit, readTag, tag, int64(limit))
}

// ReadAll visits every event, a page at a time.
func (s *store) ReadAll(ctx context.Context, visit func(position uint64, data []byte) error) error {
	for last, n := int64(0), page; n == page; {
		n = 0
		if err := s.read(ctx, func(position uint64, data []byte) error {
			n++
			last = int64(position)
			return visit(position, data)
		}, readAll, last, int64(page)); err != nil {
			return err
		}
	}
	return nil
}

// read visits the rows of a query, which are a number and data, both as they come over the wire.
func (s *store) read(ctx context.Context, visit func(uint64, []byte) error, query string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// A context that can be cancelled costs a goroutine for each query.
	rows, err := s.readers.Query(context.WithoutCancel(ctx), query, args...)
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	defer rows.Close()
	for n := 1; rows.Next(); n++ {
		if n%each == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		values := rows.RawValues()
		if len(values) != 2 || len(values[0]) != 8 {
			return fmt.Errorf("row has %d values, the first of %d bytes", len(values), len(values[0]))
		}
		if err := visit(binary.BigEndian.Uint64(values[0]), values[1]); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	return nil
}
