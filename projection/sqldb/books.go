package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/store"
)

// queries are the statements of the books in the words of a dialect.
type queries struct {
	load, insert, save, take, seize, holder, hold, park, repark, parked, parkedOf, copySkipped, skipped, unpark, own, owned, active, first, activate, effect, unsent, sent, giveUp, giveUpOne, prune, countUnsent, taken, others, inactive string

	drop []string
}

func newQueries(d *Dialect) queries {
	const of = ` WHERE projection = ? AND version = ?`
	q := queries{
		load: `SELECT store, started, reads, position, last, hash, seen, applied, skipped, parked, fence FROM gesta_projections` + of,
		insert: d.InsertNew(`INSERT INTO gesta_projections (projection, version, store, started, reads, position, last, hash, seen, applied, skipped, parked, fence, holder, lease_until)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', 0)`),
		save: `UPDATE gesta_projections SET reads = ?, position = ?, last = ?, hash = ?, seen = ?, applied = ?, skipped = ?, parked = ?` + of +
			` AND store = ? AND position = ? AND hash = ? AND seen = ? AND applied = ? AND skipped = ? AND parked = ? AND fence = ?`,
		take:     `UPDATE gesta_projections SET fence = fence + 1, holder = ?, lease_until = NOW + ?` + of + ` AND (lease_until <= NOW OR holder = ?)`,
		seize:    `UPDATE gesta_projections SET fence = fence + 1, holder = ?, lease_until = NOW + ?` + of,
		holder:   `SELECT holder, lease_until - NOW, fence FROM gesta_projections` + of,
		hold:     `UPDATE gesta_projections SET lease_until = NOW + ?` + of + ` AND fence = ? AND lease_until > NOW`,
		park:     `INSERT INTO gesta_parked (projection, version, position, parked_key, error, parked_at) VALUES (?, ?, ?, ?, ?, ?)`,
		repark:   `UPDATE gesta_parked SET error = ?, parked_at = ?` + of + ` AND position = ?`,
		parked:   `SELECT position, parked_key, error, parked_at FROM gesta_parked` + of + ` AND position > ? ORDER BY position LIMIT ?`,
		parkedOf: `SELECT position, parked_key, error, parked_at FROM gesta_parked` + of + ` AND position > ? AND parked_key = ? ORDER BY position LIMIT ?`,
		copySkipped: `INSERT INTO gesta_skipped (projection, version, position, parked_key, error, parked_at, reason, actor, skipped_at)
			SELECT projection, version, position, parked_key, error, parked_at, ?, ?, ? FROM gesta_parked` + of + ` AND position = ?`,
		own:      d.InsertNew(`INSERT INTO gesta_tables (projection, version, name) VALUES (?, ?, ?)`),
		owned:    `SELECT name FROM gesta_tables` + of + ` ORDER BY name`,
		active:   `SELECT version FROM gesta_active WHERE projection = ?`,
		first:    d.InsertNew(`INSERT INTO gesta_active (projection, version) VALUES (?, ?)`),
		activate: `UPDATE gesta_active SET version = ? WHERE projection = ?`,
		effect: d.InsertNew(`INSERT INTO gesta_outbox (projection, position, n, version, kind, body, written_at, sent_at, reason, actor)
			VALUES (?, ?, ?, ?, ?, ?, NOW, 0, '', '')`),
		unsent:      `SELECT position, n, kind, body FROM gesta_outbox WHERE projection = ? AND sent_at = 0 ORDER BY position, n LIMIT ?`,
		sent:        `UPDATE gesta_outbox SET sent_at = NOW WHERE projection = ? AND position = ? AND n = ?`,
		giveUp:      `UPDATE gesta_outbox SET sent_at = -1 WHERE projection = ? AND sent_at = 0`,
		giveUpOne:   `UPDATE gesta_outbox SET sent_at = -1, reason = ?, actor = ? WHERE projection = ? AND position = ? AND n = ? AND sent_at = 0`,
		prune:       `UPDATE gesta_outbox SET kind = '', body = ? WHERE projection = ? AND sent_at <> 0 AND sent_at < ? AND (kind <> '' OR LENGTH(body) > 0)`,
		taken:       `SELECT projection FROM gesta_tables WHERE projection <> ? AND LOWER(name) = LOWER(?)`,
		others:      `SELECT COUNT(*) FROM gesta_projections WHERE projection = ? AND version <> ?`,
		inactive:    `DELETE FROM gesta_active WHERE projection = ?`,
		countUnsent: `SELECT COUNT(*) FROM gesta_outbox WHERE projection = ? AND sent_at = 0`,
		skipped:     `SELECT COUNT(*) FROM gesta_skipped` + of + ` AND position = ? AND reason = ? AND actor = ? AND skipped_at = ?`,
		unpark:      `DELETE FROM gesta_parked` + of + ` AND position = ?`,
	}
	for _, s := range []*string{
		&q.load, &q.insert, &q.save, &q.take, &q.seize, &q.holder, &q.hold, &q.park, &q.repark, &q.parked, &q.parkedOf, &q.copySkipped, &q.skipped, &q.unpark,
		&q.own, &q.owned, &q.active, &q.first, &q.activate, &q.effect, &q.unsent, &q.sent, &q.giveUp, &q.giveUpOne, &q.prune, &q.countUnsent, &q.taken, &q.others, &q.inactive,
	} {
		*s = d.statement(*s)
	}
	for _, table := range []string{"gesta_tables", "gesta_parked", "gesta_skipped", "gesta_projections"} {
		q.drop = append(q.drop, d.statement(`DELETE FROM `+table+of))
	}
	return q
}

