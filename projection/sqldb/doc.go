// Package sqldb keeps the read models of projections in the tables of a database, by database/sql. What differs between databases is a [Dialect]; [SQLite]
// is here.
//
//	database, err := sql.Open("sqlite", "file:shop.db?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)")
//	runner, err := projection.New(db, Carts, sqldb.New(database, sqldb.SQLite), projection.Options{})
//
// Handlers get a [*Tx], whose statements are prepared once for a connection. The database has to allow two connections at the least: a target keeps one for itself, with
// what is prepared on it.
//
// # Tables
//
// Beside what the projections make in their Setup there are these tables, which anyone may read:
//
//	gesta_projections  one row for each version of a projection: store, started, reads, position, last, hash, seen, applied, skipped, parked, fence, holder, lease_until
//	gesta_parked       events that failed, or wait behind one: key, error, parked_at
//	gesta_skipped      events that were given up: key, error, parked_at, reason, actor, skipped_at
//	gesta_active       the version of each projection whose tables readers see
//	gesta_outbox       effects, by projection, position and n over all versions: kind, body, sent_at; 0 for unsent, -1 for given up, with reason and actor
//	gesta_tables       the tables that each version owns, by their plain names, which no two projections share
//
// Times are microseconds since 1970. Setup is part of a transaction where the database has it so for the making of tables.
//
// # Versions
//
// A table that handlers name by [Tx.Table] belongs to their version of the projection, and readers use a view with the plain name. The first version is active from the start; the next
// one is built beside it, from the first event, by a runner of its own:
//
//	at, differences, err := target.Compare(ctx, one, two, sqldb.Comparison{Name: "carts", Query: func(v sqldb.Version) string {
//		return "SELECT id, items FROM " + v.Table("carts")
//	}})
//	err = target.Switch(ctx, one, two, false) // readers see version 2; version 1 is fed on
//	err = target.Switch(ctx, two, one, false) // and back, as fresh
//	err = target.Drop(ctx, one.ID())          // after two is active, and the runners of one are stopped
//
// # Effects
//
// What is to happen elsewhere, a handler puts on record with [Tx.Effect], and [Target.Deliver] sends after the commit. The active version alone writes effects; an event that
// was parked writes them when it is applied. Each is sent at least once, always under the same [Effect.Key].
//
// # Limits
//
// Leases are timed by the clock of the database. When that is put back, the lease of a process that was killed lasts so much longer; when it is put forward, it ends early, and whoever had it
// takes it anew. No two processes move one projection for all that: each commit says under which lease it is.
//
// SQLite has one writer at a time, and whoever waits is not served in turn. While a projection catches up, one batch after the other, a Retry, a Skip or another
// projection in the same file may wait until it is done; and a process that is stopped in the middle of a batch keeps the file locked, which no lease can help.
//
// What handlers do elsewhere by themselves happens at least once, and by each version. The view of a name takes the columns of its table: a reader that asks for columns by name
// works with both versions where both have them.
package sqldb
