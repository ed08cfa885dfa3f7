package feed

import (
	"fmt"

	"github.com/gestadb/gesta/bench/rival"
)

// LongEvents is how many events a long stream has, LongBatch how many of them a commit.
const (
	LongEvents = 1000
	LongBatch  = 100
)

// Plan says which events are loaded, and in which order. Short streams get one event in each of PerStream passes, and
// each pass goes through them in another order, so that the events of a stream lie as far apart as they can. Each
// writer has streams of its own, so that no guard fails. Long streams are written in commits of LongBatch between these.
type Plan struct {
	Streams   int // short ones
	PerStream int // events in each of them
	Batch     int // events in a commit, in as many streams
	Writers   int
	Long      int // long streams of LongEvents each
}

// Events returns how many events the plan has.
func (p *Plan) Events() int64 {
	return int64(p.Streams)*int64(p.PerStream) + int64(p.Long)*LongEvents
}

// Stream returns the name of a short stream by its number, LongStream that of a long one.
func (p *Plan) Stream(i int) string { return fmt.Sprintf("order-%07d", i) }

// LongStream returns the name of a long stream by its number.
func (p *Plan) LongStream(i int) string { return fmt.Sprintf("account-%05d", i) }

// Cursor yields the commits of one writer.
type Cursor struct {
	p      *Plan
	writer int
	own    uint64 // how many short streams the writer has

	pass, at    uint64 // of the next short event
	long, batch int    // the next commit of a long stream: which of the writer's, and which of its commits
	every       int    // how many commits to short streams for each to a long one
	made        int    // commits made

	commit []rival.Event
	free   []rival.Event // as long as a commit can be
}

// Writer begins with the commits of a writer, from 0 up to Writers.
func (p *Plan) Writer(writer int) *Cursor {
	c := &Cursor{p: p, writer: writer, own: share(p.Streams, p.Writers, writer), free: make([]rival.Event, max(p.Batch, LongBatch))}
	short := int(c.own) * p.PerStream / p.Batch
	if long := int(share(p.Long, p.Writers, writer)) * (LongEvents / LongBatch); long > 0 {
		c.every = max(short/long, 1)
	}
	return c
}

// share returns how many of n things a writer has: those whose number has the writer's as its rest.
func share(n, writers, writer int) uint64 { return uint64((n - writer + writers - 1) / writers) }

// Next makes the next commit; false is the end.
func (c *Cursor) Next() bool {
	c.made++
	switch {
	case c.long*c.p.Writers+c.writer < c.p.Long && (c.shortDone() || c.made%(c.every+1) == 0):
		c.nextLong()
	case c.shortDone():
		return false
	default:
		c.nextShort()
	}
	return true
}

// Commit returns the commit that Next made. It is valid until the next one.
func (c *Cursor) Commit() []rival.Event { return c.commit }

func (c *Cursor) shortDone() bool { return c.own == 0 || c.pass >= uint64(c.p.PerStream) }

// strides are primes far above the number of streams of any writer: multiples of one visit each stream once.
var strides = [...]uint64{2654435761, 2147483647, 3221225473, 4294967291, 2860486313, 3367900313, 4093082899, 2971215073, 3628273133, 2425967623}

// nextShort ends a commit with the pass, so that it has no stream twice.
func (c *Cursor) nextShort() {
	n := int(min(uint64(c.p.Batch), c.own-c.at))
	c.commit = c.free[:n]
	for i := range c.commit {
		stride := strides[c.pass%uint64(len(strides))]
		k := (c.at*(stride%c.own) + c.pass*7919) % c.own
		stream := k*uint64(c.p.Writers) + uint64(c.writer)
		e := &c.commit[i]
		e.Stream, e.Version = shortName(stream), c.pass+1
		Set(e, stream*uint64(c.p.PerStream)+c.pass)
		c.at++
	}
	if c.at == c.own {
		c.pass, c.at = c.pass+1, 0
	}
}

// nextLong goes through the long streams of the writer, one commit each, ten times: so their commits lie apart too.
func (c *Cursor) nextLong() {
	stream := c.long*c.p.Writers + c.writer
	c.commit = c.free[:LongBatch]
	for i := range c.commit {
		e := &c.commit[i]
		version := c.batch*LongBatch + i
		e.Stream, e.Version = c.p.LongStream(stream), uint64(version)+1
		Set(e, 1<<40+uint64(stream)*LongEvents+uint64(version))
	}
	c.long++
	if c.long*c.p.Writers+c.writer >= c.p.Long && c.batch < LongEvents/LongBatch-1 {
		c.long, c.batch = 0, c.batch+1
	}
}

// shortName is Stream without the cost of fmt.
func shortName(i uint64) string {
	b := [...]byte{'o', 'r', 'd', 'e', 'r', '-', '0', '0', '0', '0', '0', '0', '0'}
	digits(b[6:], i)
	return string(b[:])
}
