package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/gestadb/gesta/bench/internal/machine"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/rival/gesta"
)

// sizeWorkload is the bytes of the large stores on disk.
func sizeWorkload() workload {
	const id = "bytes"
	spec := report.Spec{
		ID: id, Title: "bytes on disk an event of 256 bytes, log and index, written in batches of 100", Unit: report.Bytes, Lower: true,
		Target: report.Value(356), Stretch: report.Value(341),
	}
	return workload{name: id, specs: []report.Spec{spec}, probe: probe.None, share: 1, run: func(l *lab) error {
		return l.bigRounds(func(r *report.Round, b *big) error {
			blocks, err := machine.DirBytes(b.dir)
			if err != nil {
				return err
			}
			if b.maker.Name != report.Gesta {
				r.Put(id, b.maker.Name, float64(blocks)/float64(b.events))
				return nil
			}
			stats, err := b.disk().Stats(l.ctx)
			if err != nil {
				return err
			}
			r.Put(id, b.maker.Name, float64(stats.LogBytes+stats.IndexBytes)/float64(b.events))
			l.book.Note(id, "gesta's is what its figures say, log %.1f and index %.1f bytes an event at rest; the blocks of its directory, with what is made ready for the next events, come to %.1f. Of the others it is the blocks of the directory.",
				float64(stats.LogBytes)/float64(b.events), float64(stats.IndexBytes)/float64(b.events), float64(blocks)/float64(b.events))
			return nil
		})
	}}
}

// openWorkload opens the large stores after a clean close.
func openWorkload() workload {
	const id = "open-clean"
	spec := report.Spec{
		ID: id, Title: "milliseconds to open the large store after a clean close, page cache warm", Unit: report.Millis, Lower: true,
		Target: report.Value(20), Stretch: report.Value(5),
	}
	return workload{name: id, specs: []report.Spec{spec}, probe: probe.Memory, share: 4, run: func(l *lab) error {
		return l.bigRounds(func(r *report.Round, b *big) error {
			if !b.maker.Reopens {
				return nil
			}
			ms, err := b.reopen()
			if err == nil {
				r.Put(id, b.maker.Name, ms)
			}
			return err
		})
	}}
}

// reopen closes a store and returns how many milliseconds it takes to open.
func (b *big) reopen() (float64, error) {
	if err := b.close(); err != nil {
		return 0, err
	}
	begin := time.Now()
	err := b.open(true)
	return float64(time.Since(begin).Microseconds()) / 1e3, err
}

// killWorkload opens stores whose process was killed while it appended.
func killWorkload() workload {
	const killed, ofSmall, clean = "open-killed", "open-killed-small", "open-clean-small"
	small := report.LimitName("small store")
	specs := []report.Spec{
		{ID: killed, Title: "milliseconds to open the large store after kill -9 under load", Unit: report.Millis, Lower: true, Target: report.Value(200), Stretch: report.Value(80)},
		{ID: ofSmall, Title: "the same, of the small store with an equal tail", Unit: report.Millis, Lower: true, Limit: small, Target: report.Ratio(2)},
		{ID: clean, Title: "milliseconds to open the large store after a clean close, of the small one with an equal tail", Unit: report.Millis, Lower: true, Limit: small, Target: report.Ratio(2)},
	}
	return workload{name: killed, specs: specs, probe: probe.Memory, share: 4, run: func(l *lab) error {
		l.book.Note(killed, "A child appends until a table of the index is written, then about %.0f MiB of log more, then durable single events by 64 writers until it is killed; so what opening has to replay is about as long in both stores.",
			float64(l.scale.tail)/(1<<20))
		l.book.Note(clean, "The stores are those of the row before, opened once, closed, and opened again.")
		b, err := l.big(l.gesta)
		if err != nil {
			return err
		}
		if err := b.close(); err != nil {
			return err
		}
		return l.rounds(func(r *report.Round, i int) error {
			return l.fresh(func(dir string) error {
				s := &big{maker: l.gesta, dir: dir, plan: planOf(l.scale.small, 1)}
				if err := s.open(false); err != nil {
					return err
				}
				_, err := play(l.ctx, s.store, &s.plan, 0)
				if err := errors.Join(err, s.close()); err != nil {
					return err
				}
				for subject, one := range map[string]*big{report.Gesta: b, small: s} {
					if err := l.killAndOpen(r, subject, one, []string{killed, ofSmall}, clean); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}}
}

// killAndOpen opens a store after a kill, and again after a clean close.
func (l *lab) killAndOpen(r *report.Round, subject string, b *big, killed []string, clean string) error {
	if err := l.killWriter(b.dir); err != nil {
		return err
	}
	begin := time.Now()
	if err := b.openGesta(l.childOptions()); err != nil {
		return err
	}
	ms := float64(time.Since(begin).Microseconds()) / 1e3
	for _, id := range killed {
		if subject == report.Gesta || id != killed[0] {
			r.Put(id, subject, ms)
		}
	}
	if _, err := gesta.Of(b.store).SettledAt(l.ctx); err != nil {
		return err
	}
	if err := b.close(); err != nil {
		return err
	}
	begin = time.Now()
	err := b.openGesta(l.childOptions())
	r.Put(clean, subject, float64(time.Since(begin).Microseconds())/1e3)
	if err != nil {
		return fmt.Errorf("open after a clean close: %w", err)
	}
	return b.close()
}
