// Package postgres is the rival that keeps events in PostgreSQL, over a Unix socket: one table and three
// indexes, in a server that it starts itself.
//
// A global order without gaps needs writers to take turns until they have committed, so that PostgreSQL's own
// group commit has nothing to group. Appends are therefore grouped here: all that wait share one transaction,
// which is one round trip. It takes an advisory lock, so that other programs might append as well.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/group"
	"github.com/gestadb/gesta/bench/rival/guard"
)

// schema is the table and what finds events in it.
const schema = `
CREATE TABLE IF NOT EXISTS events (
	position bigint NOT NULL,
	id       uuid   NOT NULL,
	stream   text   NOT NULL,
	version  bigint NOT NULL,
	type     text   NOT NULL,
	tag      text   NOT NULL,
	data     bytea  NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS events_position ON events (position);
CREATE UNIQUE INDEX IF NOT EXISTS events_stream ON events (stream, version);
CREATE INDEX IF NOT EXISTS events_type ON events (type, position);
CREATE INDEX IF NOT EXISTS events_tag ON events (tag, position);
`

// Maker starts a PostgreSQL server. Open returns an error that wraps ErrMissing if there is none.
var Maker = rival.Maker{
	Name:    "postgres",
	Open:    open,
	Reopens: true,
	Notes: "The machine's PostgreSQL, by pgx v5.12.0 over a Unix socket: appends that wait share a transaction of one round trip, " +
		"for a global order without gaps leaves its own group commit nothing to group; shared_buffers 1 GB, max_wal_size 4 GB, " +
		"synchronous_commit on. To open it is to start the server. Its directory holds the system tables and the write-ahead log too. " +
		"A read hands out one copy of each row's values as they came over the wire, in binary.",
}

// store is one server and the connections to it.
type store struct {
	server   *server
	writer   *pgx.Conn // used by the goroutine that commits
	readers  *pgxpool.Pool
	appends  *group.Committer
	versions *guard.Versions // used by the goroutine that commits
	rows     rows            // used by the goroutine that commits
}

// open opens the store in dir.
func open(dir string, durable bool) (rival.Store, error) {
	server, err := start(dir, durable)
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	s := &store{server: server, versions: guard.NewVersions()}
	s.appends = group.New(0, s.commit)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// connect waits for the server, makes the table and connects the readers.
func (s *store) connect(ctx context.Context) error {
	config, err := pgxpool.ParseConfig("host=" + s.server.socket + " user=postgres dbname=postgres")
	if err != nil {
		return err
	}
	if s.writer, err = s.awaitServer(ctx, config.ConnConfig); err != nil {
		return err
	}
	if _, err := s.writer.Exec(ctx, schema); err != nil {
		return fmt.Errorf("create table: %w", err)
	}
	config.MaxConns = int32(max(4, 2*runtime.GOMAXPROCS(0)))
	config.MinConns = config.MaxConns
	// Every read is one of an index in order, also before the table was ever analyzed.
	for _, plan := range []string{"enable_seqscan", "enable_bitmapscan", "enable_sort"} {
		config.ConnConfig.RuntimeParams[plan] = "off"
	}
	if s.readers, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return fmt.Errorf("connect readers: %w", err)
	}
	return s.readers.Ping(ctx)
}

// awaitServer connects as soon as the server takes connections: it may have to recover first.
func (s *store) awaitServer(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for {
		conn, err := pgx.ConnectConfig(ctx, config)
		if err == nil {
			return conn, nil
		}
		select {
		case <-ticker.C:
		case ended := <-s.server.ended:
			s.server.ended <- ended
			return nil, fmt.Errorf("server ended: %w: %s", errors.Join(ended, err), s.server.log)
		case <-ctx.Done():
			return nil, fmt.Errorf("connect: %w", err)
		}
	}
}

// Append writes the commit.
func (s *store) Append(ctx context.Context, commit []rival.Event) error {
	return s.appends.Append(ctx, commit)
}

// Settle does what PostgreSQL would do in time: it vacuums, analyzes and writes its buffers out.
func (s *store) Settle(ctx context.Context) error {
	for _, statement := range []string{"VACUUM (ANALYZE) events", "CHECKPOINT"} {
		if _, err := s.readers.Exec(ctx, statement); err != nil {
			return fmt.Errorf("run %s: %w", statement, err)
		}
	}
	return nil
}

// Close disconnects and stops the server.
func (s *store) Close() error {
	var err error
	if s.readers != nil {
		s.readers.Close()
	}
	if s.writer != nil {
		err = s.writer.Close(context.Background())
	}
	return errors.Join(err, s.server.stop())
}
