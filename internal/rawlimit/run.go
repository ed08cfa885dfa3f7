package rawlimit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Load is what the writers of a run do. It ends after For or after Commits, whichever comes first; one must be set. Each
// writer makes one commit at the least, unless Commits are fewer.
type Load struct {
	Writers    int // How many goroutines write, from 1; each writes when its last commit was answered.
	Batch      int // Events in a commit, from 1.
	EventBytes int // Bytes of data in an event, from 0, without FrameBytes.

	For     time.Duration // How long to write; 0 is no limit.
	Commits int64         // How many commits to write; 0 is no limit.

	// Fill, unless nil, makes the data of an event before each commit, on the goroutine of the writer. It gives a limit
	// the same work of making events as the store beside it has. Defaults to random bytes, the same for each commit.
	Fill func(writer int, data []byte)

	// Observe, unless nil, is told how long each commit took until it was answered, on the goroutine of the writer.
	Observe func(writer int, took time.Duration)
}

// Result is what a run did.
type Result struct {
	Commits, Events int64
	Elapsed         time.Duration // From the start of the writers to the last answer.
}

// PerSecond returns the events a second.
func (r Result) PerSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Events) / r.Elapsed.Seconds()
}

func (ld *Load) check() error {
	switch {
	case ld.Writers < 1 || ld.Batch < 1 || ld.EventBytes < 0:
		return fmt.Errorf("%d writers of %d events of %d bytes", ld.Writers, ld.Batch, ld.EventBytes)
	case ld.For <= 0 && ld.Commits <= 0:
		return errors.New("a load without an end")
	}
	return nil
}

// queued is how many requests may wait for the committer.
const queued = 4096

// Run writes and returns what was done. Full files are closed and removed when it ends, outside the time that it
// measures. After an error the log must be closed.
func (l *Log) Run(ctx context.Context, ld Load) (Result, error) {
	if err := ld.check(); err != nil {
		return Result{}, err
	}
	running := l.Start()
	begin := now()
	result := ld.write(ctx, running.queue)
	result.Elapsed = now().Sub(begin)
	err := running.Stop()
	if ended := ctx.Err(); ended != nil {
		err = errors.Join(err, fmt.Errorf("measure the limit: %w", ended))
	}
	if err != nil {
		return result, err
	}
	return result, nil
}

// write lets the writers write to their end.
func (ld *Load) write(ctx context.Context, queue chan<- *request) Result {
	var left, commits atomic.Int64
	left.Store(ld.Commits)
	var done atomic.Bool
	if ld.For > 0 {
		end := time.AfterFunc(ld.For, func() { done.Store(true) })
		defer end.Stop()
	}
	var writers sync.WaitGroup
	for i := range ld.Writers {
		writers.Go(func() {
			r := ld.request(i)
			for first := true; (first || !done.Load()) && ctx.Err() == nil; first = false {
				if ld.Commits > 0 && left.Add(-1) < 0 {
					return
				}
				ld.commit(i, r, queue)
				commits.Add(1)
			}
		})
	}
	writers.Wait()
	return Result{Commits: commits.Load(), Events: commits.Load() * int64(ld.Batch)}
}

// request makes what a writer writes again and again.
func (ld *Load) request(writer int) *request {
	data := make([]byte, ld.Batch*ld.EventBytes)
	random := rand.New(rand.NewPCG(uint64(writer), 1))
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return &request{data: data, eventBytes: ld.EventBytes, events: ld.Batch, done: make(chan struct{}, 1)}
}

// commit fills a request, hands it over and waits.
func (ld *Load) commit(writer int, r *request, queue chan<- *request) {
	if ld.Fill != nil {
		for i := range ld.Batch {
			ld.Fill(writer, r.data[i*ld.EventBytes:(i+1)*ld.EventBytes])
		}
	}
	if ld.Observe == nil {
		queue <- r
		<-r.done
		return
	}
	begin := now()
	queue <- r
	<-r.done
	ld.Observe(writer, time.Since(begin)) //nolint:forbidigo // a measurement of real time
}

// now is the clock of the measurements, which are of real time.
func now() time.Time { return time.Now() } //nolint:forbidigo // a limit is measured on the real machine
