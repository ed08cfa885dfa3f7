package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/server/auth"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// audited returns what is in the audit stream, a line each.
func audited(t *testing.T, s store.Store) []string {
	t.Helper()
	var lines []string
	for e, err := range s.Read(t.Context(), store.Query{{Stream: auth.AuditStream}}, store.ReadOptions{}) {
		ok(t, err)
		lines = append(lines, e.Type+" "+string(e.Data)+" "+string(e.Metadata))
	}
	return lines
}

func wantAudited(t *testing.T, s store.Store, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, audited(t, s)); d != "" {
		t.Error(d)
	}
}

func TestAudit(t *testing.T) {
	start := time.Date(2026, 1, 1, 10, 6, 30, 0, time.UTC)
	var minutes atomic.Int64
	clock := func() time.Time { return start.Add(time.Duration(minutes.Load()) * time.Minute) }
	s := memory.New(memory.Options{})
	tick := make(chan time.Time)
	a := auth.NewAudit(s, auth.AuditOptions{Clock: clock, Tick: tick})
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- a.Run(ctx) }()
	ada, bob := must(auth.NewPrincipal("ada", auth.Read)), must(auth.NewPrincipal("bob", auth.Read))
	for range 3 {
		a.Denied(ada, "POST /v1/append")
	}
	a.Denied(bob, "POST /v1/append")
	a.Denied(ada, "GET /v1/types")
	a.Denied(nil, "GET /v1/types")
	a.Unauthenticated()
	ok(t, a.Done(ctx, auth.Act{Principal: "root", From: "10.0.0.7:4242", Action: "erase", Target: "position 7", Outcome: "done"}))
	const act = `Administered {"principal":"root","from":"10.0.0.7:4242","action":"erase","target":"position 7","outcome":"done"} {"actor":"root"}`
	wantAudited(t, s, act)
	tick <- start
	tick <- start // the first has been dealt with
	wantAudited(t, s, act)
	minutes.Add(1)
	tick <- start
	a.Denied(ada, "POST /v1/append")
	tick <- start
	const (
		first  = `Denied {"principal":"ada","route":"GET /v1/types","minute":"2026-01-01T10:06:00Z","count":1} {"actor":"ada"}`
		second = `Denied {"principal":"ada","route":"POST /v1/append","minute":"2026-01-01T10:06:00Z","count":3} {"actor":"ada"}`
		third  = `Denied {"principal":"bob","route":"POST /v1/append","minute":"2026-01-01T10:06:00Z","count":1} {"actor":"bob"}`
		last   = `Denied {"principal":"ada","route":"POST /v1/append","minute":"2026-01-01T10:07:00Z","count":1} {"actor":"ada"}`
	)
	wantAudited(t, s, act, first, second, third)
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	wantAudited(t, s, act, first, second, third, last)
	if denied, unknown := a.Counts(); denied != 6 || unknown != 2 {
		t.Errorf("counted %d and %d", denied, unknown)
	}
}

// failing is a store that takes nothing while it is told so.
type failing struct {
	*memory.Store
	fails bool
}

func (f *failing) Append(ctx context.Context, c store.Commit) (store.Result, error) {
	if f.fails {
		return store.Result{}, errors.New("the disk is full")
	}
	return f.Store.Append(ctx, c)
}

// TestAuditOfMany sends more than are counted apart, from many sides, to a store that is full for a while: memory is bounded, and no request is missing from the sum.
func TestAuditOfMany(t *testing.T) {
	now := time.Date(2026, 1, 1, 10, 6, 30, 0, time.UTC)
	s := &failing{Store: memory.New(memory.Options{}), fails: true}
	tick, failed := make(chan time.Time), make(chan error)
	a := auth.NewAudit(s, auth.AuditOptions{Clock: func() time.Time { return now }, Tick: tick, Failed: func(err error) { failed <- err }})
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- a.Run(ctx) }()
	const each, sides = 5000, 4
	const rounds = 3
	for round := range rounds {
		var wg sync.WaitGroup
		for side := range sides {
			p := must(auth.NewPrincipal(fmt.Sprintf("user%d", side), auth.Read))
			wg.Go(func() {
				for i := range each {
					a.Denied(p, fmt.Sprint("route", i))
				}
			})
		}
		wg.Wait()
		if round == rounds-1 {
			break
		}
		now = now.Add(time.Minute)
		tick <- now
		if err := <-failed; err == nil || !strings.Contains(err.Error(), "full") {
			t.Error(err)
		}
	}
	s.fails = false
	cancel()
	ok(t, <-ran)
	lines := audited(t, s)
	if len(lines) > 4100 {
		t.Errorf("%d events were written", len(lines))
	}
	sum := 0
	for _, line := range lines {
		_, after, _ := strings.Cut(line, `"count":`)
		n := 0
		_, err := fmt.Sscanf(after, "%d", &n)
		ok(t, err)
		sum += n
		if strings.Contains(line, `"principal":"*"`) && strings.Contains(line, "actor") {
			t.Error(line)
		}
	}
	if sum != rounds*each*sides {
		t.Errorf("%d requests were written, want %d", sum, rounds*each*sides)
	}
}

func TestAuditIsCut(t *testing.T) {
	s := memory.New(memory.Options{})
	a := auth.NewAudit(s, auth.AuditOptions{})
	ok(t, a.Done(t.Context(), auth.Act{Action: strings.Repeat("é", 1<<20), Target: "\xff"}))
	if lines := audited(t, s); len(lines[0]) > 4096 {
		t.Errorf("an event has %d bytes", len(lines[0]))
	}
}
