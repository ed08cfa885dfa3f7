// Package gesta puts gesta's store on disk beside its rivals.
package gesta

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/gestadb/gesta/bench/internal/machine"
	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// Maker opens gesta with its defaults.
var Maker = rival.Maker{
	Name: "gesta", Open: open, Reopens: true,
	Notes: "Default options. Settled: the process has used no CPU to speak of, and the store has had the same size, for 200 ms. " +
		"A read hands out what the store does: events whose checksums were verified, the id as text.",
}

// Store is gesta's store as a rival.
type Store struct {
	Disk *disk.Store
}

func open(dir string, sync bool) (rival.Store, error) {
	o := disk.Options{}
	if !sync {
		o.Sync = disk.SyncNever
	}
	return Open(dir, o)
}

// Open opens gesta's store with options of its own. It is made in a directory below dir.
func Open(dir string, o disk.Options) (*Store, error) {
	s, err := disk.Open(filepath.Join(dir, "gesta"), o)
	if err != nil {
		return nil, fmt.Errorf("open gesta: %w", err)
	}
	return &Store{Disk: s}, nil
}

// Events makes gesta's events of a commit, each with its id, stream, type and tag.
func Events(commit []rival.Event) []store.Event {
	var f form
	return f.fill(commit).Events
}

// Of returns gesta's own store, which s is.
func Of(s rival.Store) *Store {
	own, ok := s.(*Store)
	if !ok {
		panic(fmt.Sprintf("%T is no store of gesta's", s))
	}
	return own
}

// Append appends the commit with a guard for each stream that it begins to touch.
func (s *Store) Append(ctx context.Context, commit []rival.Event) error {
	f, _ := forms.Get().(*form)
	defer forms.Put(f)
	_, err := s.Disk.Append(ctx, f.fill(commit))
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("%w: %w", rival.ErrConflict, err)
	}
	return err
}

// ReadStream visits the events of one stream.
func (s *Store) ReadStream(ctx context.Context, stream string, visit rival.Visit) error {
	return s.read(ctx, store.Query{{Stream: stream}}, 0, visit)
}

// ReadAll visits every event.
func (s *Store) ReadAll(ctx context.Context, visit rival.Visit) error {
	return s.read(ctx, nil, 0, visit)
}

// ReadTag visits the first events with a tag.
func (s *Store) ReadTag(ctx context.Context, tag string, limit int, visit rival.Visit) error {
	return s.read(ctx, store.Query{{Tags: []string{tag}}}, limit, visit)
}

// read visits the events that a query matches, at most limit of them unless that is 0. What gesta hands out is the
// caller's, so that it is handed on as it is; an id is a UUID's text.
func (s *Store) read(ctx context.Context, q store.Query, limit int, visit rival.Visit) error {
	var e rival.Recorded
	for r, err := range s.Disk.Read(ctx, q, store.ReadOptions{Limit: limit}) {
		if err != nil {
			return err
		}
		if len(r.Tags) != 1 {
			return fmt.Errorf("event %d has %d tags, want one", r.Position, len(r.Tags))
		}
		e = rival.Recorded{
			Position: uint64(r.Position), Version: r.Version, ID: r.ID, Stream: r.Stream, Type: r.Type, Tag: r.Tags[0], Data: r.Data,
		}
		if err := visit(&e); err != nil {
			return err
		}
	}
	return nil
}

// quietFor is how long nothing must happen for a store to be settled.
const quietFor = 200 * time.Millisecond

// Settle waits until no work is done in the background. The store has no call that says so: what is watched is the CPU
// time of the whole process, so nothing else may run in it, and the size of log and index.
func (s *Store) Settle(ctx context.Context) error {
	_, err := s.SettledAt(ctx)
	return err
}

// SettledAt waits as Settle does and returns when the last work was done: the beginning of the quiet that it saw.
func (s *Store) SettledAt(ctx context.Context) (time.Time, error) {
	begin := time.Now()
	cpu, stats, err := s.work(ctx)
	if err != nil {
		return begin, err
	}
	tick := time.NewTicker(quietFor / 8)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return begin, ctx.Err()
		case <-tick.C:
		}
		cpuNow, statsNow, err := s.work(ctx)
		if err != nil {
			return begin, err
		}
		if statsNow != stats || cpuNow-cpu > quietFor/8/10 {
			begin = time.Now()
		} else if time.Since(begin) >= quietFor {
			return begin, nil
		}
		cpu, stats = cpuNow, statsNow
	}
}

// work returns the CPU time of the process, and the figures of the store.
func (s *Store) work(ctx context.Context) (time.Duration, store.Stats, error) {
	cpu, err := machine.CPUTime()
	if err != nil && !errors.Is(err, errors.ErrUnsupported) { // where no system tells, the figures alone must do
		return 0, store.Stats{}, err
	}
	stats, err := s.Disk.Stats(ctx)
	if err != nil {
		return 0, stats, fmt.Errorf("read figures of the store: %w", err)
	}
	stats.ClockBehind = 0 // moves with the clock
	return cpu, stats, nil
}

// Close closes the store.
func (s *Store) Close() error { return s.Disk.Close() }
