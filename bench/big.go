package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/gesta"
	"github.com/gestadb/gesta/internal/rawlimit"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// big is a large store, loaded once and then shared by the workloads that read.
type big struct {
	maker  rival.Maker
	dir    string
	plan   feed.Plan
	events int64
	store  rival.Store       // nil while it is closed
	grown  map[string]uint64 // versions of streams of the plan that got more events
}

const loadWriters = 16

// big returns the large store of a subject, open. It is loaded first if it is not there.
func (l *lab) big(m rival.Maker) (*big, error) {
	b := l.bigs[m.Name]
	if b == nil {
		var err error
		if b, err = l.load(m); err != nil {
			return nil, fmt.Errorf("load the large store: %w", err)
		}
		l.bigs[m.Name] = b
	}
	return b, b.open(true)
}

func (b *big) open(sync bool) (err error) {
	if b.store == nil {
		b.store, err = b.maker.Open(b.dir, sync)
	}
	return err
}

// openGesta opens gesta with options of its own.
func (b *big) openGesta(o disk.Options) (err error) {
	if b.store == nil {
		b.store, err = gesta.Open(b.dir, o)
	}
	return err
}

func (b *big) close() error {
	if b.store == nil {
		return nil
	}
	s := b.store
	b.store = nil
	return s.Close()
}

// disk returns gesta's own store.
func (b *big) disk() *disk.Store { return gesta.Of(b.store).Disk }

// loadBox is how long a rival may take for its large store.
func (l *lab) loadBox(m rival.Maker) time.Duration {
	if m.Name == "pebble" {
		return l.scale.longLoad
	}
	return l.scale.loadBox
}

// load loads a large store without syncs, waits until it is at rest, and closes it. How many events a rival gets is what
// it can take in its time, by a shorter load of another store.
func (l *lab) load(m rival.Maker) (*big, error) {
	started := time.Now()
	defer func() { l.loading += time.Since(started) }()
	events, box := l.scale.big, time.Duration(0)
	if m.Name != report.Gesta {
		rate, err := l.rate(m)
		if err != nil {
			return nil, err
		}
		box = l.loadBox(m)
		events = fitting(rate, box, l.scale.big)
	}
	dir, err := l.newDir()
	if err != nil {
		return nil, err
	}
	b := &big{maker: m, dir: dir, plan: planOf(events, loadWriters)}
	if err := b.open(false); err != nil {
		return nil, err
	}
	begin := time.Now()
	// One that was planned with too much goes on: a plan that is cut off leaves streams without their last events.
	if b.events, err = play(l.ctx, b.store, &b.plan, 2*box); err != nil {
		return nil, errors.Join(err, b.close())
	}
	took := time.Since(begin)
	if err := l.settle(b); err != nil {
		return nil, errors.Join(err, b.close())
	}
	l.say("the large store of %s has %s events: %.1f s, and %.1f s to be at rest", m.Name, count(b.events), took.Seconds(), (time.Since(begin) - took).Seconds())
	if b.events < l.scale.big {
		l.book.Line("The large store of **%s** has %s events, where gesta's has %s: it took no more in its time.", m.Name, count(b.events), count(l.scale.big))
	}
	if b.events < b.plan.Events() {
		l.book.Line("The load of **%s** was cut off: its streams have fewer events than those of the others.", m.Name)
	}
	return b, b.close()
}

// fitting returns how many events a store with this rate at first, in events a second, can take in a time: no more than
// the most, and no less than a twentieth of that, or what a plan needs. A store becomes slower as it grows, by a third
// as a rule.
func fitting(rate float64, box time.Duration, most int64) int64 {
	const step = 10_000
	events := int64(rate*box.Seconds()*2/3) / step * step
	return min(most, max(events, most/20, step))
}

// settle waits until a store is at rest, a rival for as long as its load may take.
func (l *lab) settle(b *big) error {
	ctx, box := l.ctx, l.loadBox(b.maker)
	if b.maker.Name != report.Gesta {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, box)
		defer cancel()
	}
	err := b.store.Settle(ctx)
	if err == nil && b.maker.Name == report.Gesta && l.scale.idle > 0 {
		time.Sleep(l.scale.idle)
		err = b.store.Settle(ctx)
	}
	if errors.Is(err, context.DeadlineExceeded) && l.ctx.Err() == nil {
		l.book.Line("**%s** was not at rest %v after its load: it was measured as it was.", b.maker.Name, box)
		return nil
	}
	if err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	return nil
}

// rate measures how many events a second a store takes at first, without syncs.
func (l *lab) rate(m rival.Maker) (rate float64, err error) {
	err = l.fresh(func(dir string) (err error) {
		s, err := m.Open(dir, false)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		p := planOf(l.scale.big, loadWriters)
		begin := time.Now()
		n, err := play(l.ctx, s, &p, l.scale.pilot)
		rate = float64(n) / time.Since(begin).Seconds()
		return err
	})
	return rate, err
}

// bigTurns makes a turn of each subject's large store. One that cannot be loaded is a line in the report.
func (l *lab) bigTurns(run func(b *big) error) ([]turn, error) {
	var turns []turn
	for _, m := range l.all() {
		b, err := l.big(m)
		switch {
		case err == nil:
			turns = append(turns, turn{m.Name, func() error { return run(b) }})
		case m.Name == report.Gesta || l.ctx.Err() != nil:
			return nil, err
		default:
			l.book.Line("**%s** has no large store: %v", m.Name, err)
		}
	}
	return turns, nil
}

// limitTurn is the turn of what is measured beside the large stores.
type limitTurn struct {
	subject string
	run     func(r *report.Round) error
}

// bigRounds measures each subject's large store once a round, and beside them what else there is.
func (l *lab) bigRounds(run func(r *report.Round, b *big) error, limits ...limitTurn) error {
	var r *report.Round
	turns, err := l.bigTurns(func(b *big) error { return run(r, b) })
	if err != nil {
		return err
	}
	for _, limit := range limits {
		turns = append(turns, turn{limit.subject, func() error { return limit.run(r) }})
	}
	return l.rounds(func(round *report.Round, i int) error {
		r = round
		return l.inTurns(i, turns)
	})
}

// raw returns the files of a raw log with as many events as the large store has: 256 bytes each with length and checksum. They are made once.
func (l *lab) raw() ([]string, error) {
	if l.raws != nil {
		return l.raws, nil
	}
	started := time.Now()
	defer func() { l.loading += time.Since(started) }()
	dir, err := l.newDir()
	if err != nil {
		return nil, err
	}
	log, err := rawlimit.Open(dir, rawlimit.Options{NoSync: true, Keep: true, FS: vfs.OS()})
	if err != nil {
		return nil, err
	}
	_, err = log.Run(l.ctx, rawlimit.Load{Writers: loadWriters, Batch: batch, EventBytes: feed.DataBytes, Commits: l.scale.big / batch, Fill: filler(loadWriters)})
	if err := errors.Join(err, log.Close()); err != nil {
		return nil, err
	}
	l.raws = log.Files()
	return l.raws, nil
}
