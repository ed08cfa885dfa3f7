package disk

import (
	"fmt"
	"path"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// committer takes requests in the order of the queue and decides. It is one goroutine; its fields are its own.
type committer struct {
	w    *writer
	pos  store.Position // the last position given
	time int64          // RecordedAt of the last commit
	next index.Place    // where the next frame goes

	tables []*index.Table // the current ones, oldest first, as of the request that is being decided
	logged int64          // bytes of the log that the newest table covers
	events int            // in the newest table
	handed int64          // groups given to the syncer's goroutine
	others yielder
}

// run makes groups until the queue is closed.
func (c *committer) run() {
	defer c.w.ended.Done()
	defer close(c.w.groups)
	var left *request // taken from the queue, but too much for the group before
	for {
		r := left
		left = nil
		if r == nil {
			var ok bool
			if r, ok = <-c.w.queue; !ok {
				return
			}
		}
		g := c.begin(r)
		if g == nil {
			continue
		}
		c.linger(g)
		if c.alone(g) {
			c.w.y.group(g)
			continue
		}
		var sent bool
		if left, sent = c.fill(g); !sent {
			c.w.groups <- g
		}
		c.handed++
	}
}

// maxLinger is how many requests make a group that is worth its sync whoever else comes.
const maxLinger = 128

// linger lets those run who were answered a moment ago, before a group goes to a syncer that is free: they are about to send their next
// commits, which would have to wait for another sync if the group went without them. It waits for nobody who does not run, nor while the processors
// have much else to do. The syncer does the same between two groups.
func (c *committer) linger(g *group) {
	const yields = 3
	for range yields {
		if n := len(g.members) + len(c.w.queue); n >= int(c.w.crowd.Load()) || n >= maxLinger {
			return
		}
		if !c.others.yield() {
			return
		}
	}
}

// alone says whether a group is better made durable on the committer's own goroutine, as the syncer: it is that of the one writer that there
// seems to be, who waits for it, and the syncer has nothing to do.
func (c *committer) alone(g *group) bool {
	return len(g.members) == 1 && len(c.w.queue) == 0 && c.w.crowd.Load() <= 1 && c.w.y.done.Load() == c.handed
}

// fill adds requests to a group until the syncer takes it, the queue ends, or the next one does not go with it. It says which
// one that was, and whether the syncer has the group.
func (c *committer) fill(g *group) (left *request, sent bool) {
	for {
		var r *request
		var ok bool
		select {
		case r, ok = <-c.w.queue:
		default:
			select {
			case r, ok = <-c.w.queue:
			case c.w.groups <- g:
				return nil, true
			}
		}
		if !ok {
			return nil, false
		}
		if !c.fits(g, r) {
			return r, false
		}
		c.decide(g, r)
	}
}

// fits says whether a request may go into a group that has been begun.
func (c *committer) fits(g *group, r *request) bool {
	size := r.frameSize()
	return r.barrier == nil && !g.force && len(g.buf)+size <= c.w.s.opts.GroupBytes &&
		!c.full(size) && !c.tableFull() && len(g.members) < maxMembers
}

// maxMembers bounds the requests of a group that write nothing.
const maxMembers = 1 << 14

// full says whether a frame does not go into the active segment any more. The first frame always goes.
func (c *committer) full(size int) bool {
	off := int64(c.next.Offset())
	return size > 0 && off+int64(size) > c.w.s.opts.SegmentBytes && off > firstFrame
}

// firstFrame is where the frames of a segment that was rolled to, or recovered, may begin: after the header and perhaps an empty frame.
const firstFrame = segment.HeaderSize + segment.FrameHeaderSize

// begin makes a group with its first request. It returns nil when that was refused because there is no place to write.
func (c *committer) begin(r *request) *group {
	if err := c.w.failure(); err != nil {
		c.refuse(r, err)
		return nil
	}
	if err := r.ctx.Err(); err != nil {
		c.refuse(r, err)
		return nil
	}
	g := c.w.spareGroup()
	freeze := c.tableFull()
	if r.barrier != nil && r.barrier.roll || c.full(r.frameSize()) {
		if err := c.roll(g); err != nil {
			c.refuse(r, err)
			return nil
		}
	}
	if freeze {
		c.newTable(g)
	}
	g.at = c.next
	c.tables = c.w.s.views.tables()
	g.table = c.tables[len(c.tables)-1]
	c.decide(g, r)
	return g
}

// refuse answers a request for which there is no group.
func (c *committer) refuse(r *request, err error) {
	o := outcome{err: err}
	c.note(r, &o)
	c.w.answer(r, o)
}

// note remembers that a restored commit was refused.
func (c *committer) note(r *request, o *outcome) {
	if r.restored != nil && (o.err != nil || o.duplicate != 0 || len(o.failed) > 0) {
		r.restored.run.refused = true
	}
}

// spareGroup returns an empty group.
func (w *writer) spareGroup() *group {
	select {
	case g := <-w.spare:
		return g
	default:
		return &group{}
	}
}

// roll makes the file of the next segment. What it returns refuses the request that needed it.
func (c *committer) roll(g *group) error {
	s := c.w.s
	number := c.next.Segment() + 1
	name := path.Join(s.dir, segmentName(number))
	f, err := s.fs.Create(name)
	if err != nil {
		return fmt.Errorf("make the next segment: %w", err)
	}
	if err := s.fs.SyncDir(path.Join(s.dir, logDir)); err != nil {
		_ = f.Close()         // the error of the sync is the one that matters
		_ = s.fs.Remove(name) // so is it here; the next try makes the file anew
		return fmt.Errorf("make the next segment: %w", err)
	}
	g.roll = &newSegment{number: number, file: f}
	c.next = index.MakePlace(number, segment.HeaderSize)
	return nil
}

// tableFull says whether the newest table covers as much of the log as it may.
func (c *committer) tableFull() bool {
	const maxEvents = 1 << 18
	return c.events > 0 && (c.logged >= c.w.s.opts.IndexBytes || c.events >= maxEvents)
}

// newTable begins a table with the group.
func (c *committer) newTable(g *group) {
	start := index.End{Position: c.pos, Next: c.next, RecordedAt: c.time}
	c.w.s.views.change(nil, func(tables []*index.Table) []*index.Table {
		g.freeze = tables[len(tables)-1].Next(start)
		return append(tables, g.freeze)
	})
	c.logged, c.events = 0, 0
}

// decide judges a request at its place in the order of things and, if it is accepted, gives its events their
// positions, versions and time and adds its frame to the group.
func (c *committer) decide(g *group, r *request) {
	o := outcome{at: c.pos}
	switch {
	case r.ctx.Err() != nil:
		o.err = r.ctx.Err()
	case r.restored != nil && r.restored.run.refused:
		o.err = &store.InvalidError{Problem: "a commit before it was refused"}
	case r.barrier != nil:
		g.force = true
	default:
		c.judge(r, &o)
		if o.err == nil && o.duplicate == 0 && len(o.failed) == 0 {
			c.accept(g, r, &o)
		}
	}
	c.note(r, &o)
	g.pos, g.time = c.pos, c.time
	g.members = append(g.members, member{r, o})
}
