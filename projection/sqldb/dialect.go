package sqldb

import (
	"context"
	"errors"
	"strings"
)

// Dialect is what differs between databases.
type Dialect struct {
	// Begin is the statement that begins a transaction which is going to write.
	Begin string

	// Savepoint, Release and RollbackTo are the statements for a savepoint of the name gesta.
	Savepoint, Release, RollbackTo string

	// Placeholder returns the n-th parameter of a statement, from 1.
	Placeholder func(n int) string

	// InsertNew makes of an INSERT one that does nothing where the row is there.
	InsertNew func(insert string) string

	// Now is an expression: the database's clock, when the statement runs, in whole microseconds since 1970.
	Now string

	// Text, Long and Bytes are the types of columns for text, which compares byte by byte, for integers of 64 bits, and for bytes.
	Text, Long, Bytes string

	// Transient says whether an error says nothing about the statement: a lock, a deadlock, a connection, a disk that is full.
	Transient func(err error) bool

	// Alive, unless nil, says whether the transaction that was begun is still open. It is for databases that roll all of a transaction back when a statement fails, and then
	// go on without one. It is asked after each error of a handler's statement, and before the checkpoint moves.
	Alive func(ctx context.Context, exec func(ctx context.Context, statement string) error) (bool, error)
}

// SQLite is the dialect of SQLite, by a driver whose errors have the code of SQLite as a method Code() int, as modernc.org/sqlite has it.
var SQLite = Dialect{
	Begin:     "BEGIN IMMEDIATE",
	Savepoint: "SAVEPOINT gesta", Release: "RELEASE gesta", RollbackTo: "ROLLBACK TO gesta",
	Placeholder: func(int) string { return "?" },
	InsertNew:   func(insert string) string { return insert + " ON CONFLICT DO NOTHING" },
	Now:         "CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)",
	Text:        "TEXT", Long: "INTEGER", Bytes: "BLOB",
	Transient: transientSQLite,
	Alive:     aliveSQLite,
}

// transientSQLite says whether an error is of those that have to do with others, or with the machine.
func transientSQLite(err error) bool {
	switch codeOf(err) {
	case 5, 6, 7, 9, 10, 13, 14, 15: // BUSY, LOCKED, NOMEM, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL
		return true
	}
	return false
}

// codeOf returns the primary code of an error of SQLite, 0 for another one.
func codeOf(err error) int {
	var coded interface{ Code() int }
	if !errors.As(err, &coded) {
		return 0
	}
	return coded.Code() & 0xff // the rest says more of the same
}

// aliveSQLite begins a transaction, which fails within one.
func aliveSQLite(ctx context.Context, exec func(ctx context.Context, statement string) error) (bool, error) {
	const failed = 1 // SQLITE_ERROR
	switch err := exec(ctx, "BEGIN"); {
	case err == nil:
		return false, exec(ctx, "ROLLBACK")
	case codeOf(err) == failed:
		return true, nil
	default:
		return false, err
	}
}

// statement fills the placeholders and the clock of the dialect into a statement that is written with ? and NOW.
func (d *Dialect) statement(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.ReplaceAll(s, "NOW", d.Now) {
		if r != '?' {
			b.WriteRune(r)
			continue
		}
		n++
		b.WriteString(d.Placeholder(n))
	}
	return b.String()
}

// schema returns the statements that make the tables where they are not there.
func (d *Dialect) schema() []string {
	types := strings.NewReplacer("TEXT", d.Text+" NOT NULL", "LONG", d.Long+" NOT NULL", "BYTES", d.Bytes+" NOT NULL")
	tables := []string{
		`CREATE TABLE IF NOT EXISTS gesta_projections (projection TEXT, version LONG, store TEXT, started LONG, reads TEXT, position LONG, last LONG, hash TEXT,
			seen LONG, applied LONG, skipped LONG, parked LONG, fence LONG, holder TEXT, lease_until LONG, PRIMARY KEY (projection, version))`,
		`CREATE TABLE IF NOT EXISTS gesta_parked (projection TEXT, version LONG, position LONG, parked_key TEXT, error TEXT, parked_at LONG,
			PRIMARY KEY (projection, version, position))`,
		`CREATE TABLE IF NOT EXISTS gesta_skipped (projection TEXT, version LONG, position LONG, parked_key TEXT, error TEXT, parked_at LONG, reason TEXT, actor TEXT, skipped_at LONG,
			PRIMARY KEY (projection, version, position))`,
		`CREATE TABLE IF NOT EXISTS gesta_active (projection TEXT, version LONG, PRIMARY KEY (projection))`,
		`CREATE TABLE IF NOT EXISTS gesta_tables (projection TEXT, version LONG, name TEXT, PRIMARY KEY (projection, version, name))`,
		`CREATE TABLE IF NOT EXISTS gesta_outbox (projection TEXT, position LONG, n LONG, version LONG, kind TEXT, body BYTES, written_at LONG, sent_at LONG, reason TEXT, actor TEXT,
			PRIMARY KEY (projection, position, n))`,
		`CREATE INDEX IF NOT EXISTS gesta_outbox_unsent ON gesta_outbox (projection, sent_at, position, n)`,
	}
	for i := range tables {
		tables[i] = types.Replace(tables[i])
	}
	return tables
}
