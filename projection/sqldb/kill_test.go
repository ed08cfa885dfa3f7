package sqldb_test

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gestadb/gesta/projection"
	"github.com/gestadb/gesta/projection/sqldb"
)

// killing is a read model that processes make until they are killed.
type killing struct {
	t        *testing.T
	dir      string
	load     *load
	database *sql.DB
	killed   int
	working  int    // so many of them when they had events in hand
	retrying int    // so many of them when they had retried some of what was parked, and not all
	parked   uint64 // so many events were parked last
}

func newKilling(t *testing.T, first int) *killing {
	t.Helper()
	k := &killing{t: t, dir: t.TempDir()}
	var err error
	if k.database, err = openSQLite(k.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.database.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	k.load = newLoad(t, k.dir, k.database, first)
	return k
}

// TestKill ends processes that project into one SQLite file with kill -9, one after the other, at random moments, while events come; one account has bad
// events. What is in the tables is a fresh fold of the log, row by row, and the parked events are those of that account, in order. Then processes that can apply
// them are killed while they retry. In the end everything is applied, once, but for one event that was skipped.
func TestKill(t *testing.T) {
	kills, retries, looks := 100, 10, 5
	if testing.Short() {
		kills, retries, looks = 10, 2, 2
	}
	k := newKilling(t, 2*badFrom)
	k.load.begin(t, 2*badFrom, time.Millisecond)
	var p *process
	for round := range kills {
		p = k.round(uint64(round), p, false)
		k.glance()
		if round%looks == 0 {
			compare(t, k.load.store, look(t, k.database), false)
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	if p != nil {
		p.kill()
	}
	k.runToHead(false) // events come on
	m := look(t, k.database)
	compare(t, k.load.store, m, false)
	if m.Parked < 2 {
		t.Fatalf("%d events are parked; want the poisoned account's", m.Parked)
	}
	k.skip(m)
	first := m.ParkedAt[1]
	for round := range retries {
		k.round(1000+uint64(round), nil, true)
		left := look(t, k.database)
		compare(t, k.load.store, left, true)
		if left.Parked > 0 && left.ParkedAt[0] > first {
			first = left.ParkedAt[0]
			k.retrying++
		}
		if t.Failed() {
			t.Fatalf("in round %d of the retry", round)
		}
	}
	k.load.stop()
	k.runToHead(true)
	k.settled()
	t.Logf("%d processes were killed, %d of them with events in hand, %d of them within a retry; %d events were parked", k.killed, k.working, k.retrying, m.Parked)
}

// round kills a process, the one that it gets or a new one: a quarter while they begin, the others when they have begun to apply events. It returns the one that
// comes after it, if that has begun to stand in line before.
func (k *killing) round(seed uint64, p *process, mended bool) (next *process) {
	k.t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 7))
	early, known, overlap := rnd.IntN(4) == 0, rnd.IntN(2) == 0, rnd.IntN(4) == 0
	moment := time.NewTimer(time.Hour)
	defer moment.Stop()
	if p == nil {
		o := orders{Dir: k.dir, Lease: 150 * time.Millisecond, Mended: mended}
		if known { // it has the name of the one that was killed, and goes on at once; others wait until the lease has ended
			o.Holder = "known"
		}
		p = start(k.t, o)
	}
	if !early {
		p.await(saysWorking)
		k.working++
	}
	if overlap && !mended {
		next = start(k.t, orders{Dir: k.dir, Lease: 150 * time.Millisecond})
	}
	moment.Reset(time.Duration(rnd.Int64N(int64(80 * time.Millisecond))))
	<-moment.C
	p.kill()
	k.killed++
	return next
}

// glance holds the counts in the tables against each other. Each event that is applied counts in two rows.
func (k *killing) glance() {
	k.t.Helper()
	m := look(k.t, k.database)
	n := uint64(0)
	for _, r := range m.Rows {
		n += uint64(r.N)
	}
	if m.Seen != m.Applied+m.Skipped+m.Parked || m.Parked != uint64(len(m.ParkedAt)) || m.Skipped != uint64(len(m.SkipAt)) || n != 2*m.Applied {
		k.t.Errorf("at position %d: seen %d, applied %d, skipped %d, parked %d; there are %d parked and %d skipped events, and the rows count %d",
			m.Position, m.Seen, m.Applied, m.Skipped, m.Parked, len(m.ParkedAt), len(m.SkipAt), n)
	}
	if m.Parked < k.parked {
		k.t.Errorf("at position %d: %d events are parked, which were %d", m.Position, m.Parked, k.parked)
	}
	k.parked = m.Parked
}

// runner returns a runner in this process.
func (k *killing) runner(mended bool) *projection.Runner[*sqldb.Tx] {
	k.t.Helper()
	r, err := newRunner(k.load.store, k.database, accounts(&behavior{mended: mended, halt: func() {}}), projection.Options{})
	if err != nil {
		k.t.Fatal(err)
	}
	return r
}

// runToHead applies in this process all that there is, and what is parked if it can.
func (k *killing) runToHead(mended bool) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), patience)
	defer cancel()
	r := k.runner(mended)
	if err := r.RunToHead(ctx); err != nil {
		k.t.Fatal(err)
	}
	if !mended {
		return
	}
	if _, err := r.Retry(ctx, poisoned); err != nil {
		k.t.Fatal(err)
	}
}

// skip gives up the first parked event.
func (k *killing) skip(m *image) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), patience)
	defer cancel()
	if err := k.runner(true).Skip(ctx, m.ParkedAt[0], "it is bad", "ada"); err != nil {
		k.t.Fatal(err)
	}
}

// settled says that everything is applied but for one event that was skipped.
func (k *killing) settled() {
	k.t.Helper()
	m := look(k.t, k.database)
	compare(k.t, k.load.store, m, true)
	head, err := k.load.store.Head(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	if m.Position != head || m.Parked != 0 || m.Skipped != 1 {
		k.t.Errorf("in the end %d events are parked and %d skipped, at position %d; want 0 and 1 at %d", m.Parked, m.Skipped, m.Position, head)
	}
}