// books are a projection.Books on a connection.
type books struct {
	t  *Target
	c  *connection
	id projection.ID
}

// scanState reads the row of a projection.
func scanState(row interface{ Scan(dest ...any) error }) (projection.State, error) {
	s := projection.State{Known: true}
	err := row.Scan(&s.StoreID, &s.Start, &s.Reads, &s.Position, &s.Last, &s.Hash, &s.Seen, &s.Applied, &s.Skipped, &s.Parked, &s.Fence)
	if errors.Is(err, sql.ErrNoRows) {
		return projection.State{}, nil
	}
	if err != nil {
		return projection.State{}, fmt.Errorf("read the state: %w", err)
	}
	return s, nil
}

// Load returns the state of the projection.
func (b *books) Load(ctx context.Context) (projection.State, error) {
	return scanState(b.c.row(ctx, b.t.q.load, b.id.Name, b.id.Version))
}

// Save replaces the state, where it is what it was.
func (b *books) Save(ctx context.Context, from, to projection.State) error {
	if !from.Known {
		if _, err := b.c.exec(ctx, b.t.q.first, b.id.Name, b.id.Version); err != nil {
			return err
		}
		return b.one(projection.ErrChanged)(b.c.exec(ctx, b.t.q.insert, b.id.Name, b.id.Version, to.StoreID, number(to.Start), to.Reads,
			number(to.Position), number(to.Last), to.Hash, number(to.Seen), number(to.Applied), number(to.Skipped), number(to.Parked)))
	}
	return b.one(projection.ErrChanged)(b.c.exec(ctx, b.t.q.save,
		to.Reads, number(to.Position), number(to.Last), to.Hash, number(to.Seen), number(to.Applied), number(to.Skipped), number(to.Parked), b.id.Name, b.id.Version,
		from.StoreID, number(from.Position), from.Hash, number(from.Seen), number(from.Applied), number(from.Skipped), number(from.Parked), number(from.Fence)))
}

