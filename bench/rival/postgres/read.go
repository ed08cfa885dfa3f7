package postgres

import (
	"context"
	"encoding/binary"
	"fmt"
	"unsafe"

	"github.com/gestadb/gesta/bench/rival"
)

// What is selected begins with position, version, id and data; then come the names, but for the one that is asked by.
const (
	readStream = `SELECT position, version, id, data, type, tag FROM events WHERE stream = $1 ORDER BY version`
	readTag    = `SELECT position, version, id, data, stream, type FROM events WHERE tag = $1 ORDER BY position LIMIT $2`
	readAll    = `SELECT position, version, id, data, stream, type, tag FROM events WHERE position > $1 ORDER BY position LIMIT $2`
)

// page is the number of events that ReadAll reads by one statement.
const page = 8192

// each is the number of events between two looks at the context.
const each = 1024

// ReadStream visits the events of one stream.
func (s *store) ReadStream(ctx context.Context, stream string, visit rival.Visit) error {
	e := rival.Recorded{Stream: stream}
	return s.read(ctx, visit, &e, []*string{&e.Type, &e.Tag}, readStream, stream)
}

// ReadTag visits the first events with a tag.
func (s *store) ReadTag(ctx context.Context, tag string, limit int, visit rival.Visit) error {
	e := rival.Recorded{Tag: tag}
	return s.read(ctx, visit, &e, []*string{&e.Stream, &e.Type}, readTag, tag, int64(limit))
}

// ReadAll visits every event, a page at a time.
func (s *store) ReadAll(ctx context.Context, visit rival.Visit) error {
	var e rival.Recorded
	names := []*string{&e.Stream, &e.Type, &e.Tag}
	for n := page; n == page; {
		n = 0
		if err := s.read(ctx, func(next *rival.Recorded) error {
			n++
			return visit(next)
		}, &e, names, readAll, int64(e.Position), int64(page)); err != nil {
			return err
		}
	}
	return nil
}

// read visits the rows of a query as the event e, whose other names than those that the query selects are set.
func (s *store) read(ctx context.Context, visit rival.Visit, e *rival.Recorded, names []*string, query string, args ...any) error {
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
		if err := set(e, names, rows.RawValues()); err != nil {
			return err
		}
		if err := visit(e); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read rows: %w", err)
	}
	return nil
}

// set makes e the event of a row. The values are those that came over the wire, in a buffer that is used again: what
// has no fixed length is copied, all of it into one piece of memory, as the event may be kept.
func set(e *rival.Recorded, names []*string, row [][]byte) error {
	if len(row) != 4+len(names) || len(row[0]) != 8 || len(row[1]) != 8 || len(row[2]) != 16 {
		return fmt.Errorf("row has %d values, not those that were selected", len(row))
	}
	e.Position, e.Version = binary.BigEndian.Uint64(row[0]), binary.BigEndian.Uint64(row[1])
	size := 0
	for _, value := range row[2:] {
		size += len(value)
	}
	memory := make([]byte, 0, size)
	keep := func(value []byte) []byte {
		begin := len(memory)
		memory = append(memory, value...)
		return memory[begin:len(memory):len(memory)]
	}
	e.ID, e.Data = text(keep(row[2])), keep(row[3])
	for i, name := range names {
		*name = text(keep(row[4+i]))
	}
	return nil
}

// text returns bytes that nobody changes any more as a string, without a copy.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
