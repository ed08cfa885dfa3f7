package disk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// tail is what someone who follows a store has seen.
type tail struct {
	events    []store.Recorded
	truncated int // how often the reader was overtaken by a truncation
}

// tailOf follows a store up to a position, and begins again behind what was truncated away.
func tailOf(ctx context.Context, s *disk.Store, until func() store.Position) (*tail, error) {
	out := &tail{}
	var last store.Position
	for {
		var err error
		for r, e := range s.Read(ctx, nil, store.ReadOptions{After: last, Follow: true}) {
			if err = e; err != nil {
				break
			}
			if r.Position <= last {
				return out, fmt.Errorf("position %d follows %d", r.Position, last)
			}
			if r.Stream == store.ErasureStream {
				r.Data = nil
			}
			last = r.Position
			out.events = append(out.events, r)
			if end := until(); end != 0 && last >= end {
				return out, nil
			}
		}
		truncated, ok := errors.AsType[*store.TruncatedError](err)
		if !ok {
			return out, err
		}
		last = max(last, truncated.First-1)
		out.truncated++
	}
}

// compare holds what was followed against the history: nothing doubled or changed, and missing only what was truncated. What is erased in the end may have
// been seen before that.
func (x *tail) compare(h *history, first store.Position) error {
	was, is := eventsOf(h.commits), eventsOf(after(h.commits))
	seen := map[store.Position]*store.Recorded{}
	for i := range x.events {
		seen[x.events[i].Position] = &x.events[i]
	}
	for i := range is {
		got := seen[is[i].Position]
		delete(seen, is[i].Position)
		switch {
		case got == nil && (x.truncated == 0 || is[i].Position >= first):
			return fmt.Errorf("position %d is missing", is[i].Position)
		case got == nil, reflect.DeepEqual(*got, is[i]):
			continue
		}
		whole := was[i]
		if whole.Stream == store.ErasureStream {
			whole.Data = nil
		}
		if !reflect.DeepEqual(*got, whole) {
			return fmt.Errorf("position %d (-want +got):\n%s", is[i].Position, cmp.Diff(is[i], *got))
		}
	}
	if len(seen) > 0 {
		return fmt.Errorf("%d positions that are not there, among them %v", len(seen), seen)
	}
	return nil
}

// TestCrashReaderFollows has readers beside a writer that rolls, merges, erases, truncates and is closed and opened: they miss nothing, and
// they show nothing that a crash could take back.
func TestCrashReaderFollows(t *testing.T) {
	for seed := range seeds(t, 3) {
		w := newWorld(t, 6000+seed, disk.Options{PollInterval: 200 * time.Microsecond, OpenSegments: 2})
		must(t, w.open())
		must(t, w.send(w.commit()))
		o := w.afterCrash()
		o.FS = w.disk
		reader, err := disk.OpenReader(dir, o)
		must(t, err)
		c := &crasher{w: w, seed: seed, rnd: rand.New(rand.NewPCG(seed, 20)), oneIn: 40}
		w.onOp(func(op vfs.Op) error { return c.shown(reader, op) })

		var mu sync.Mutex
		var end store.Position
		done := make(chan error, 1)
		var got *tail
		go func() {
			var err error
			got, err = tailOf(t.Context(), reader, func() store.Position {
				mu.Lock()
				defer mu.Unlock()
				return end
			})
			done <- err
		}()
		for range 80 {
			must(t, w.step())
		}
		mu.Lock()
		end = w.h.head + 1
		mu.Unlock()
		must(t, w.send(store.Commit{Events: []store.Event{{Type: "Last"}}}))
		must(t, <-done)
		if err := got.compare(w.h, w.p.first); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		must(t, c.failure())
		v := view{s: reader, all: w.h.commits, left: from(after(w.h.commits), w.p.first), first: w.p.first}
		rnd := rand.New(rand.NewPCG(seed, 21)) // c.rnd belongs to the hook, and a merge may still call it
		for _, compare := range []func(choice) error{v.queries, v.streams, v.types, v.ids} {
			if err := compare(rnd); err != nil {
				t.Errorf("seed %d: the reader: %v", seed, err)
			}
		}
		must(t, reader.Close())
		must(t, w.close())
	}
}

// shown is a hook: what a reader shows now is there when the machine stops now.
func (c *crasher) shown(reader *disk.Store, op vfs.Op) error {
	if !op.Kind.Changes() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil || !pick(c.rnd, c.oneIn) {
		return nil
	}
	head, err := reader.Head(context.Background())
	c.w.mu.Lock()
	img, p := c.w.disk.CrashWorst(), c.w.promised()
	c.w.mu.Unlock()
	for p.kept < len(p.commits) && len(p.commits[p.kept].Events) > 0 && p.commits[p.kept].Events[0].Position <= head {
		p.kept++
	}
	if err == nil {
		_, err = p.verify(img, c.w.afterCrash(), c.rnd)
	}
	if err != nil {
		c.failed = fmt.Errorf("seed %d, before %+v: %w", c.seed, op, err)
	}
	return nil
}
