package load

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// What bounds the memory of a server under load, beside the files that are mapped: its own, and what a store keeps that is embedded, tables of its index above all.
const (
	serverMemory = 256 << 20
	storeMemory  = 32 << 20
	ownMemory    = serverMemory + storeMemory
)

// The connections of the load: 120 of clients that behave, and 80 of others.
var appenders = []struct {
	name string
	many int
	run  appender
}{
	{"keyed", 16, keyed}, {"pacedKeyed", 8, keyed}, {"unkeyed", 6, unkeyed}, {"lines", 6, lines}, {"native", 6, native}, {"started", 2, started}, {"uma", 12, uma}, {"guarded", 8, umaGuarded}, {"pacedGuarded", 4, umaGuarded},
}

var readers = []struct {
	name string
	many int
	run  appender
}{
	{"pages", 4, readPages}, {"last", 6, readLines("keyed-0")}, {"frames", 3, readFrames}, {"umaRead", 3, umaRead},
}

var followers = []struct {
	name string
	many int // of which the first sees everything, each other one the stream of a client
	run  func(ctx context.Context, h *host, f *follower)
}{
	{"ndjson", 10, func(ctx context.Context, h *host, f *follower) { follow(ctx, h, f, "application/x-ndjson") }},
	{"sse", 12, func(ctx context.Context, h *host, f *follower) { follow(ctx, h, f, "text/event-stream") }},
	{"native", 12, nativeFollow},
	{"uma", 2, umaFollow},
}

var enemies = []struct {
	name string
	many int
	how  hostile
}{
	{"stuck lines", 4, stuck("application/x-ndjson", true)},
	{"stuck SSE", 4, stuck("text/event-stream", true)},
	{"stuck frames", 4, stuck("application/vnd.gesta.frames", true)},
	{"stuck reads", 4, stuck("application/x-ndjson", false)},
	{"slow lines", 6, slowly("application/x-ndjson")},
	{"slow SSE", 6, slowly("text/event-stream")},
	{"huge", 8, huge},
	{"endless JSON", 2, endless("application/json", "[")},
	{"endless text", 1, endless("application/json", `{"events":[{"type":"`+strings.Repeat("T", 1<<10-20))},
	{"endless line", 1, endless("application/x-ndjson", "[")},
	{"abort", 6, abort},
	{"abort append", 6, abortAppend},
	{"no route", 2, wrong("GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n", "notFound")},
	{"no JSON", 2, wrong("POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{{{", "usage")},
	{"no type", 2, wrong("POST /v1/append HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}", "usage")},
	{"many halves", 2, manyHalves},
	{"half", 2 * len(halves), nil}, // each of them
}

// TestLoad serves more clients than there is room to work for, for 20 seconds, 5 with -short, and GESTA_LOAD_SECONDS where that is given: in turns with and without
// clients that are stuck, slow, silent, huge or rude. Memory stays bounded; those that behave go on at their pace, and what was acknowledged is there, once.
func TestLoad(t *testing.T) {
	whole := length(t, 5*time.Second, 20*time.Second)
	dir := filepath.Join(t.TempDir(), "store")
	p := start(t, dir)
	h := newHost(t, p.address, false)
	memory := watch(p)

	following, stopFollowing := context.WithCancel(t.Context())
	defer stopFollowing()
	appending, stopAppending := context.WithCancel(t.Context())
	defer stopAppending()
	var readersRun, appendersRun sync.WaitGroup
	seen := followAll(following, h, &readersRun)
	for _, a := range appenders {
		for n := range a.many {
			appendersRun.Go(func() { a.run(appending, h, fmt.Sprint(a.name, "-", n)) })
		}
	}
	for _, r := range readers {
		for n := range r.many {
			appendersRun.Go(func() { r.run(appending, h, fmt.Sprint(r.name, "-", n)) })
		}
	}

	const turns = 4
	var alone, among, allAlone, allAmong int
	sleep(t.Context(), whole/20) // until all are there
	for range turns {
		begin, pacedBegin := h.ledger.total()
		sleep(t.Context(), whole/turns/2)
		middle, pacedMiddle := h.ledger.total()
		attack(t, h, whole/turns/2)
		end, pacedEnd := h.ledger.total()
		alone, among, allAlone, allAmong = alone+pacedMiddle-pacedBegin, among+pacedEnd-pacedMiddle, allAlone+middle-begin, allAmong+end-middle
	}
	stopAppending()
	appendersRun.Wait()
	catchUp(t, h, seen)
	stopFollowing()
	readersRun.Wait()
	p.terminate()

	most := memory.end()
	t.Logf("%d appends without the others, %d among them, %d and %d at a pace; at most %d MiB of its own, %d MiB in all; errors: %s",
		allAlone, allAmong, alone, among, most.own>>20, most.total>>20, h.told())
	// How fast a machine is that others use, a short run does not tell.
	if whole >= time.Minute && among < alone/2 {
		t.Errorf("those that append five times a second appended %d events among the others, and %d without them; want at least half", among, alone)
	}
	if most.own > ownMemory {
		t.Errorf("the server had %d MiB of memory beside its files; want at most %d", most.own>>20, ownMemory>>20)
	}
	if strings.Contains(p.log.String(), "panic") {
		t.Errorf("the server panicked:\n%s", &p.log)
	}
	t.Logf("%d events", h.ledger.verify(t, dir))
}

// followAll starts the followers.
func followAll(ctx context.Context, h *host, running *sync.WaitGroup) []*follower {
	var all []*follower
	for _, f := range followers {
		for n := range f.many {
			one := &follower{h: h, name: fmt.Sprint("follow-", f.name, "-", n)}
			if n > 1 {
				one.stream = fmt.Sprint("load-keyed-", n)
			}
			all = append(all, one)
			running.Go(func() { f.run(ctx, h, one) })
		}
	}
	return all
}

// attack lets the others at the server for a while.
func attack(t *testing.T, h *host, while time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	for _, e := range enemies {
		for n := range e.many {
			how := e.how
			if how == nil {
				how = half(halves[n%len(halves)])
			}
			running.Go(func() { harm(ctx, h, how) })
		}
	}
	sleep(ctx, while)
	cancel()
	running.Wait()
}

// catchUp waits until each follower has seen the last event that it is to see.
func catchUp(t *testing.T, h *host, all []*follower) {
	t.Helper()
	h.ledger.mu.Lock()
	last := map[string]uint64{}
	for client, of := range h.ledger.acked {
		for _, position := range of {
			last["load-"+client] = max(last["load-"+client], position)
			last[""] = max(last[""], position)
		}
	}
	h.ledger.mu.Unlock()
	deadline := time.Now().Add(2 * time.Minute)
	for _, f := range all {
		for f.at() < last[f.stream] {
			if time.Now().After(deadline) {
				t.Errorf("%s has seen up to %d; want %d", f.name, f.at(), last[f.stream])
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// watched is a process whose memory is looked at, several times a second.
type watched struct {
	stop chan struct{}
	done sync.WaitGroup
	own  atomic.Int64
	all  atomic.Int64
}

func watch(p *process) *watched {
	w := &watched{stop: make(chan struct{})}
	w.done.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-w.stop:
				return
			case <-tick.C:
			}
			if u, ok := p.used(); ok {
				w.own.Store(max(w.own.Load(), u.own))
				w.all.Store(max(w.all.Load(), u.total))
			}
		}
	})
	return w
}

// end returns the most that it had.
func (w *watched) end() usage {
	close(w.stop)
	w.done.Wait()
	return usage{total: w.all.Load(), own: w.own.Load()}
}
