package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/store"
)

// guardsOfCommit is how many guards are judged by one commit.
const guardsOfCommit = 200

// guardWorkload measures what judging one condition costs.
func guardWorkload() workload {
	const hot, cold = "guard-hot", "guard-cold"
	specs := []report.Spec{
		{ID: hot, Title: "microseconds for one DCB guard, term in memory", Unit: report.Micros, Lower: true, Target: report.Value(0.3), Stretch: report.Value(0.1)},
		{ID: cold, Title: "microseconds for one DCB guard, term in files, warm cache", Unit: report.Micros, Lower: true, Target: report.Value(3), Stretch: report.Value(1)},
	}
	return workload{name: "guard", specs: specs, probe: probe.Memory, share: 2, run: func(l *lab) error {
		for _, s := range specs {
			l.book.Note(s.ID, "No call judges a guard alone. A commit without events judges its guards and writes nothing: the figure is (a commit with %d guards - one with 1) / %d, each the median of many, "+
				"by one caller, alternating. Each guard has a type and a tag; After is the position of the last event that has both. Making guards is not measured; all that Append does with them is, checking them included.",
				guardsOfCommit, guardsOfCommit-1)
		}
		b, err := l.big(l.gesta)
		if err != nil {
			return err
		}
		g := &guarder{l: l, b: b, random: rand.New(rand.NewPCG(5, 5))}
		g.cold, err = g.coldGuards()
		if err != nil {
			return err
		}
		return l.rounds(func(r *report.Round, i int) error {
			hots, err := g.hotGuards(r.Number())
			if err != nil {
				return err
			}
			return l.inTurns(i, []turn{
				{report.Gesta, func() error { return g.measure(r, hot, hots) }},
				{report.Gesta, func() error { return g.measure(r, cold, g.cold) }},
			})
		})
	}}
}

// guarder judges guards of a large store.
type guarder struct {
	l      *lab
	b      *big
	random *rand.Rand
	cold   []store.Guard
}

// coldCommits is among how many commits the cold guards are divided, so that each finds other terms.
const coldCommits = 40

// coldGuards are of random tags of the load, each with the type of one of its events.
func (g *guarder) coldGuards() ([]store.Guard, error) {
	var guards []store.Guard
	for len(guards) < coldCommits*guardsOfCommit {
		tag := feed.TagName(g.random.IntN(feed.Tags))
		for r, err := range g.b.disk().Read(g.l.ctx, store.Query{{Tags: []string{tag}}}, store.ReadOptions{Backward: true, Limit: 1}) {
			if err != nil {
				return nil, fmt.Errorf("read the last event of a tag: %w", err)
			}
			guards = append(guards, noneOf(r.Type, tag, r.Position))
		}
	}
	return guards, nil
}

// hotGuards appends events of new terms, which are then in memory, and guards against more of each.
func (g *guarder) hotGuards(round int) ([]store.Guard, error) {
	c := store.Commit{}
	for i := range guardsOfCommit {
		c.Events = append(c.Events, store.Event{Type: "HotGuarded", Tags: []string{fmt.Sprintf("hot:%d-%d", round, i)}, Data: []byte("{}")})
	}
	result, err := g.b.disk().Append(g.l.ctx, c)
	if err != nil {
		return nil, err
	}
	var guards []store.Guard
	for i := range c.Events {
		guards = append(guards, noneOf(c.Events[i].Type, c.Events[i].Tags[0], result.First+store.Position(i)))
	}
	return guards, nil
}

func noneOf(typ, tag string, after store.Position) store.Guard {
	return store.NoneMatch{Query: store.Query{{Types: []string{typ}, Tags: []string{tag}}}, After: after}
}

// measure judges guards for a while, all of a commit and then the first of it alone.
func (g *guarder) measure(r *report.Round, id string, guards []store.Guard) error {
	var many, one []time.Duration
	judge := func(took *[]time.Duration, guards []store.Guard) error {
		begin := time.Now()
		_, err := g.b.disk().Append(g.l.ctx, store.Commit{Guards: guards})
		*took = append(*took, time.Since(begin))
		return err
	}
	warm := len(guards) / guardsOfCommit // the first time round
	for i, begin := 0, time.Now(); i < 2*warm || time.Since(begin) < g.l.scale.slice; i++ {
		at := i % warm * guardsOfCommit
		if i == warm {
			many, one = nil, nil
		}
		if err := judge(&many, guards[at:at+guardsOfCommit]); err != nil {
			return err
		}
		if err := judge(&one, guards[at:at+1]); err != nil {
			return err
		}
	}
	r.Put(id, report.Gesta, (median(many)-median(one))/(guardsOfCommit-1))
	return nil
}
