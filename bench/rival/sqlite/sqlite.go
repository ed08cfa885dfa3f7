// Package sqlite is the rival that keeps events in SQLite: one table and three indexes. It runs on two
// drivers, modernc.org/sqlite, which is SQLite translated to Go, and github.com/mattn/go-sqlite3, which is
// SQLite itself and needs cgo.
//
// SQLite has one writer at a time and no group commit, so that appends are grouped: all that wait share one
// transaction. Both drivers are used without database/sql, whose locks and conversions cost as much as the
// statements.
package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/group"
	"github.com/gestadb/gesta/bench/rival/guard"
	"github.com/gestadb/gesta/bench/rival/pool"
)

// schema is the table and what finds events in it. A position is SQLite's row id: the highest plus one.
var schema = []string{
	`CREATE TABLE IF NOT EXISTS events (
		position INTEGER PRIMARY KEY,
		id       BLOB NOT NULL,
		stream   TEXT NOT NULL,
		version  INTEGER NOT NULL,
		type     TEXT NOT NULL,
		tag      TEXT NOT NULL,
		data     BLOB NOT NULL
	) STRICT`,
	`CREATE UNIQUE INDEX IF NOT EXISTS events_stream ON events (stream, version)`,
	`CREATE INDEX IF NOT EXISTS events_type ON events (type)`,
	`CREATE INDEX IF NOT EXISTS events_tag ON events (tag)`,
}

// notes are what the report says of both drivers.
const notes = "appends that wait share a transaction; WAL, synchronous FULL, a checkpoint every 16,384 pages, " +
	"caches of 64 MiB for the writer and 16 MiB for each reader, 2 GiB mapped, statements prepared, database/sql left out. A read hands out the strings and blobs that the driver makes of each row."

// Modernc opens SQLite by modernc.org/sqlite.
var Modernc = rival.Maker{
	Name:    "sqlite-modernc",
	Open:    func(dir string, sync bool) (rival.Store, error) { return open(moderncDriver(), dir, sync) },
	Reopens: true,
	Notes:   "modernc.org/sqlite v1.61.1: " + notes,
}

// store is one open database.
type store struct {
	appends  *group.Committer
	versions *guard.Versions // used under writing
	writing  sync.Mutex
	writer   *connection // used under writing
	insert   driver.StmtExecContext
	inserts  driver.StmtExecContext // of many rows
	version  driver.StmtQueryContext
	values   []driver.NamedValue

	readers *pool.Pool[*reader]
}

// open opens the store in dir.
func open(with driver.Driver, dir string, durable bool) (rival.Store, error) {
	s := &store{versions: guard.NewVersions()}
	s.appends = group.New(0, s.commit)
	path := (&url.URL{Scheme: "file", Opaque: filepath.Join(dir, "events.db")}).String()
	if err := s.prepare(with, path, durable); err != nil {
		return nil, errors.Join(fmt.Errorf("open SQLite: %w", err), s.Close())
	}
	return s, nil
}

// prepare opens the connections and prepares their statements.
func (s *store) prepare(with driver.Driver, path string, durable bool) error {
	var err error
	if s.writer, err = connect(with, path); err != nil {
		return err
	}
	synchronous := "OFF"
	if durable {
		synchronous = "FULL"
	}
	setup := append([]string{
		"PRAGMA journal_mode = WAL", "PRAGMA synchronous = " + synchronous, "PRAGMA wal_autocheckpoint = 16384",
		"PRAGMA cache_size = -65536",
	}, schema...)
	for _, statement := range setup {
		if err := s.writer.exec(statement); err != nil {
			return err
		}
	}
	if s.insert, err = s.writer.prepareExec(insertRows(1)); err != nil {
		return err
	}
	if s.inserts, err = s.writer.prepareExec(insertRows(many)); err != nil {
		return err
	}
	if s.version, err = s.writer.prepareQuery("SELECT max(version) FROM events WHERE stream = ?1"); err != nil {
		return err
	}
	n := 2 * runtime.GOMAXPROCS(0)
	s.readers = pool.New[*reader](n)
	for range n {
		r, err := newReader(with, path)
		if err != nil {
			return err
		}
		s.readers.Add(r)
	}
	return nil
}

// Append writes the commit.
func (s *store) Append(ctx context.Context, commit []rival.Event) error {
	return s.appends.Append(ctx, commit)
}

// Settle moves the write-ahead log into the database.
func (s *store) Settle(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.writer.exec("PRAGMA wal_checkpoint(TRUNCATE)")
}

// Close closes all connections.
func (s *store) Close() error {
	var errs []error
	s.readers.Close(func(r *reader) { errs = append(errs, r.connection.close()) })
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	return errors.Join(errs...)
}
