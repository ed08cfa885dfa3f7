package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/gestadb/gesta/store"
)

// The size of a race. The search for an order takes time that is exponential in the number of calls that are under way
// at once: 8 with these numbers, of which the most that porcupine bears is little more.
const (
	raceClients  = 6
	raceStarters = 2  // of the clients: those that do not wait for an append before they start the next
	raceStarted  = 2  // appends that each of these has under way
	raceCalls    = 40 // of each client
)

// race is a kind of concurrent use: each client calls next for its calls. One random source serves one client.
type race struct {
	name string
	next func(rnd *rand.Rand, last store.Position) call
}

// call is one call of a client: an append, a read or a look-up.
type call struct {
	append  *store.Commit
	read    store.Query // when neither append nor the names below are set
	tracked string      // a source
	lookup  string      // a key
	erase   []store.Position
}

// races has one kind for each guard, for tracking and for keys.
var races = []race{
	{"StreamAt", func(rnd *rand.Rand, _ store.Position) call {
		stream := fmt.Sprintf("a-%d", rnd.IntN(2))
		if rnd.IntN(3) == 0 {
			return call{read: store.Query{{Stream: stream}}}
		}
		return appending(event(stream, "T"), store.StreamAt{Stream: stream, Version: rnd.Uint64N(12)})
	}},
	{"StreamExists", func(rnd *rand.Rand, _ store.Position) call {
		a, b := fmt.Sprintf("a-%d", rnd.IntN(60)), fmt.Sprintf("a-%d", rnd.IntN(60))
		switch rnd.IntN(3) {
		case 0:
			return call{read: store.Query{{Stream: a}, {Stream: b}}}
		case 1:
			return appending(event(a, "T"), store.StreamAt{Stream: a})
		default:
			return appending(event(a, "T"), store.StreamExists{Stream: b})
		}
	}},
	{"NoneMatch types and tags", func(rnd *rand.Rand, last store.Position) call {
		e := event("", fmt.Sprintf("T%d", rnd.IntN(2)), fmt.Sprintf("x%d", rnd.IntN(2)), fmt.Sprintf("y%d", rnd.IntN(2)))
		q := store.Query{{Types: []string{e.Type}, Tags: e.Tags}, {Types: []string{"T1"}, Tags: []string{"x0", "y1"}}}
		if rnd.IntN(3) == 0 {
			return call{read: q}
		}
		return appending(e, store.NoneMatch{Query: q, After: last})
	}},
	{"NoneMatch stream and category", func(rnd *rand.Rand, last store.Position) call {
		e := event(fmt.Sprintf("%c-%d", 'a'+rnd.IntN(2), rnd.IntN(3)), "T")
		q := store.Query{{Stream: e.Stream}, {Category: "b", Types: []string{"T"}}}
		if rnd.IntN(3) == 0 {
			return call{read: q}
		}
		return appending(e, store.NoneMatch{Query: q, After: last})
	}},
	{"NoneMatch whole store", func(rnd *rand.Rand, last store.Position) call {
		if rnd.IntN(3) == 0 {
			return call{read: store.Query{}}
		}
		return appending(event("a-1", "T"), store.NoneMatch{After: last + store.Position(rnd.IntN(3))})
	}},
	{"several guards", func(rnd *rand.Rand, last store.Position) call {
		a, b := fmt.Sprintf("a-%d", rnd.IntN(3)), fmt.Sprintf("b-%d", rnd.IntN(3))
		if rnd.IntN(4) == 0 {
			return call{read: store.Query{{Stream: a}, {Stream: b}}}
		}
		c := appending(event(a, "T"), store.StreamAt{Stream: a, Version: rnd.Uint64N(6)}, store.StreamExists{Stream: b},
			store.NoneMatch{Query: store.Query{{Stream: b}}, After: last})
		if rnd.IntN(3) == 0 {
			c.append.Guards = nil
		}
		c.append.Events = append(c.append.Events, event(b, "T"))
		return c
	}},
	{"tracking", func(rnd *rand.Rand, _ store.Position) call {
		source := fmt.Sprintf("s%d", rnd.IntN(2))
		if rnd.IntN(3) == 0 {
			return call{tracked: source}
		}
		c := appending(event("", "T"))
		c.append.Tracking = &store.Tracking{Source: source, Position: 1 + rnd.Uint64N(60)}
		if rnd.IntN(3) == 0 {
			c.append.Events = nil
		}
		return c
	}},
	{"keys", func(rnd *rand.Rand, _ store.Position) call {
		key := fmt.Sprintf("k%d", rnd.IntN(40))
		if rnd.IntN(4) == 0 {
			return call{lookup: key}
		}
		c := appending(event("a-1", fmt.Sprintf("T%d", rnd.IntN(8)/7)), store.StreamAt{Stream: "a-1", Version: rnd.Uint64N(40)})
		if rnd.IntN(2) == 0 {
			c.append.Guards = nil
		}
		c.append.Key = key
		return c
	}},
	{"erasures", func(rnd *rand.Rand, last store.Position) call {
		if rnd.IntN(3) == 0 {
			from := last - min(last, store.Position(rnd.IntN(20)))
			return call{erase: []store.Position{from, from + 1}}
		}
		e := event("a-1", "T")
		e.Data = []byte{byte('0' + rnd.IntN(2))}
		c := appending(e)
		c.append.Key = fmt.Sprintf("k%d", rnd.IntN(40))
		return c
	}},
}

