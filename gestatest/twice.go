package gestatest

import (
	"context"
	"errors"

	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/store"
)

// twice is a target on which each batch is delivered twice: the first time it is rolled back when it is to be committed, as if the process had ended there. It is used by one
// goroutine.
type twice[TX any] struct {
	projection.Target[TX]
	undone map[checkpoint]bool // from which a batch was rolled back
	after  func(ctx context.Context)
}

// checkpoint is where a batch begins: at the setup, or after a position.
type checkpoint struct {
	known    bool
	position store.Position
}

// errUndone says that a batch was rolled back so that it is delivered again.
var errUndone = errors.New("rolled back by the test, to be delivered a second time")

// Begin begins a transaction.
func (t *twice[TX]) Begin(ctx context.Context, id projection.ID) (projection.Tx[TX], error) {
	tx, err := t.Target.Begin(ctx, id)
	if err != nil {
		return nil, err
	}
	return &twiceTx[TX]{Tx: tx, of: t}, nil
}

// Transient says that what was rolled back may succeed later.
func (t *twice[TX]) Transient(err error) bool {
	return errors.Is(err, errUndone) || t.Target.Transient(err)
}

// twiceTx is a transaction of a twice.
type twiceTx[TX any] struct {
	projection.Tx[TX]
	of   *twice[TX]
	from *checkpoint // nil for one that moves no checkpoint
}

// Save takes note of the checkpoint.
func (tx *twiceTx[TX]) Save(ctx context.Context, from, to projection.State) error {
	tx.from = &checkpoint{from.Known, from.Position}
	return tx.Tx.Save(ctx, from, to)
}

// Commit rolls the first batch from a checkpoint back, and commits the others.
func (tx *twiceTx[TX]) Commit(ctx context.Context) error {
	if tx.from == nil || tx.of.undone[*tx.from] {
		return tx.Tx.Commit(ctx)
	}
	tx.of.undone[*tx.from] = true
	tx.Rollback()
	if tx.from.known {
		tx.of.after(ctx)
	}
	return errUndone
}
