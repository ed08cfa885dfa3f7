//go:build unix

package sqldb_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gestadb/gesta/store"
)

// rivals are two processes that project the same into one file, while events come.
type rivals struct {
	*killing
	both [2]*process
}

// lease is what a lease of the database's row says.
type lease struct {
	holder string
	fence  uint64
	over   bool
}

// TestStoppedPastItsLease stops the one of two processes that has the lease with SIGSTOP, until its lease has ended. Stopped between two batches, the other one takes
// over; stopped within a batch, it keeps everyone out by the lock that it has. When it goes on, it cannot commit what it had in hand, and is told; nothing is
// applied twice.
func TestStoppedPastItsLease(t *testing.T) {
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	r := &rivals{killing: newKilling(t, 2*badFrom)}
	r.runToHead(false) // the tables are there
	r.record()
	r.load.begin(t, 2*badFrom, 4*time.Millisecond) // so few that one process does not have the lock all the time
	for i, holder := range []string{"one", "two"} {
		r.both[i] = start(t, orders{Dir: r.dir, Holder: holder, Lease: 300 * time.Millisecond})
	}
	for round := range rounds {
		r.stopBetween()
		r.stopWithin()
		compare(t, r.load.store, look(t, r.database), false)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	r.load.stop()
	head, err := r.load.store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.until("they are at the head", func() bool { return r.position() >= head })
	m := look(t, r.database)
	compare(t, r.load.store, m, false)
	if m.Parked == 0 || r.count(`SELECT COUNT(*) FROM moves AS a JOIN moves AS b ON b.id > a.id AND b.fence < a.fence`) > 0 {
		t.Errorf("%d events are parked; want some, and leases that committed one after the other", m.Parked)
	}
}

// stopBetween stops the holder of the lease while it has no transaction open.
func (r *rivals) stopBetween() {
	r.t.Helper()
	var p *process
	var had lease
	r.until("the holder is stopped between two transactions", func() bool {
		had = r.lease()
		if p = r.holder(had); p == nil || had.over {
			return false
		}
		p.stop()
		if now := r.lease(); now.fence == had.fence && !r.locked() {
			return true
		}
		p.resume()
		return false
	})
	last := r.count(`SELECT COALESCE(MAX(id), 0) FROM moves`)
	r.until("the other one has taken over", func() bool {
		return r.count(`SELECT COUNT(*) FROM moves WHERE id > ? AND fence > ?`, last, had.fence) > 1
	})
	compare(r.t, r.load.store, look(r.t, r.database), false)
	p.forget(saysFenced, saysTrouble)
	p.resume()
	r.until("it is told, or does not even get the lock", func() bool { return p.hear(saysFenced) || p.hear(saysTrouble) })
	r.fenced(last, had.fence)
}

// stopWithin stops the holder of the lease while it is in a handler.
func (r *rivals) stopWithin() {
	r.t.Helper()
	res, err := r.load.store.Append(r.t.Context(), store.Commit{Events: []store.Event{{Stream: "halts", Type: "halted", Data: []byte(`{}`)}}})
	if err != nil {
		r.t.Fatal(err)
	}
	var p *process
	r.until("the halt is in a handler", func() bool {
		for _, p = range r.both {
			if p.hear(saysInside) {
				return true
			}
		}
		return false
	})
	p.stop()
	had := r.lease()
	last := r.count(`SELECT COALESCE(MAX(id), 0) FROM moves`)
	if !r.locked() || r.holder(had) != p || r.position() >= res.Last {
		r.t.Fatalf("a process is in a handler, and %+v has the lease; want the lock with it", had)
	}
	r.until("its lease has ended", func() bool { return r.lease().over })
	p.forget(saysFenced)
	p.answer()
	p.resume()
	r.until("it is told", func() bool { return p.hear(saysFenced) }) // it may be in the halt again, and goes on after that
	r.until("the halt is behind them", func() bool {
		for _, p := range r.both {
			if p.hear(saysInside) {
				p.answer()
			}
		}
		return r.position() >= res.Last
	})
	r.fenced(last, had.fence)
}

// record lets the database keep what each commit of the projection did, and under which lease.
func (r *rivals) record() {
	r.t.Helper()
	for _, statement := range []string{
		`CREATE TABLE moves (id INTEGER PRIMARY KEY AUTOINCREMENT, fence INTEGER NOT NULL, position INTEGER NOT NULL)`,
		`CREATE TRIGGER moved AFTER UPDATE OF position ON gesta_projections WHEN NEW.position <> OLD.position
			BEGIN INSERT INTO moves (fence, position) VALUES (NEW.fence, NEW.position); END`,
	} {
		if _, err := r.database.ExecContext(r.t.Context(), statement); err != nil {
			r.t.Fatal(err)
		}
	}
}

// fenced says that nothing was committed any more under a lease.
func (r *rivals) fenced(after, fence uint64) {
	r.t.Helper()
	if n := r.count(`SELECT COUNT(*) FROM moves WHERE id > ? AND fence <= ?`, after, fence); n > 0 {
		r.t.Errorf("there are %d commits under the lease %d, which had ended", n, fence)
	}
}

// count returns the one number that a query asks for.
func (r *rivals) count(query string, args ...any) (n uint64) {
	r.t.Helper()
	if err := r.database.QueryRowContext(r.t.Context(), query, args...).Scan(&n); err != nil {
		r.t.Fatal(err)
	}
	return n
}

// position returns how far the projection is.
func (r *rivals) position() store.Position {
	r.t.Helper()
	return store.Position(r.count(`SELECT position FROM gesta_projections`))
}

// lease returns who has the lease, or had it last.
func (r *rivals) lease() (l lease) {
	r.t.Helper()
	const query = `SELECT holder, fence, lease_until <= CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER) FROM gesta_projections`
	if err := r.database.QueryRowContext(r.t.Context(), query).Scan(&l.holder, &l.fence, &l.over); err != nil {
		r.t.Fatal(err)
	}
	return l
}

// holder returns the process that a lease belongs to, nil for another one.
func (r *rivals) holder(l lease) *process {
	for _, p := range r.both {
		if strings.HasPrefix(l.holder, p.orders.Holder+"/") {
			return p
		}
	}
	return nil
}

// locked says whether a transaction that writes is open, longer than any does that is not stopped.
func (r *rivals) locked() bool {
	r.t.Helper()
	c, err := r.database.Conn(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.ExecContext(r.t.Context(), "BEGIN IMMEDIATE"); err != nil {
		var coded interface{ Code() int }
		if !errors.As(err, &coded) || coded.Code()&0xff != 5 {
			r.t.Fatal(err)
		}
		return true
	}
	if _, err := c.ExecContext(r.t.Context(), "ROLLBACK"); err != nil {
		r.t.Fatal(err)
	}
	return false
}

// until waits until something holds, which it asks again and again.
func (r *rivals) until(what string, holds func() bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-ctx.Done():
			r.t.Fatalf("after %v it is not so that %s: %+v, position %d", patience, what, r.lease(), r.position())
		}
	}
}

// stop stops a process as it is, and returns when it stands.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		p.t.Fatalf("stop: %v", err)
	}
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(p.cmd.Process.Pid, &status, syscall.WUNTRACED, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || !status.Stopped() {
			p.t.Fatalf("stop: %v, status %v", err, status)
		}
		return
	}
}

// resume lets it go on.
func (p *process) resume() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		p.t.Fatalf("resume: %v", err)
	}
}

// answer lets a halt go on.
func (p *process) answer() {
	p.t.Helper()
	if _, err := io.WriteString(p.in, "go on\n"); err != nil {
		p.t.Fatal(err)
	}
}

// forget passes over that it has said lines up to now.
func (p *process) forget(lines ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range lines {
		delete(p.said, line)
	}
}
