package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gestadb/gesta/store"
)

// benchType is the type of the events that a measurement appends.
const benchType = "BenchWrote"

// readLimit is how many events of a stream a reader reads at the most.
const readLimit = 100

// load is what writers and readers do to a store. Between two runs it may be read.
type load struct {
	store   store.Store
	c       *benchConfig
	streams []benchStream

	commits, refused    atomic.Int64
	reads, readEvents   atomic.Int64
	writing, reading    *latencies
	writeTime, readTime time.Duration
}

// benchStream is a stream with what a writer has to know for its guard. Each has one writer, or several where there are fewer
// streams than writers: then guards fail, as they do in life.
type benchStream struct {
	name    string
	version atomic.Uint64 // that the next writer expects
	last    atomic.Uint64 // the last position known to have an event of this stream
}

// newLoad names streams that the store does not have.
func newLoad(ctx context.Context, s store.Store, c *benchConfig) (*load, error) {
	head, err := s.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("read head: %w", err)
	}
	l := &load{store: s, c: c, streams: make([]benchStream, c.Streams), writing: newLatencies(), reading: newLatencies()}
	for i := range l.streams {
		l.streams[i].name = fmt.Sprintf("bench-%d-%d", head, i)
		l.streams[i].last.Store(uint64(head))
	}
	return l, nil
}

// run appends and reads for a while. It returns the first error that is no refusal.
func (l *load) run(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var done atomic.Bool
	end := time.AfterFunc(d, func() { done.Store(true) })
	defer end.Stop()
	var writers, readers sync.WaitGroup
	begin := time.Now()
	for i := range l.c.Writers {
		writers.Go(func() {
			if err := l.write(ctx, i, &done); err != nil {
				cancel(fmt.Errorf("append: %w", err))
			}
		})
	}
	for i := range l.c.Readers {
		readers.Go(func() {
			if err := l.read(ctx, i, &done); err != nil {
				cancel(fmt.Errorf("read: %w", err))
			}
		})
	}
	writers.Wait()
	l.writeTime += time.Since(begin)
	readers.Wait()
	l.readTime += time.Since(begin)
	return context.Cause(ctx)
}

// write appends commits until done, each when the one before it has been answered, and one at the least.
func (l *load) write(ctx context.Context, writer int, done *atomic.Bool) error {
	random := rand.New(rand.NewPCG(uint64(writer), uint64(l.commits.Load())))
	data := make([]byte, l.c.EventBytes)
	fill(data, random) // once: making data up is no work of the store
	events := make([]store.Event, l.c.Batch)
	mine := (len(l.streams) - 1 - writer%len(l.streams)) / l.c.Writers // how many more streams this writer has
	for first := true; (first || !done.Load()) && ctx.Err() == nil; first = false {
		stream := &l.streams[(writer+l.c.Writers*random.IntN(mine+1))%len(l.streams)]
		c := l.commit(stream, events, data)
		begin := time.Now()
		result, err := l.store.Append(ctx, c)
		took := time.Since(begin)
		var conflict *store.ConflictError
		switch {
		case errors.As(err, &conflict):
			l.refused.Add(1)
			stream.learn(conflict)
		case err != nil:
			return err
		default:
			l.commits.Add(1)
			l.writing.record(writer, took)
			stream.version.Store(result.Version(stream.name))
			stream.last.Store(uint64(result.Last))
		}
	}
	return nil
}

// commit makes the next commit to a stream in events, which is used again.
func (l *load) commit(stream *benchStream, events []store.Event, data []byte) store.Commit {
	e := store.Event{Stream: stream.name, Type: benchType, Data: data}
	c := store.Commit{Events: events}
	switch l.c.Guard {
	case guardStream:
		c.Guards = []store.Guard{store.StreamAt{Stream: stream.name, Version: stream.version.Load()}}
	case guardDCB:
		e.Tags = []string{"bench:" + stream.name}
		query := store.Query{{Types: []string{benchType}, Tags: e.Tags}}
		c.Guards = []store.Guard{store.NoneMatch{Query: query, After: store.Position(stream.last.Load())}}
	}
	for i := range events {
		events[i] = e
	}
	return c
}

// learn takes over what a refusal says of the stream.
func (b *benchStream) learn(conflict *store.ConflictError) {
	for i := range conflict.Failed {
		f := &conflict.Failed[i]
		if _, ok := f.Guard.(store.StreamAt); ok {
			b.version.Store(f.ActualVersion)
		}
		if n := len(f.Events); n > 0 {
			b.last.Store(uint64(f.Events[n-1].Position))
		}
	}
}

// fill makes data a JSON text of random letters; one of less than two bytes is a digit.
func fill(data []byte, random *rand.Rand) {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	for i := 0; i < len(data); {
		for bits := random.Uint64(); i < len(data) && bits > 0; i++ {
			data[i] = letters[bits&63]
			bits >>= 6
		}
	}
	switch n := len(data); {
	case n == 1:
		data[0] = '1'
	case n > 1:
		data[0], data[n-1] = '"', '"'
	}
}

// read reads streams until done, and one at the least.
func (l *load) read(ctx context.Context, reader int, done *atomic.Bool) error {
	random := rand.New(rand.NewPCG(uint64(reader), 1))
	for first := true; (first || !done.Load()) && ctx.Err() == nil; first = false {
		stream := &l.streams[random.IntN(len(l.streams))]
		begin := time.Now()
		for _, err := range l.store.Read(ctx, store.Query{{Stream: stream.name}}, store.ReadOptions{Limit: readLimit}) {
			if err != nil {
				return err
			}
			l.readEvents.Add(1)
		}
		l.reads.Add(1)
		l.reading.record(reader, time.Since(begin))
	}
	return nil
}

func (l *load) appended() benchAppend {
	commits := l.commits.Load()
	events := commits * int64(l.c.Batch)
	return benchAppend{
		Commits: commits, Events: events, Errors: l.refused.Load(), Seconds: seconds(l.writeTime),
		EventsPerSecond: perSecond(events, l.writeTime), LatencyUs: l.writing.percentiles(),
	}
}

func (l *load) readDone() benchRead {
	if l.c.Readers == 0 {
		return benchRead{}
	}
	events := l.readEvents.Load()
	return benchRead{
		Reads: l.reads.Load(), Events: events, Seconds: seconds(l.readTime),
		EventsPerSecond: perSecond(events, l.readTime), LatencyUs: l.reading.percentiles(),
	}
}
