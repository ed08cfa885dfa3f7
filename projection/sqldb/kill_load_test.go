package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// load is a store on disk to which events come all the time, while processes project it.
type load struct {
	store    store.Store
	database *sql.DB    // the read model of the processes
	rnd      *rand.Rand // of the one goroutine that appends
	bad      bool       // there is a bad event; of the same goroutine
	stop     func()     // waits until no more come
}

// ahead is how many events the store may be ahead of the read model before no more come: what processes find that begin.
const ahead = 3000

// badFrom is the number of the event from which on the poisoned account has bad events: the first that comes, and one in 20 after it.
const badFrom = 1000

// newLoad makes a store in dir with first events, from which database is made, and lets more come when it is told to.
func newLoad(t *testing.T, dir string, database *sql.DB, first int) *load {
	t.Helper()
	s, err := disk.Open(filepath.Join(dir, "store"), disk.Options{Sync: disk.SyncNever, SegmentBytes: 256 << 10, IndexBytes: 128 << 10})
	if err != nil {
		t.Fatal(err)
	}
	l := &load{store: s, database: database, stop: func() {}, rnd: rand.New(rand.NewPCG(1, 2))}
	for n := 0; n < first; {
		n = l.append(t.Context(), t, n, 100)
	}
	t.Cleanup(func() {
		l.stop()
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return l
}

// begin lets events come from number n on, a few at a time.
func (l *load) begin(t *testing.T, n int, every time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var appending sync.WaitGroup
	appending.Go(func() {
		pace := time.NewTicker(every)
		defer pace.Stop()
		most := 0
		for !t.Failed() {
			select {
			case <-pace.C:
			case <-ctx.Done():
				return
			}
			if n >= most {
				most = l.seen(context.WithoutCancel(ctx), t) + ahead
				continue
			}
			n = l.append(context.WithoutCancel(ctx), t, n, 1+l.rnd.IntN(10))
		}
	})
	l.stop = func() {
		cancel()
		appending.Wait()
	}
}

// seen returns how far the read model is.
func (l *load) seen(ctx context.Context, t *testing.T) (p int) {
	t.Helper()
	const query = `SELECT position FROM gesta_projections`
	tables := 0
	err := l.database.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_schema WHERE name = 'gesta_projections'`).Scan(&tables)
	if err == nil && tables > 0 {
		err = l.database.QueryRowContext(ctx, query).Scan(&p)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) { // nobody has made it known yet
		t.Errorf("read the position: %v", err)
	}
	return p
}

// append appends a commit with events from number n on, and returns the number of the next.
func (l *load) append(ctx context.Context, t *testing.T, n, events int) int {
	var c store.Commit
	for i := range events {
		account := func() string { return fmt.Sprintf("account-%d", l.rnd.IntN(24)) }
		from := account()
		if l.rnd.IntN(8) == 0 {
			c.Events = append(c.Events, store.Event{Stream: from, Type: "noticed", Data: []byte(`{"Text":"nobody looks at it"}`)})
			continue
		}
		bad := from == poisoned && n+i >= badFrom && (!l.bad || l.rnd.IntN(20) == 0)
		l.bad = l.bad || bad
		c.Events = append(c.Events, store.Event{Stream: from, Type: "moved", Data: fmt.Appendf(nil, `{"To":%q,"Cents":%d,"Bad":%t}`, account(), l.rnd.IntN(1000), bad)})
	}
	if _, err := l.store.Append(ctx, c); err != nil {
		t.Errorf("append: %v", err)
	}
	return n + events
}
