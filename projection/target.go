package projection

import (
	"context"
	"fmt"
	"time"

	"github.com/gestadb/gesta/store"
)

// ID names one version of a projection.
type ID struct {
	Name    string
	Version int
}

func (id ID) String() string { return fmt.Sprintf("%s/%d", id.Name, id.Version) }

// Target is where a read model lives, together with how far it has come. TX is what handlers change it through. It may be used by many goroutines.
type Target[TX any] interface {
	// Begin begins a transaction for a projection. It sees what was committed before. Where two of them are open at once, at most one of those that change the same state commits.
	Begin(ctx context.Context, id ID) (Tx[TX], error)

	// State returns the state that was committed last, the zero State when the target does not know the projection. It waits for no transaction.
	State(ctx context.Context, id ID) (State, error)

	// Lease returns who has the lease of a projection and for how long, as the target's clock has it: 0 where nobody has. It waits for no transaction.
	Lease(ctx context.Context, id ID) (holder string, left time.Duration, err error)

	// Transient says whether an error of the target says nothing about what was asked: the same may succeed later.
	Transient(err error) bool
}

// Tx is a transaction of a target. It is used by one goroutine, and ended by Commit or Rollback.
type Tx[TX any] interface {
	Books

	// Handle returns what handlers get. It is of no use after the end of the transaction.
	Handle() TX

	// Handled ends what a handler did with Handle, and closes what it has left open: rows that it did not close are an error, and of no use any more. It returns [ErrRolledBack] when the
	// transaction is gone, with the cause.
	Handled(ctx context.Context) error

	// Savepoint marks what was done up to here, in place of the mark before.
	Savepoint(ctx context.Context) error

	// RollbackTo undoes what was done since the mark, which stays.
	RollbackTo(ctx context.Context) error

	// Commit makes all of it durable, or nothing. After an error it is open which. It ends the transaction.
	Commit(ctx context.Context) error

	// Rollback undoes all of it, and ends the transaction. After Commit it does nothing.
	Rollback()
}

// Books are what a target keeps for a runner, beside the read model.
type Books interface {
	// Load returns the state of the projection, the zero State when there is none yet.
	Load(ctx context.Context) (State, error)

	// Save replaces a state, but for its lease. It returns [ErrChanged] when the state is not from any more, or, with a from that is not Known, when there is one.
	Save(ctx context.Context, from, to State) error

	// Take takes the lease for a time, as the target's clock has it, and returns the new fencing token. While another holder has it, it returns a [*LeasedError], unless it
	// is to be seized.
	Take(ctx context.Context, holder string, d time.Duration, seize bool) (fence uint64, err error)

	// Hold renews the lease, or ends it with a d of 0. It returns [ErrFenced] when the token is not the last one, or the lease has ended.
	Hold(ctx context.Context, fence uint64, d time.Duration) error

	// Park puts an event aside, or changes the error of one that is parked.
	Park(ctx context.Context, p Parked) error

	// Parked returns the first parked events of a key above a position, in order; an empty key stands for all. At most limit.
	Parked(ctx context.Context, key string, after store.Position, limit int) ([]Parked, error)

	// Settle takes an event out of the parked ones; with a skip, it goes on record as skipped. It returns [ErrNotParked] when it is not
	// there, and [ErrSkipped] when this very skip of it is on record.
	Settle(ctx context.Context, p store.Position, skip *Skip) error
}

// Beside is what transactions can do, beside being a Tx, of targets that hold several versions of a projection.
type Beside interface {
	// Of returns the books of another version, in the same transaction.
	Of(id ID) Books
}

// State is how far a projection has come.
type State struct {
	// Known says that the target has the projection.
	Known bool

	// StoreID is the id of the store that is projected, empty for one that has none.
	StoreID string

	// Position is how far the store was scanned.
	Position store.Position

	// Last is the position of the last event that was seen, 0 for none, and Hash the hash of its envelope, in hexadecimal.
	Last store.Position
	Hash string

	// Start is the position before the first event that it may have seen. Save writes it for a state that is not Known alone.
	Start store.Position

	// Reads are the names under which the events are stored that the projection reads, in order, with a line feed between.
	Reads string

	// Seen counts the events that matched: those applied, skipped, and parked at present.
	Seen, Applied, Skipped, Parked uint64

	// Fence is the token of the last lease. Save does not write it.
	Fence uint64
}

// Parked is an event that was put aside.
type Parked struct {
	Position store.Position
	Key      string
	Error    string    // why, at most 4 KiB
	At       time.Time // when, by the clock of the DB
}

// Skip says why an event is given up, and who did it.
type Skip struct {
	Reason, Actor string
	At            time.Time // by the clock of the DB
}
