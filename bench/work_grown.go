package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/internal/stat"
	"github.com/gestadb/gesta/bench/rival"
)

// median is that of durations, in microseconds.
func median(took []time.Duration) float64 { return stat.Median(micros(took)) }

// grownWorkload compares single appends to a large store with those to a small one, in pairs of short slices.
func grownWorkload() workload {
	const id = "append-grown"
	spec := report.Spec{
		ID: id, Title: "time of a single append to the large store / to the small store, sync never: median of paired ratios", Unit: report.Times, Lower: true,
		Target: report.Value(1.15), Stretch: report.Value(1.05),
	}
	return workload{name: id, specs: []report.Spec{spec}, probe: probe.Memory, share: 2, run: func(l *lab) error {
		b, err := l.big(l.gesta)
		if err != nil {
			return err
		}
		if err := b.close(); err != nil {
			return err
		}
		l.book.Note(id, "One caller, guarded by the version of a random stream that is there. The stores take turns of %d appends, in random order within a pair; the small one begins with %s events.",
			pairAppends, count(l.scale.small))
		ratios := map[*report.Round][]float64{}
		l.book.NoteLater(id, func(counts func(*report.Round) bool) string {
			var all []float64
			for r, of := range ratios {
				if counts(r) {
					all = append(all, of...)
				}
			}
			low, high := stat.MedianInterval(all)
			return fmt.Sprintf("The median of all %d paired ratios of the rounds that count is %.3f, with a 95 %% interval of [%.3f, %.3f].", len(all), stat.Median(all), low, high)
		})
		return l.rounds(func(r *report.Round, i int) error {
			return l.fresh(func(dir string) error {
				large, little, err := l.pairs(dir, b)
				if err != nil {
					return err
				}
				for i := range large {
					ratios[r] = append(ratios[r], large[i]/little[i])
				}
				r.Put(id, report.Gesta, stat.Median(ratios[r]))
				l.book.Note(id, "Round %d: %.1f µs against %.1f.", r.Number(), stat.Median(large), stat.Median(little))
				return nil
			})
		})
	}}
}

// pairAppends is how many appends a store makes in its half of a pair.
const pairAppends = 200

// pairs returns the mean microseconds of an append in each half.
func (l *lab) pairs(dir string, b *big) (large, little []float64, err error) {
	s := &big{maker: l.gesta, dir: dir, plan: planOf(l.scale.small, 1)}
	for _, one := range []*big{s, b} {
		if err := one.open(false); err != nil {
			return nil, nil, err
		}
		defer func() { err = errors.Join(err, one.close()) }()
	}
	if s.events, err = play(l.ctx, s.store, &s.plan, 0); err != nil {
		return nil, nil, err
	}
	if err := s.store.Settle(l.ctx); err != nil {
		return nil, nil, err
	}
	random := rand.New(rand.NewPCG(6, uint64(time.Now().UnixNano())))
	halves := []*appender{newAppender(b, random), newAppender(s, random)}
	for pair := range l.scale.pairs + 2 {
		order := []int{0, 1}
		random.Shuffle(2, func(i, j int) { order[i], order[j] = order[j], order[i] })
		var took [2]float64
		for _, i := range order {
			if took[i], err = halves[i].run(l.ctx); err != nil {
				return nil, nil, err
			}
		}
		if pair >= 2 { // the first two warm up
			large, little = append(large, took[0]), append(little, took[1])
		}
	}
	return large, little, nil
}

// appender appends to random streams of a plan.
type appender struct {
	b        *big
	random   *rand.Rand
	versions map[string]uint64 // of the streams that were appended to
	n        uint64
}

func newAppender(b *big, random *rand.Rand) *appender {
	return &appender{b: b, random: random, versions: b.versions()}
}

// versions are those that appends of a workload before this one made.
func (b *big) versions() map[string]uint64 {
	if b.grown == nil {
		b.grown = map[string]uint64{}
	}
	return b.grown
}

// run makes some appends and returns how many microseconds one took.
func (a *appender) run(ctx context.Context) (float64, error) {
	commits := make([]rival.Event, pairAppends)
	for i := range commits {
		e := &commits[i]
		e.Stream = a.b.plan.Stream(a.random.IntN(a.b.plan.Streams))
		version, ok := a.versions[e.Stream]
		if !ok {
			version = uint64(a.b.plan.PerStream)
		}
		e.Version = version + 1
		a.versions[e.Stream] = e.Version
		a.n++
		feed.Set(e, 1<<50|uint64(len(a.versions))<<24|a.n)
	}
	begin := time.Now()
	for one := range slices.Chunk(commits, 1) {
		if err := a.b.store.Append(ctx, one); err != nil {
			return 0, fmt.Errorf("append: %w", err)
		}
	}
	return float64(time.Since(begin).Nanoseconds()) / 1e3 / pairAppends, nil
}
