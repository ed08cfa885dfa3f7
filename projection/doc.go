// Package projection keeps read models: what the events of a store amount to, in a shape that is easy to ask.
//
// A [Projection] is a name, a version, and one typed function for each type of events. A [Runner] applies it to a [Target]: a Go value in memory (see
// [Memory]), or tables of a database (package projection/sqldb). How far the projection has come is kept in the target, and moves in the
// transaction that changes the rows, so that each event counts once, however often a process dies:
//
//	var Carts = projection.Projection[*sqldb.Tx]{
//		Name: "carts", Version: 1,
//		Setup: func(ctx context.Context, tx *sqldb.Tx) error {
//			_, err := tx.ExecContext(ctx, `CREATE TABLE `+tx.Table("carts")+` (id TEXT PRIMARY KEY, items INTEGER NOT NULL)`)
//			return err
//		},
//		Handlers: []projection.Handler[*sqldb.Tx]{
//			projection.On(func(ctx context.Context, tx *sqldb.Tx, e gesta.Event[ItemAdded]) error {
//				_, err := tx.ExecContext(ctx, `INSERT INTO `+tx.Table("carts")+` VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET items = items + 1`, e.Stream)
//				return err
//			}),
//		},
//	}
//
//	r, err := projection.New(db, Carts, sqldb.New(database, sqldb.SQLite), projection.Options{})
//	go r.Follow(ctx)
//	err = r.WaitFor(ctx, res.Position) // read your writes
//
// # What fails
//
// An error of a handler is transient or permanent. A transient one (the connection, a lock, a deadlock, a context that ended) says nothing about the event: the batch is
// repeated, later and later, for as long as it takes. A permanent one parks the event: its changes are undone, it is put aside, and so are all later
// ones with the same key, in order, while other keys go on. The key is the stream, unless the projection has a Key. An event that cannot be decoded is
// a permanent error of that event, and so are a panic and rows that were left open. [Runner.Retry] applies what is parked of a key, in order; [Runner.Skip] gives one event up, on record. More than
// MaxParked stop the projection. Seen is always applied + skipped + parked.
//
// An event that was erased cannot be decoded: a version that is built after that parks it, with all later ones of its key, unless the DB has a [gesta.StandIn] for its type.
//
// # Versions
//
// A version keeps what it reads: the names under which events are stored that it has handlers for. With a handler more it goes on, unless it has passed events for it: that is a
// [ReadsError], and takes a new version.
//
// A new version of a projection begins anew, in tables of its own, beside the old one, and both are fed. [Together] stops two versions at one position; with it
// package sqldb compares them, and switches readers from one to the other, and back.
//
// # Exactly once, and where not
//
// What a handler does through its transaction happens exactly once. What it does elsewhere, a mail or a request, happens at least once: a batch that is rolled back is
// repeated. A handler must return the errors of its transaction; one that ends the transaction itself breaks the promise.
package projection

/*
How it works.

A batch, from the store to the rows:

 1. A goroutine reads the store from the checkpoint on and decodes; it hands over chunks of at most chunkEvents events, and how far the store was scanned
    (reader.go).
 2. The session collects chunks until the batch is full, is old, or the reader has come to the head (session.go).
 3. It begins a transaction, and reads the checkpoint in it. Another fencing token, or counts that are not those it knows, end the session: a new one
    looks at everything afresh. After any error nothing that is in memory is believed.
 4. Each event is applied, or parked where its key is parked or it could not be decoded. There are no savepoints. After each one the target closes what its handler has left open, and says
    whether the transaction is still there (Tx.Handled).
 5. When a handler fails for good, the transaction is rolled back and the batch repeated once, now with a savepoint before the event that failed and before each one after
    it: such an event is undone alone, and parked (batch.go). When the database has rolled the whole transaction back under a handler, there is nothing to undo alone: the batch is
    repeated, and that event parked without a call of its handler.
 6. The checkpoint is written where it is what was read in step 3, and the lease renewed where it is still held by the clock of the target:
    a compare-and-set of checkpoint and fencing token. Then the transaction is committed, and those who wait for a position are told.

An error of the commit leaves open whether it happened. The session ends with it; the next one reads the checkpoint and goes on from there, which is right in both cases.

The checkpoint moves to the position scanned to also where nothing matched: when someone in this process waits for it, when it would move by quietEvents, or after
Options.Quiet.

What a target keeps (package sqldb has the tables):

	state    one row for a projection's version: store id; position at which it began; names of what it reads; position scanned to; position and hash of the envelope of the last event seen; seen, applied, skipped, parked;
	         holder, fencing token and end of the lease
	parked   one row for an event that waits: position, key, error
	skipped  one row for an event that was given up: position, key, reason, actor

A key:

	            permanent error                 a later event of the key
	  free ─────────────────────────▶ parked ◀───────────────────────────┐
	   ▲                              │  │ └─────────────────────────────┘
	   │        nothing is left       │  │
	   └──────────────────────────────┘  └─▶ Retry applies from the front, up to the first that fails again; Skip takes one out

Which keys are parked is a set in the memory of the session. Retry and Skip hold no lease, and may run in another process: they change the counts in the state, so that a batch that
began before them cannot commit, and its session reads the set again. Whichever commits first, an event comes after all earlier ones of its key.

Leases. One session at a time moves a projection's version. Taking the lease adds one to the fencing token, in a transaction, when the former lease has
ended or was given back; all times are of the target's clock, so that those of the processes do not matter. Each batch renews it, and so does a timer while there is nothing to do.
Who stands by looks at it without a transaction (lease.go). The holder is a name: the one that was given to the runner, the runner's own, and a count of its runs; a lease of the same given
name and another runner is seized.
A process that slept past its end cannot commit, whether or not another one has come: it begins a new session, and waits in line.
Whoever takes the lease may read the store beside its writer, and hear of events later than the one who had it: the session waits up to a second for the store
to come to the checkpoint, before it says that the history is another one.

Two versions together. Together takes both leases whoever has them, which costs the sessions that had them their next commit and nothing else; brings the one that is behind to the
position of the other; and begins a transaction in which both leases are renewed and both positions read before anything else is done.

Locks. Runner.mu guards what waiters and Progress look at, and is held for no call. Memory.mu is held for a transaction; it is never taken under Runner.mu, nor the other way round.
*/
