package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/group"
	"github.com/gestadb/gesta/bench/rival/guard"
)

const (
	// turn makes writers wait for each other until the one before has committed. The number is any.
	turn = `SELECT pg_advisory_xact_lock(7165437)`
	// insert writes all rows at the positions that follow.
	insert = `
		INSERT INTO events (position, id, stream, version, type, tag, data)
		SELECT (SELECT coalesce(max(position), 0) FROM events) + n, id, stream, version, type, tag, data
		FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bytea[])
			WITH ORDINALITY AS event (id, stream, version, type, tag, data, n)
		ORDER BY n`
	// lookUp finds the versions of streams.
	lookUp = `
		SELECT stream, coalesce((SELECT max(version) FROM events WHERE events.stream = asked.stream), 0)
		FROM unnest($1::text[]) AS asked (stream)`
)

// uniqueViolation is what PostgreSQL calls a key that is there already.
const uniqueViolation = "23505"

// rows are the columns of the events of a group.
type rows struct {
	ids      [][16]byte
	streams  []string
	versions []int64
	types    []string
	tags     []string
	data     [][]byte
}

// add adds an event.
func (r *rows) add(e *rival.Event) {
	r.ids = append(r.ids, e.ID)
	r.streams = append(r.streams, e.Stream)
	r.versions = append(r.versions, int64(e.Version))
	r.types = append(r.types, e.Type)
	r.tags = append(r.tags, e.Tag)
	r.data = append(r.data, e.Data)
}

// reset forgets the events and keeps the memory.
func (r *rows) reset() {
	clear(r.streams)
	clear(r.types)
	clear(r.tags)
	clear(r.data)
	*r = rows{r.ids[:0], r.streams[:0], r.versions[:0], r.types[:0], r.tags[:0], r.data[:0]}
}

// commit writes a group in one transaction. That a stream is new it takes from the request, and asks only if
// the unique index disagrees; versions other than 0 that it does not remember it asks for first, all at once.
func (s *store) commit(requests []*group.Request) error {
	ctx := context.Background()
	err := s.try(ctx, requests, true)
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == uniqueViolation {
		s.versions = guard.NewVersions()
		err = s.try(ctx, requests, false)
	}
	if err != nil {
		s.versions = guard.NewVersions()
	}
	return err
}

// try checks the requests, sets the Err of those whose streams are elsewhere and inserts the others. With
// trust, streams that are said to be new and are not known otherwise are believed to be.
func (s *store) try(ctx context.Context, requests []*group.Request, trust bool) error {
	versions, err := s.learn(ctx, requests, trust)
	if err != nil {
		return fmt.Errorf("look up stream versions: %w", err)
	}
	defer s.rows.reset()
	for _, r := range requests {
		if r.Err = check(r, versions); r.Err != nil {
			continue
		}
		for i := range r.Guards {
			versions[r.Guards[i].Stream] = r.Guards[i].After
		}
		for i := range r.Events {
			s.rows.add(&r.Events[i])
		}
	}
	if len(s.rows.ids) == 0 {
		return nil
	}
	// Without a BEGIN, what is sent together is one transaction.
	var batch pgx.Batch
	batch.Queue(turn)
	batch.Queue(insert, s.rows.ids, s.rows.streams, s.rows.versions, s.rows.types, s.rows.tags, s.rows.data)
	if err := s.writer.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	for _, r := range requests {
		if r.Err == nil {
			s.versions.Put(r.Guards)
		}
	}
	return nil
}

// check returns ErrConflict if a stream is not where the request wants it. A stream that is not in versions
// is believed to be new.
func check(r *group.Request, versions map[string]uint64) error {
	for i := range r.Guards {
		if g := &r.Guards[i]; versions[g.Stream] != g.Before {
			return fmt.Errorf("stream %q is at version %d, not %d: %w", g.Stream, versions[g.Stream], g.Before, rival.ErrConflict)
		}
	}
	return nil
}

// learn returns the versions of the requests' streams: those that it remembers, and the others by asking for
// them. With trust it does not ask for streams that are said to be new, and leaves them out.
func (s *store) learn(ctx context.Context, requests []*group.Request, trust bool) (map[string]uint64, error) {
	versions := make(map[string]uint64, len(requests))
	var unknown []string
	for _, r := range requests {
		for i := range r.Guards {
			g := &r.Guards[i]
			if version, ok := s.versions.Get(g.Stream); ok {
				versions[g.Stream] = version
			} else if !trust || g.Before != 0 {
				unknown = append(unknown, g.Stream)
			}
		}
	}
	if len(unknown) == 0 {
		return versions, nil
	}
	found, err := s.writer.Query(ctx, lookUp, unknown)
	if err != nil {
		return nil, err
	}
	var stream string
	var version int64
	_, err = pgx.ForEachRow(found, []any{&stream, &version}, func() error {
		versions[stream] = uint64(version)
		return nil
	})
	return versions, err
}
