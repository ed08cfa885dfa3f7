package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"time"

	"github.com/gestadb/gesta/bench/internal/feed"
	"github.com/gestadb/gesta/bench/internal/probe"
	"github.com/gestadb/gesta/bench/internal/report"
	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/bench/rival/gesta"
)

// lab is what the workloads share.
type lab struct {
	ctx      context.Context //nolint:containedctx // it lives as long as the run
	dir      string
	scale    scale
	gesta    rival.Maker
	rivals   []rival.Maker // those that work here
	book     report.Book
	progress io.Writer
	begin    time.Time
	verbose  bool // whether the progress of each turn is told

	current *workload     // that runs
	share   int           // parts of the rounds' time that it and those before it have
	shares  int           // that all workloads of the run have
	loading time.Duration // spent so far on loading the large stores and the raw log, which no round waits for

	dirs int             // directories made
	bigs map[string]*big // by the name of the subject
	raws []string        // files of the raw log that is scanned
	log  float64         // bytes an event takes in gesta's log, 0 as long as that is not known

	program string // that of the command line, built once; empty as long as it is not
	umadb   string // UmaDB's program; empty where it is not to be measured
}

// workload is a group of rows that are measured together.
type workload struct {
	name  string
	specs []report.Spec
	probe probe.Kind // of what its rounds lean on
	share int        // of the time of all rounds, in parts: about what its rounds take in the long run
	run   func(l *lab) error
	alone bool // whether it and all after it need no large store of a rival
}

// workloads returns all of them, in the order in which they run. Those that change the large stores come last.
func workloads() []workload {
	return slices.Concat(appendWorkloads(), []workload{
		dcbWorkload(), ingestWorkload(16), ingestWorkload(1),
		sizeWorkload(), streamWorkload(), longWorkload(), scanWorkload(), tagWorkload(), coldWorkload(),
		guardWorkload(), openWorkload(), historyVerbs(), historyFolds(), historyCases(), besideWorkload(), grownWorkload(), killWorkload(),
		followWorkload(), mergeWorkload(), memoryWorkload(),
	}, serverWorkloads())
}

// newLab tries each rival; one that does not work here is a line in the report.
func newLab(ctx context.Context, dir string, sc scale, rivals []rival.Maker, progress io.Writer) (*lab, error) {
	l := &lab{
		ctx: ctx, dir: dir, scale: sc, gesta: gesta.Maker, progress: progress, begin: time.Now(), bigs: map[string]*big{},
	}
	for _, m := range rivals {
		if err := l.try(m); err != nil {
			l.book.Line("**%s** is left out: %v", m.Name, err)
			continue
		}
		l.rivals = append(l.rivals, m)
	}
	return l, l.try(l.gesta)
}

// try opens a store and appends one event.
func (l *lab) try(m rival.Maker) error {
	return l.fresh(func(dir string) error {
		s, err := m.Open(dir, true)
		if err != nil {
			return err
		}
		e := rival.Event{Stream: "a", Version: 1}
		feed.Set(&e, 1)
		err = s.Append(l.ctx, []rival.Event{e})
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
		return err
	})
}

// fresh gives f an empty directory, and removes it.
func (l *lab) fresh(f func(dir string) error) (err error) {
	dir, err := l.newDir()
	if err != nil {
		return err
	}
	defer func() {
		if removeErr := os.RemoveAll(dir); err == nil {
			err = removeErr
		}
	}()
	return f(dir)
}

// newDir makes an empty directory.
func (l *lab) newDir() (string, error) {
	l.dirs++
	dir := filepath.Join(l.dir, fmt.Sprintf("%04d", l.dirs))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", fmt.Errorf("make a directory to measure in: %w", err)
	}
	return dir, nil
}

// runAll runs the workloads that have a row which only matches.
func (l *lab) runAll(only *regexp.Regexp) error {
	picked := slices.DeleteFunc(workloads(), func(w workload) bool {
		return !slices.ContainsFunc(w.specs, func(s report.Spec) bool { return only.MatchString(s.ID) })
	})
	l.share, l.shares = 0, 0
	for _, w := range picked {
		l.shares += w.share
	}
	for _, w := range picked {
		l.current = &w
		l.share += w.share
		l.book.Add(w.specs...)
		for _, s := range w.specs {
			if why, ok := reasons[s.ID]; ok {
				l.book.Note(s.ID, "%s", why)
			}
		}
		if w.alone {
			if err := l.dropRivals(); err != nil {
				return err
			}
		}
		begin, loading := time.Now(), l.loading
		if err := w.run(l); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		l.tell(&w, time.Since(begin), l.loading-loading)
	}
	return nil
}