func appending(e store.Event, guards ...store.Guard) call {
	return call{append: &store.Commit{Events: []store.Event{e}, Guards: guards}}
}

// runRaces lets clients call at once, and looks for an order of the calls that explains every answer: the oracle must
// give the same answers to the same calls one after the other.
func runRaces(t *testing.T, h Harness) {
	for _, r := range races {
		t.Run(r.name, func(t *testing.T) {
			s := h.openWith(t, Options{Clock: func() time.Time { return time.Unix(0, 0) }})
			if _, ok := store.As[store.Tracker](s); r.name == "tracking" && !ok {
				t.Skip("the store has no Tracker")
			}
			if _, ok := store.As[store.Keys](s); r.name == "keys" && !ok {
				t.Skip("the store has no Keys")
			}
			if _, ok := store.As[store.Eraser](s); r.name == "erasures" && !ok {
				t.Skip("the store has no Eraser")
			}
			history := race1(t, s, r)
			switch result, info := porcupine.CheckOperationsVerbose(sequential(), history, patience); result {
			case porcupine.Unknown:
				t.Error("the search for an order took too long")
			case porcupine.Illegal:
				t.Errorf("no order explains the answers:\n%s", unexplained(history, info))
			}
		})
	}
}

// race1 makes the calls and returns them with their answers and times.
func race1(t *testing.T, s store.Store, r race) []porcupine.Operation {
	t.Helper()
	ctx := bounded(t)
	starter, _ := store.As[store.Starter](s)
	var now atomic.Int64
	var wg sync.WaitGroup
	histories := make([][]porcupine.Operation, raceClients)
	start := make(chan struct{})
	for i := range raceClients {
		c := client{s: s, id: i, rnd: rand.New(rand.NewPCG(uint64(i), 7)), now: &now}
		if i < raceStarters {
			c.starter = starter
		}
		wg.Go(func() {
			<-start
			for range raceCalls {
				c.call(ctx, r.next(c.rnd, c.last))
			}
			c.await(0)
			histories[i] = c.history
		})
	}
	close(start)
	wg.Wait()
	return slices.Concat(histories...)
}

// client makes the calls of one goroutine.
type client struct {
	s       store.Store
	starter store.Starter // nil: the client waits for each append
	id      int
	rnd     *rand.Rand
	now     *atomic.Int64 // the time of all clients
	last    store.Position
	history []porcupine.Operation
	onWay   []func() // take the answer of an append that was started
}

