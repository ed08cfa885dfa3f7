package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// outlasting are the clients that go through deaths of the server and lost connections.
var outlasting = []struct {
	name string
	many int
	run  appender
}{
	{"keyed", 6, keyed},
	{"unkeyed", 3, unkeyed},
	{"lines", 4, lines},
	{"native", 4, native},
	{"started", 3, started},
	{"uma", 3, uma},
	{"guarded", 6, umaGuarded},
	{"pages", 1, readPages},
	{"last", 1, readLines("keyed-0")},
	{"umaRead", 1, umaRead},
}

// TestCutOff lets connections break, at random and all the time, while clients append and follow by each protocol: what was acknowledged is there, once, where that was
// said; clients with keys, and those of UmaDB with conditions and uuids, end with each event exactly once; and followers miss nothing and see nothing twice. In the
// end SIGTERM ends the server in good order, though its clients go on.
func TestCutOff(t *testing.T) {
	outlast(t, func(_ *rand.Rand, _ func()) {})
}

// TestKilled is the same with kill -9 now and then.
func TestKilled(t *testing.T) {
	outlast(t, func(rnd *rand.Rand, kill func()) {
		if rnd.IntN(40) == 0 {
			kill()
		}
	})
}

// outlast lets clients work for 15 seconds, 4 with -short, while connections break. now is called after each that was broken.
func outlast(t *testing.T, now func(rnd *rand.Rand, kill func())) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	p := start(t, dir)
	between := newProxy(t, p.address, 1)
	h := newHost(t, between.address(), true)
	following, stopFollowing := context.WithCancel(t.Context())
	defer stopFollowing()
	appending, stopAppending := context.WithCancel(t.Context())
	defer stopAppending()
	var readersRun, appendersRun sync.WaitGroup
	seen := followWhole(following, h, &readersRun)
	for _, a := range outlasting {
		for n := range a.many {
			appendersRun.Go(func() { a.run(appending, h, fmt.Sprint(a.name, "-", n)) })
		}
	}

	rnd, kills := rand.New(rand.NewPCG(2, 7)), 0
	kill := func() {
		p.kill()
		kills++
		p = start(t, dir)
		between.lead(p.address)
	}
	for end := time.Now().Add(length(t, 4*time.Second, 15*time.Second)); time.Now().Before(end); {
		sleep(t.Context(), time.Duration(rnd.IntN(50))*time.Millisecond)
		between.cut()
		now(rnd, kill)
	}
	p.terminate()
	p = start(t, dir)
	between.lead(p.address)
	stopAppending()
	appendersRun.Wait()
	catchUp(t, h, seen)
	stopFollowing()
	readersRun.Wait()
	p.terminate()
	appends, _ := h.ledger.total()
	t.Logf("%d connections broke, %d times the server died, %d appends; errors: %s", between.cuts, kills, appends, h.told())
	t.Logf("%d events", h.ledger.verify(t, dir))
}

// followWhole starts followers of everything, one of each kind.
func followWhole(ctx context.Context, h *host, running *sync.WaitGroup) []*follower {
	var all []*follower
	for _, f := range followers {
		one := &follower{h: h, name: "follow-" + f.name}
		all = append(all, one)
		running.Go(func() { f.run(ctx, h, one) })
	}
	return all
}