// Take takes the lease.
func (b *books) Take(ctx context.Context, holder string, d time.Duration, seize bool) (uint64, error) {
	query, args := b.t.q.take, []any{holder, d.Microseconds(), b.id.Name, b.id.Version, holder}
	if seize {
		query, args = b.t.q.seize, args[:4]
	}
	taken := b.one(projection.ErrLeased)(b.c.exec(ctx, query, args...))
	if taken != nil && !errors.Is(taken, projection.ErrLeased) {
		return 0, taken
	}
	var has string
	var left, fence int64
	if err := b.c.row(ctx, b.t.q.holder, b.id.Name, b.id.Version).Scan(&has, &left, &fence); err != nil {
		return 0, fmt.Errorf("read the lease: %w", err)
	}
	if taken != nil {
		return 0, &projection.LeasedError{Holder: has, Left: max(time.Duration(left)*time.Microsecond, 0)}
	}
	return uint64(fence), nil
}

// Hold renews the lease, or ends it.
func (b *books) Hold(ctx context.Context, fence uint64, d time.Duration) error {
	return b.one(projection.ErrFenced)(b.c.exec(ctx, b.t.q.hold, d.Microseconds(), b.id.Name, b.id.Version, number(fence)))
}

// Park puts an event aside.
func (b *books) Park(ctx context.Context, p projection.Parked) error {
	err := b.one(projection.ErrNotParked)(b.c.exec(ctx, b.t.q.repark, p.Error, p.At.UnixMicro(), b.id.Name, b.id.Version, number(p.Position)))
	if errors.Is(err, projection.ErrNotParked) {
		_, err = b.c.exec(ctx, b.t.q.park, b.id.Name, b.id.Version, number(p.Position), p.Key, p.Error, p.At.UnixMicro())
	}
	return err
}

// Parked returns what is parked.
func (b *books) Parked(ctx context.Context, key string, after store.Position, limit int) (out []projection.Parked, err error) {
	var rows *sql.Rows
	if key == "" {
		rows, err = b.c.query(ctx, b.t.q.parked, b.id.Name, b.id.Version, number(after), limit)
	} else {
		rows, err = b.c.query(ctx, b.t.q.parkedOf, b.id.Name, b.id.Version, number(after), key, limit)
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p projection.Parked
		var at int64
		if err := rows.Scan(&p.Position, &p.Key, &p.Error, &at); err != nil {
			return nil, err
		}
		p.At = time.UnixMicro(at).UTC()
		out = append(out, p)
	}
	return out, rows.Err()
}

// Settle takes an event out of the parked ones.
func (b *books) Settle(ctx context.Context, p store.Position, skip *projection.Skip) error {
	if skip != nil {
		err := b.one(projection.ErrNotParked)(b.c.exec(ctx, b.t.q.copySkipped, skip.Reason, skip.Actor, skip.At.UnixMicro(), b.id.Name, b.id.Version, number(p)))
		if errors.Is(err, projection.ErrNotParked) {
			return b.skipped(ctx, p, skip)
		}
		if err != nil {
			return err
		}
	}
	return b.one(projection.ErrNotParked)(b.c.exec(ctx, b.t.q.unpark, b.id.Name, b.id.Version, number(p)))
}

// skipped says of an event that is not parked whether this very skip of it is on record.
func (b *books) skipped(ctx context.Context, p store.Position, skip *projection.Skip) error {
	var n int
	err := b.c.row(ctx, b.t.q.skipped, b.id.Name, b.id.Version, number(p), skip.Reason, skip.Actor, skip.At.UnixMicro()).Scan(&n)
	switch {
	case err != nil:
		return fmt.Errorf("look for the skip: %w", err)
	case n > 0:
		return projection.ErrSkipped
	}
	return projection.ErrNotParked
}

// one returns otherwise unless a statement has changed one row.
func (b *books) one(otherwise error) func(sql.Result, error) error {
	return func(r sql.Result, err error) error {
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err == nil && n != 1 {
			err = otherwise
		}
		return err
	}
}

// number is an integer as all drivers take it: positions, versions and counts are below 2^53.
func number[T ~uint64](n T) int64 { return int64(n) }
