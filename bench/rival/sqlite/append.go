package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/group"
	"github.com/gestadb/gesta/bench/rival/guard"
)

// many is the number of rows of the wide insert.
const many = 32

// columns is the number of values of a row.
const columns = 6

// insertRows returns the statement that inserts n rows.
func insertRows(n int) string {
	return "INSERT INTO events (id, stream, version, type, tag, data) VALUES " +
		strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?), ", n), ", ")
}

// commit writes a group in one transaction. A request whose streams are elsewhere gets its own error, and
// has changed nothing: all its guards are checked before its first event is inserted.
func (s *store) commit(requests []*group.Request) (err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	// A context that can be cancelled makes the drivers start a goroutine for each statement.
	ctx := context.Background()
	begin, ok := s.writer.conn.(driver.ConnBeginTx)
	if !ok {
		return fmt.Errorf("driver's %T takes no context", s.writer.conn)
	}
	tx, err := begin.BeginTx(ctx, driver.TxOptions{})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := s.write(ctx, requests); err != nil {
		s.versions = guard.NewVersions()
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		s.versions = guard.NewVersions()
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// write checks and inserts the requests.
func (s *store) write(ctx context.Context, requests []*group.Request) error {
	s.values = s.values[:0]
	for _, r := range requests {
		if err := s.check(ctx, r); err != nil {
			return err
		}
		if r.Err != nil {
			continue
		}
		s.versions.Put(r.Guards)
		for i := range r.Events {
			s.add(&r.Events[i])
			if len(s.values) == many*columns {
				if err := s.flush(ctx); err != nil {
					return err
				}
			}
		}
	}
	return s.flush(ctx)
}

// check sets the request's Err if a stream is not where it expects it. It knows the streams whose rows are
// not inserted yet from the versions that it remembers.
func (s *store) check(ctx context.Context, r *group.Request) error {
	for i := range r.Guards {
		g := &r.Guards[i]
		version, known := s.versions.Get(g.Stream)
		if !known {
			// What waits to be inserted may be of this stream, and forgotten.
			if err := s.flush(ctx); err != nil {
				return err
			}
			var err error
			if version, err = s.lookUp(ctx, g.Stream); err != nil {
				return fmt.Errorf("look up stream version: %w", err)
			}
		}
		if version != g.Before {
			r.Err = fmt.Errorf("stream %q is at version %d, not %d: %w", g.Stream, version, g.Before, rival.ErrConflict)
			return nil
		}
	}
	return nil
}

// lookUp returns the version of a stream in the database, 0 if it has no events.
func (s *store) lookUp(ctx context.Context, stream string) (version uint64, err error) {
	rows, err := s.version.QueryContext(ctx, []driver.NamedValue{{Ordinal: 1, Value: stream}})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var row [1]driver.Value
	if err := rows.Next(row[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		return 0, err
	}
	switch v := row[0].(type) {
	case nil:
		return 0, nil
	case int64:
		return uint64(v), nil
	default:
		return 0, fmt.Errorf("version is a %T", v)
	}
}

// add adds an event to the rows that wait to be inserted.
func (s *store) add(e *rival.Event) {
	for _, value := range [columns]driver.Value{e.ID[:], e.Stream, int64(e.Version), e.Type, e.Tag, e.Data} {
		s.values = append(s.values, driver.NamedValue{Value: value})
	}
}

// flush inserts the rows that wait: many at once, or one by one if they are fewer.
func (s *store) flush(ctx context.Context) error {
	for rows := s.values; len(rows) > 0; {
		statement, n := s.insert, columns
		if len(rows) >= many*columns {
			statement, n = s.inserts, many*columns
		}
		for i := range n {
			rows[i].Ordinal = i + 1
		}
		if _, err := statement.ExecContext(ctx, rows[:n]); err != nil {
			return fmt.Errorf("insert: %w", err)
		}
		rows = rows[n:]
	}
	clear(s.values)
	s.values = s.values[:0]
	return nil
}
