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
			case porcupine.Ok:
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
func (c call) ask(ctx context.Context, s store.Store) (answer string, seen store.Position) {
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
			o, _ := state.(*oracle)
			o = o.clone()
			c, _ := input.(call)
			answer, _ := c.ask(context.Background(), o)
			return answer == output, o
		},
		Equal: func(a, b any) bool { return sum(a) == sum(b) },
		Hash:  sum,
	}
}

// sum tells the states of sequential apart.
func sum(state any) uint64 {
	o, _ := state.(*oracle)
	return o.sum
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
		fmt.Fprintf(&b, "%4d-%-4d client %d: %v: %v\n", op.Call, op.Return, op.ClientId, op.Input, op.Output)
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
