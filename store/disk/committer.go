package disk

import (
	"fmt"
	"path"
	"slices"
	"time"

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
		var sent bool
		if left, sent = c.fill(g); !sent {
			c.w.groups <- g
		}
	}
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
	g.freeze = index.NewTable(c.w.s.man.seed, start)
	c.w.s.views.change(nil, func(tables []*index.Table) []*index.Table { return append(tables, g.freeze) })
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

// judge puts what is wrong with a request into its outcome: a known key comes before guards, guards before tracking.
func (c *committer) judge(r *request, o *outcome) {
	if o.err = c.refresh(r); o.err != nil {
		return
	}
	if r.key != "" {
		if o.duplicate = c.keyFirst(r); o.duplicate != 0 {
			return
		}
	}
	for i := range r.streams {
		if v, ok := c.streamVersion(r, r.streams[i].name); ok {
			r.streams[i].version = v
		}
	}
	if o.err = c.judgeGuards(r, o); o.err != nil || len(o.failed) > 0 {
		return
	}
	if r.tracking != nil {
		if last := c.tracked(r); r.tracking.Position <= last {
			o.err = &store.TrackingError{Tracking: *r.tracking, Last: last}
			return
		}
	}
	if r.restored != nil {
		o.err = c.continues(r)
	}
}

// refresh makes sure that what the request was told of the index files and the tables that are there now leave no gap:
// where it waited so long that a table was begun and written meanwhile, it is looked up again.
func (c *committer) refresh(r *request) error {
	old := r.facts.view.tables
	if len(old) > 0 && slices.Contains(c.tables, old[len(old)-1]) {
		return nil
	}
	c.w.s.forgetFacts(r)
	if err := c.w.s.lookUp(r); err != nil {
		return err
	}
	return nil
}

// each yields the tables that the request's view of the files does not cover, newest first.
func (c *committer) each(r *request) func(yield func(*index.Table) bool) {
	return func(yield func(*index.Table) bool) {
		for _, t := range slices.Backward(c.tables) {
			if !yield(t) {
				return
			}
		}
		for _, t := range slices.Backward(r.facts.view.tables) {
			if !slices.Contains(c.tables, t) && !yield(t) {
				return
			}
		}
	}
}

func (c *committer) keyFirst(r *request) store.Position {
	for t := range c.each(r) {
		if p, ok := t.Key(r.key); ok {
			if p < c.w.s.first() {
				return 0
			}
			return p
		}
	}
	if r.facts.keyFirst < c.w.s.first() { // truncated since
		return 0
	}
	return r.facts.keyFirst
}

func (c *committer) streamVersion(r *request, name string) (uint64, bool) {
	for t := range c.each(r) {
		if v, _, ok := t.Stream(name); ok {
			return v, true
		}
	}
	return 0, false
}

func (c *committer) tracked(r *request) uint64 {
	for t := range c.each(r) {
		if p, ok := t.Tracking(r.tracking.Source); ok {
			return p
		}
	}
	return r.facts.tracked
}

func (c *committer) judgeGuards(r *request, o *outcome) error {
	for i, g := range r.guards {
		failed := failedGuard{guard: g}
		switch g := g.(type) {
		case store.StreamAt:
			failed.actual = r.streams[r.streamIndex(g.Stream)].version
			if failed.actual == g.Version {
				continue
			}
		case store.StreamExists:
			if r.streams[r.streamIndex(g.Stream)].version != 0 {
				continue
			}
		case store.NoneMatch:
			if first := c.w.s.first(); g.After < first-1 {
				return &store.TruncatedError{First: first}
			}
			if r.facts.matched[i] == 0 && !c.matches(r, g) {
				continue
			}
		}
		o.failed = append(o.failed, failed)
	}
	return nil
}

// matches says whether an event that the request's look-up did not see matches: one above the head of that moment, up to the last
// one decided.
func (c *committer) matches(r *request, g store.NoneMatch) bool {
	after := max(g.After, r.facts.head)
	if after >= c.pos {
		return false
	}
	for t := range c.each(r) {
		if _, ok := t.AnyMatch(g.Query, after, c.pos); ok {
			return true
		}
	}
	return false
}

// accept gives a request its place.
func (c *committer) accept(g *group, r *request, o *outcome) {
	if r.commit == nil {
		return
	}
	if o.err = c.room(r); o.err != nil {
		return
	}
	first, now := c.place(r)
	for i := range r.entries {
		e := &r.entries[i]
		e.Position = first + store.Position(i)
		e.Place = c.next + index.Place(r.commit.RecordOffset(i))
		e.RecordedAt = now
		if j := r.entryOf[i]; j >= 0 {
			r.streams[j].version = c.nextVersion(r, i, r.streams[j].version)
			e.Version = r.streams[j].version
			r.commit.SetVersion(i, e.Version)
		}
	}
	c.append(g, r, first, now)
	for i := range r.entries {
		c.w.s.erasures.note(&r.entries[i])
		g.table.Add(&r.entries[i])
	}
	if r.tracking != nil {
		g.table.AddTracking(r.tracking.Source, r.tracking.Position, c.next)
	}
	c.events += len(r.entries)
	c.next += index.Place(r.commit.FrameSize())
	c.logged += int64(r.commit.FrameSize())
	if len(r.entries) > 0 {
		c.pos = first + store.Position(len(r.entries)) - 1
	}
	c.time = now
	o.res = r.result(now)
}

