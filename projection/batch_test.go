package projection_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
	"github.com/gestadb/gesta/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counted is a target that counts transactions that move a checkpoint.
type counted[TX any] struct {
	projection.Target[TX]
	saves int
}

func (c *counted[TX]) Begin(ctx context.Context, id projection.ID) (projection.Tx[TX], error) {
	tx, err := c.Target.Begin(ctx, id)
	return &countedTx[TX]{tx, c}, err
}

type countedTx[TX any] struct {
	projection.Tx[TX]
	c *counted[TX]
}

func (tx *countedTx[TX]) Save(ctx context.Context, from, to projection.State) error {
	tx.c.saves++
	return tx.Tx.Save(ctx, from, to)
}

func TestBatchesEndByCountBytesAndTime(t *testing.T) {
	everywhere(t, testBatchesEnd[ledger], testBatchesEnd[*sqldb.Tx])
}

func testBatchesEnd[TX any](t *testing.T, w *world[TX]) {
	now := newClock()
	w.db = newDB(t, w.db.Store(), gesta.WithClock(now.now))
	w.before = func(context.Context, *store.Recorded) error {
		now.advance(time.Second)
		return nil
	}
	target := &counted[TX]{Target: w.target}
	w.target = target
	plain := w.o
	plain.BatchTime = time.Hour
	tests := []struct {
		name string
		set  func(*projection.Options)
		want int
	}{
		{"one batch", func(*projection.Options) {}, 2}, // and one that makes it known
		{"count", func(o *projection.Options) { o.BatchEvents = 4 }, 3},
		{"bytes", func(o *projection.Options) { o.BatchBytes = 2 * len(`{"Cents":1,"Bad":false}`) }, 6},
		{"time", func(o *projection.Options) { o.BatchTime = 3 * time.Second }, 4},
	}
	for _, tt := range tests {
		for range 12 {
			w.add(t, "a-1", deposited{Cents: 1})
		}
		target.saves = 0
		w.o = plain
		tt.set(&w.o)
		if err := w.run(t); err != nil {
			t.Fatal(err)
		}
		w.check(t)
		if target.saves != tt.want {
			t.Errorf("%s: %d transactions; want %d", tt.name, target.saves, tt.want)
		}
	}
}