func (c *client) call(ctx context.Context, what call) {
	at := len(c.history)
	c.history = append(c.history, porcupine.Operation{ClientId: c.id, Input: what, Call: c.now.Add(1)})
	done := func(answer string, seen store.Position) {
		c.history[at].Output, c.history[at].Return = answer, c.now.Add(1)
		c.last = max(c.last, seen)
	}
	if c.starter == nil || what.append == nil {
		done(what.ask(ctx, c.s))
		return
	}
	wait := c.starter.Start(ctx, *what.append)
	c.onWay = append(c.onWay, func() { done(appendText(wait())) })
	c.await(raceStarted - 1)
}

// await takes the answers of the oldest appends until so many are on their way.
func (c *client) await(left int) {
	for len(c.onWay) > left {
		c.onWay[0]()
		c.onWay = c.onWay[1:]
	}
}

// appendText says how an append came out, and what the last position in that is.
func appendText(r store.Result, err error) (answer string, seen store.Position) {
	if err != nil {
		return refusal(err), lastFact(err)
	}
	return resultText(r, true), r.Last
}

// ask makes the call; the answer is a text that has every fact, seen the last position in it.
func (c *call) ask(ctx context.Context, s store.Store) (answer string, seen store.Position) {
	switch {
	case c.append != nil:
		return appendText(s.Append(ctx, *c.append))
	case c.tracked != "":
		tracker, _ := store.As[store.Tracker](s)
		n, err := tracker.Tracked(ctx, c.tracked)
		return fmt.Sprint(n, err), 0
	case c.lookup != "":
		keys, _ := store.As[store.Keys](s)
		r, err := keys.Lookup(ctx, c.lookup)
		return fmt.Sprint(resultText(r, true), err != nil), 0
	case c.erase != nil:
		eraser, _ := store.As[store.Eraser](s)
		r, err := eraser.Erase(ctx, store.Erasure{Positions: c.erase})
		if err != nil {
			return refusal(err), 0
		}
		return resultText(r, true), r.Last
	}
	events, err := collect(s.Read(ctx, c.read, store.ReadOptions{}))
	if len(events) > 0 {
		seen = events[len(events)-1].Position
	}
	return fmt.Sprint(positions(events), err), seen
}

// lastFact returns the last position that a conflict shows.
func lastFact(err error) store.Position {
	var last store.Position
	if conflict, ok := errors.AsType[*store.ConflictError](err); ok {
		for _, f := range conflict.Failed {
			for i := range f.Events {
				last = max(last, f.Events[i].Position)
			}
		}
	}
	return last
}

// sequential is the contract for one call after the other.
func sequential() porcupine.Model {
	clock := func() time.Time { return time.Unix(0, 0) }
	return porcupine.Model{
		Init: func() any { return newOracle(Options{Clock: clock}) },
		Step: func(state, input, output any) (bool, any) {
			o, c := state.(*oracle).clone(), input.(call)
			answer, _ := c.ask(context.Background(), o)
			return answer == output.(string), o
		},
		Equal: func(a, b any) bool { return a.(*oracle).sum == b.(*oracle).sum },
		Hash:  func(o any) uint64 { return o.(*oracle).sum },
	}
}

// unexplained lists the calls that no order explains, with the answers that were given.
func unexplained(history []porcupine.Operation, info porcupine.LinearizationInfo) string {
	longest := 0
	for _, partition := range info.PartialLinearizationsOperations() {
		for _, order := range partition {
			longest = max(longest, len(order))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d calls can be ordered; all of them:\n", longest, len(history))
	for _, op := range history {
		fmt.Fprintf(&b, "%4d-%-4d client %d: %s: %s\n", op.Call, op.Return, op.ClientId, op.Input.(call), op.Output)
	}
	return b.String()
}

func (c call) String() string {
	switch {
	case c.append != nil:
		return fmt.Sprintf("append %+v", *c.append)
	case c.tracked != "":
		return "tracked " + c.tracked
	case c.lookup != "":
		return "lookup " + c.lookup
	case c.erase != nil:
		return fmt.Sprint("erase ", c.erase)
	}
	return fmt.Sprintf("read %+v", c.read)
}