// tell says how long a workload took.
func (l *lab) tell(w *workload, took, loading time.Duration) {
	kept, all := l.book.Kept(w.name)
	text := fmt.Sprintf("%s: %.1f s", w.name, took.Seconds())
	if loading > 0 {
		text += fmt.Sprintf(", %.1f s of them to load large stores", loading.Seconds())
	}
	l.say("%s; its budget was %.0f s; %d of %d rounds kept", text, (l.scale.total * time.Duration(w.share) / time.Duration(l.shares)).Seconds(), kept, all)
}

// late says whether the rounds of this workload and those before it have used up their budgets. What some did not need is
// there for those that come after them.
func (l *lab) late() bool {
	return time.Since(l.begin)-l.loading > l.scale.total*time.Duration(l.share)/time.Duration(l.shares)
}

// rounds calls f for each round of the workload that runs, after a probe, until enough rounds are kept, or there is no
// more time.
func (l *lab) rounds(f func(r *report.Round, i int) error) error {
	for i := 0; ; i++ {
		kept, all := l.book.Kept(l.current.name)
		switch {
		case kept >= l.scale.rounds, all >= l.scale.tries, all >= l.scale.rounds && l.late():
			return nil
		case all > 0 && time.Since(l.begin) > l.scale.bound:
			l.book.Line("The run had taken %v: from workload %s on there are fewer rounds than were wanted.", l.scale.bound, l.current.name)
			return nil
		}
		r, err := l.beginRound()
		if err != nil {
			return err
		}
		if err := f(r, i); err != nil {
			return err
		}
		if err := l.ctx.Err(); err != nil {
			return err
		}
	}
}

// beginRound probes what the workload that runs leans on, and begins a round.
func (l *lab) beginRound() (*report.Round, error) {
	var took time.Duration
	var err error
	kind := l.current.probe
	switch kind {
	case probe.Disk:
		took, err = probe.WriteSync(l.dir, l.scale.probes)
	case probe.Memory:
		took = probe.ReadMemory()
	case probe.Device:
		took, err = l.coldPread(200)
	case probe.None:
		return l.book.Begin(l.current.name, report.Probe{}), nil
	}
	if err != nil {
		return nil, err
	}
	runtime.GC() // what probe and turns before left behind is not for this round to clean up
	return l.book.Begin(l.current.name, report.Probe{Of: kind.String(), Micros: float64(took.Nanoseconds()) / 1e3}), nil
}

// turn is one subject's part of a round.
type turn struct {
	subject string
	run     func() error
}

// inTurns runs the turns of a round, beginning with another one in each round. An error of a rival ends its part in the row, and is a line
// in the report; one of gesta, or of a limit, ends the run.
func (l *lab) inTurns(round int, turns []turn) error {
	for i := range turns {
		t := turns[(i+round)%len(turns)]
		runtime.GC()
		begin := time.Now()
		err := t.run()
		if l.verbose {
			l.say(". %s: %.1f s", t.subject, time.Since(begin).Seconds())
		}
		if err == nil {
			continue
		}
		if l.ctx.Err() != nil || !l.isRival(t.subject) {
			return fmt.Errorf("%s: %w", t.subject, err)
		}
		l.book.Line("**%s** failed in a turn, which is left out: %v", t.subject, err)
	}
	return nil
}

func (l *lab) isRival(subject string) bool {
	return subject == umaDB || slices.ContainsFunc(l.rivals, func(m rival.Maker) bool { return m.Name == subject })
}

// all returns gesta and the rivals.
func (l *lab) all() []rival.Maker { return append([]rival.Maker{l.gesta}, l.rivals...) }

// dropRivals closes and removes the large stores of the rivals: the workloads that follow are of gesta alone.
func (l *lab) dropRivals() error {
	for name, b := range l.bigs {
		if !l.isRival(name) {
			continue
		}
		delete(l.bigs, name)
		if err := errors.Join(b.close(), os.RemoveAll(b.dir)); err != nil {
			l.book.Line("**%s** did not close its large store: %v", name, err)
		}
	}
	return l.ctx.Err()
}

// close closes what the workloads left open for each other.
func (l *lab) close() error {
	var first error
	for _, b := range l.bigs {
		if err := b.close(); err != nil && first == nil {
			first = fmt.Errorf("close the large store of %s: %w", b.maker.Name, err)
		}
	}
	return first
}

// say tells whoever waits how far the run is.
func (l *lab) say(format string, args ...any) {
	_, _ = fmt.Fprintf(l.progress, "%6.0f s  %s\n", time.Since(l.begin).Seconds(), fmt.Sprintf(format, args...)) // nothing rests on it
}
