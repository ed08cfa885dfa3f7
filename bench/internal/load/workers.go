package load

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/bench/internal/machine"
)

// worker makes one request after the other.
type worker struct {
	once func(ctx context.Context) error

	done  atomic.Int64
	slow  []time.Duration // how long each request took that was counted
	_     [64]byte        // a cache line of its own
	count *atomic.Bool
}

// work runs the workers, and counts what they do once they are warm.
func work(ctx context.Context, o *Order, requests []func(ctx context.Context) error) (Answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var counting, ended atomic.Bool
	workers := make([]*worker, len(requests))
	var running sync.WaitGroup
	for i, once := range requests {
		w := &worker{once: once, count: &counting}
		workers[i] = w
		running.Go(func() {
			if err := w.run(ctx, &ended); err != nil {
				cancel(err)
			}
		})
	}
	sum := func() (n int64) {
		for _, w := range workers {
			n += w.done.Load()
		}
		return n
	}
	wait(ctx, o.Warm)
	o.For = max(o.For, time.Millisecond)
	counting.Store(true)
	begin, before, cpu := time.Now(), sum(), processor(o.Pid)
	for more := true; more; more = sum() == before && ctx.Err() == nil { // a slow server gets the time for one
		wait(ctx, o.For)
	}
	a := Answer{Done: sum() - before, Took: time.Since(begin), Server: processor(o.Pid) - cpu}
	ended.Store(true)
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		return Answer{}, fmt.Errorf("%s at %s: %w", o.Work, o.Target, err)
	}
	var all []time.Duration
	for _, w := range workers {
		all = append(all, w.slow...)
	}
	a.P50, a.P99 = quantile(all, 0.5), quantile(all, 0.99)
	return a, nil
}

// run makes requests until ended, at least one.
func (w *worker) run(ctx context.Context, ended *atomic.Bool) error {
	for first := true; first || !ended.Load(); first = false {
		begin := time.Now()
		if err := w.once(ctx); err != nil {
			return err
		}
		w.done.Add(1)
		if w.count.Load() {
			w.slow = append(w.slow, time.Since(begin))
		}
	}
	return nil
}

// wait waits, or until ctx is done.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// processor returns the processor time of a process; 0 where the system does not tell.
func processor(pid int) time.Duration {
	d, err := machine.ProcessorOf(pid)
	if err != nil {
		return 0
	}
	return d
}

// quantile returns the value below which a part lies; it sorts.
func quantile(all []time.Duration, part float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(int(float64(len(all))*part), len(all)-1)]
}
