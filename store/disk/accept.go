package disk

import (
	"slices"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

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
			r.streams[j].Version = c.nextVersion(r, i, r.streams[j].Version)
			e.Version = r.streams[j].Version
			r.commit.SetVersion(i, e.Version)
		}
	}
	c.append(g, r, first, now)
	for i := range r.entries {
		c.w.s.erasures.note(&r.entries[i])
	}
	g.table.AddAll(r.entries, r.hashes)
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
		if f.Version+n <= uint64(store.MaxPosition) {
			continue
		}
		end := f.Version
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
	touched := 0 // streams are numbered as events come to them, before those that are guarded alone
	for _, j := range r.entryOf {
		touched = max(touched, j+1)
	}
	res.Versions = make([]store.StreamVersion, touched)
	for j := range res.Versions {
		res.Versions[j] = store.StreamVersion{Stream: r.streams[j].Name, Version: r.streams[j].Version}
	}
	return res
}
