package disk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
)

// flusher writes tables that are full to index files, and merges index files, in the background: a goroutine for each, so
// that no table waits for a merge.
type flusher struct {
	w      *writer
	wake   chan struct{} // something to write; has room for one
	added  chan struct{} // something to merge; has room for one
	stop   chan struct{}
	ctx    context.Context // ends merges when the store is closed
	cancel context.CancelFunc

	mu      sync.Mutex
	waiting []*index.Table // guarded by mu; oldest first
	err     error          // guarded by mu; why the oldest could not be written
	changed chan struct{}  // guarded by mu; closed, and replaced, when either changes
}

// add gives the flusher a table that is complete and whose part of the log is written.
func (f *flusher) add(t *index.Table) {
	f.mu.Lock()
	f.waiting = append(f.waiting, t)
	f.mu.Unlock()
	poke(f.wake)
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// await holds back who wants to append while too many tables wait to be written. It returns an error when the oldest
// cannot be. Barriers and erasures do not come here: writing a table may need them.
func (f *flusher) await(ctx context.Context) error {
	for {
		f.mu.Lock()
		n, err, changed := len(f.waiting), f.err, f.changed
		f.mu.Unlock()
		if n < pendingTables {
			return nil
		}
		poke(f.wake)
		if err != nil {
			return fmt.Errorf("the index cannot be written: %w", err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-f.w.s.closed:
			return store.ErrClosed
		}
	}
}

// runFlushes writes tables until the store is closed.
func (f *flusher) runFlushes() {
	defer f.w.ended.Done()
	for {
		select {
		case <-f.stop:
			return
		case <-f.wake:
		}
		f.flushAll()
		poke(f.added)
	}
}

// idleAfter is how long no table has been written when there is time for more merges than what is needed.
const idleAfter = 10 * time.Second

// runMerges merges files until the store is closed.
func (f *flusher) runMerges() {
	defer f.w.ended.Done()
	if f.w.s.opts.NoMerge {
		return
	}
	idle := time.NewTimer(idleAfter)
	defer idle.Stop()
	for {
		merge := f.w.s.index.Merge
		select {
		case <-f.stop:
			return
		case <-f.added:
			idle.Reset(idleAfter)
		case <-idle.C:
			merge = f.w.s.index.MergeIdle
		}
		if err := f.merge(merge); err != nil && f.ctx.Err() == nil {
			f.w.s.opts.Background(fmt.Errorf("merge index files: %w", err))
		}
	}
}

// flushAll writes the tables that wait, oldest first, until one cannot be written.
func (f *flusher) flushAll() {
	for f.ctx.Err() == nil {
		f.mu.Lock()
		var t *index.Table
		if len(f.waiting) > 0 {
			t = f.waiting[0]
		}
		f.mu.Unlock()
		if t == nil {
			return
		}
		err := f.flush(t)
		if err != nil && !errors.Is(err, store.ErrClosed) && f.ctx.Err() == nil {
			f.w.s.opts.Background(fmt.Errorf("write index file: %w", err))
		}
		f.mu.Lock()
		if f.err = err; err == nil {
			f.waiting = f.waiting[1:]
		}
		close(f.changed)
		f.changed = make(chan struct{})
		f.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// flush writes a table and takes it out of the views. A table whose range has an erasure that is not finished waits.
func (f *flusher) flush(t *index.Table) error {
	s := f.w.s
	if err := s.finishErasures(); err != nil {
		return err
	}
	if s.opts.Sync == SyncNever { // no index file may outlive the part of the log that it covers
		if err := s.pass(f.ctx, &barrier{}); err != nil {
			return fmt.Errorf("sync the log: %w", err)
		}
	}
	return s.flushTable(t)
}

// flushTable makes an index file of a table, the oldest one, and shows the file in its place.
func (s *Store) flushTable(t *index.Table) error {
	if err := s.index.Add(t); err != nil {
		return err
	}
	s.showFiles(t)
	return nil
}

// showFiles makes the index files that are there now the current ones, without a table that they cover.
func (s *Store) showFiles(covered *index.Table) {
	s.views.change(s.index, func(tables []*index.Table) []*index.Table {
		return slices.DeleteFunc(tables, func(t *index.Table) bool { return t == covered })
	})
}

// merge joins index files as long as there is something to join, and no new one waits to be looked at first.
func (f *flusher) merge(merge func(context.Context) (bool, error)) error {
	for len(f.added) == 0 {
		merged, err := merge(f.ctx)
		if err != nil || !merged {
			return err
		}
		f.w.s.showFiles(nil)
	}
	return nil
}

var _ store.Store = (*Store)(nil)