// room returns a [*store.TooLargeError] when positions or versions would pass [store.MaxPosition].
func (c *committer) room(r *request) error {
	n := uint64(len(r.entries))
	if r.restored != nil { // its positions and versions have been compared with the limit
		return nil
	}
	if end := uint64(c.pos) + n; end > uint64(store.MaxPosition) {
		return &store.TooLargeError{What: "store", Unit: "positions", Got: int(end), Max: int(store.MaxPosition)}
	}
	for j := range r.streams {
		f := &r.streams[j]
		if f.version+n <= uint64(store.MaxPosition) {
			continue
		}
		end := f.version
		for _, of := range r.entryOf {
			if of == j {
				end++
			}
		}
		if end > uint64(store.MaxPosition) {
			return &store.TooLargeError{What: "stream", Unit: "versions", Got: int(end), Max: int(store.MaxPosition)}
		}
	}
	return nil
}

// place returns the first position and the time of the request's commit.
func (c *committer) place(r *request) (store.Position, int64) {
	if r.restored != nil {
		return r.restored.first, r.restored.time
	}
	first := c.pos + 1
	if len(r.entries) == 0 {
		first = c.pos
	}
	return first, max(segment.Micros(c.w.s.opts.Clock()), c.time)
}

func (c *committer) nextVersion(r *request, i int, last uint64) uint64 {
	if r.restored != nil {
		return r.restored.versions[i]
	}
	return last + 1
}

// append adds the request's frame to the group.
func (c *committer) append(g *group, r *request, first store.Position, now int64) {
	h := segment.FrameHeader{
		BodyLen: uint32(len(r.commit.Body)), First: first, Events: uint32(len(r.entries)),
		Flags: r.commit.Flags, RecordedAt: now, BodySum: r.commit.Finish(),
	}
	at := len(g.buf)
	g.buf = slices.Grow(g.buf, h.Size())[:at+h.Size()]
	clear(g.buf[at : at+segment.FrameHeaderSize])
	n := copy(g.buf[at+segment.FrameHeaderSize:], r.commit.Body)
	clear(g.buf[at+segment.FrameHeaderSize+n:])
	g.frames = append(g.frames, frame{at, h})
}

// result returns what Append returns for an accepted request.
func (r *request) result(now int64) store.Result {
	res := store.Result{RecordedAt: fromMicros(now)}
	if len(r.entries) == 0 {
		return res
	}
	res.First, res.Last = r.entries[0].Position, r.entries[len(r.entries)-1].Position
	res.Versions = make([]store.StreamVersion, 0, len(r.streams))
	seen := make([]bool, len(r.streams))
	for _, j := range r.entryOf {
		if j >= 0 && !seen[j] {
			seen[j] = true
			res.Versions = append(res.Versions, store.StreamVersion{Stream: r.streams[j].name, Version: r.streams[j].version})
		}
	}
	return res
}

// continues says whether a restored commit continues what is there.
func (c *committer) continues(r *request) error {
	rs := r.restored
	if len(r.entries) == 0 && rs.first != c.pos {
		return &store.InvalidError{Problem: fmt.Sprintf("a commit without events comes after position %d, the head is %d", rs.first, c.pos)}
	}
	if len(r.entries) > 0 && rs.first <= c.pos {
		return &store.InvalidError{Problem: fmt.Sprintf("position %d is not above the head, %d", rs.first, c.pos)}
	}
	if rs.time < c.time {
		return &store.InvalidError{Problem: fmt.Sprintf("the commit at position %d was recorded at %s, before the last one here", rs.first, fromMicros(rs.time).Format(time.RFC3339Nano))}
	}
	last := make(map[int]uint64, len(r.streams))
	for i := range r.entries {
		j := r.entryOf[i]
		if j < 0 {
			continue
		}
		have, ok := last[j]
		if !ok {
			have = r.streams[j].version
		}
		if v := rs.versions[i]; v != have+1 && have != 0 || v == 0 || v > uint64(store.MaxPosition) {
			return &store.InvalidError{Problem: fmt.Sprintf("position %d has version %d of stream %q, which is at %d", rs.first+store.Position(i), v, r.streams[j].name, have)}
		}
		last[j] = rs.versions[i]
	}
	return nil
}
