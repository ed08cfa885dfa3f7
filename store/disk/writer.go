package disk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/vfs"
)

const (
	queueRequests = 1 << 10   // requests that wait for the committer
	queueBytes    = 256 << 20 // of frames that wait or are being written

	// pendingTables is how many tables wait to be written, or are being written, before appends are held back. With the defaults a table
	// takes about 40 MiB when it is full, and beside these there is the one that commits go to.
	pendingTables = 3
)

// writer is what a store that is open for writing has: the committer and the syncer, the goroutine that writes index
// files, and what passes between them.
//
// Each group goes from the committer to the syncer through groups, which has no buffer: the committer fills a group
// until the syncer is free. With one writer alone the committer does the syncer's work for a group, while the syncer has none: that spares a
// change of goroutines. What was decided is answered by the syncer, in the order of the queue; what could not be
// decided, by the committer.
type writer struct {
	s      *Store
	budget *semaphore.Weighted // of queueBytes

	requests requests // memory for the next ones
	queue    chan *request
	groups   chan *group
	spare    chan *group    // answered ones, to be used again
	ended    sync.WaitGroup // committer, syncer, and the two of the flusher

	c committer
	y syncer
	f flusher

	crowd atomic.Int32 // how many requests were answered at once the last time, or waited by then

	failed  atomic.Pointer[failedError] // set once, by the syncer
	erasing sync.Mutex                  // held by who makes copies of segments or drops them; taken before any other lock

	headsUnsure bool // guarded by erasing: the heads file on the disk may be newer than the one in use, as writing it failed
}

// failedError is [store.ErrFailed] with its cause.
type failedError struct{ cause error }

func (e *failedError) Error() string { return store.ErrFailed.Error() + ": " + e.cause.Error() }

// Is matches [store.ErrFailed].
func (e *failedError) Is(target error) bool { return target == store.ErrFailed }

// Unwrap returns the cause.
func (e *failedError) Unwrap() error { return e.cause }

// start begins to take commits at the end of the log, in the active segment.
func (s *Store) start(end index.End, active vfs.File, headFile vfs.File, durable index.Place, table *index.Table, logged int64) {
	w := &writer{
		s:        s,
		requests: requests{seed: s.man.seed},
		budget:   semaphore.NewWeighted(queueBytes),
		queue:    make(chan *request, queueRequests),
		groups:   make(chan *group),
		spare:    make(chan *group, 2),
	}
	w.c = committer{w: w, pos: end.Position, time: end.RecordedAt, next: end.Next, logged: logged, events: table.Len(), others: newYielder()}
	w.y = syncer{w: w, end: end, durable: durable, file: active, head: headFile, table: table, clean: true, others: newYielder()}
	w.y.fill = fill{limit: s.opts.SegmentBytes, end: int64(end.Next.Offset())}
	ctx, cancel := context.WithCancel(context.Background())
	w.f = flusher{
		w: w, wake: make(chan struct{}, 1), added: make(chan struct{}, 1), stop: make(chan struct{}),
		changed: make(chan struct{}), ctx: ctx, cancel: cancel,
	}
	s.w = w
	w.ended.Add(4)
	go w.c.run()
	go w.y.run()
	go w.f.runFlushes()
	go w.f.runMerges()
}

// put puts a request into the queue; it waits while that is full.
func (w *writer) put(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case w.queue <- r:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failure returns why the log takes no more, nil while it does.
func (w *writer) failure() error {
	if f := w.failed.Load(); f != nil {
		return f
	}
	return nil
}

// fail ends appends for good.
func (w *writer) fail(cause error) { w.failed.CompareAndSwap(nil, &failedError{cause}) }

// answer gives a request its outcome, and what it held back.
func (w *writer) answer(r *request, o outcome) {
	w.s.forgetFacts(r)
	w.budget.Release(r.weight())
	r.done <- o
}

// close lets what is queued be written, then writes that all is durable.
func (w *writer) close() error {
	close(w.queue)
	close(w.f.stop)
	w.f.cancel()
	w.ended.Wait()
	err := w.y.file.Close()
	if w.y.head != nil {
		err = errors.Join(err, w.y.head.Close())
	}
	if failure := w.failure(); failure != nil {
		return failure
	}
	if err != nil {
		return fmt.Errorf("close log: %w", err)
	}
	return nil
}
