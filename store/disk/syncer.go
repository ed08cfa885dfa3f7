package disk

import (
	"fmt"
	"sync/atomic"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// syncer makes groups durable, shows them and answers them. It is one goroutine; its fields are its own, and the committer's while all groups
// that it was given are done.
type syncer struct {
	w       *writer
	done    atomic.Int64 // groups that it was given and has done
	end     index.End    // of what is written
	durable index.Place  // up to where the log is synced
	file    vfs.File     // the active segment
	head    vfs.File     // log/head
	clean   bool         // the log ends in an empty frame
	table   *index.Table
	fill    fill
	others  yielder
	record  [headSize]byte // of log/head
}

// run takes groups until there are no more, then closes the log.
func (y *syncer) run() {
	defer y.w.ended.Done()
	for g := range y.w.groups {
		n := len(g.members)
		y.group(g)
		y.done.Add(1)
		if n > 1 && n < maxLinger {
			y.others.yield() // see committer.linger
		}
	}
	if y.w.failure() == nil && !y.clean {
		if err := y.finish(); err != nil {
			y.w.fail(err)
		}
	}
}

// group does all that is to be done for a group.
func (y *syncer) group(g *group) {
	err := y.w.failure()
	if err == nil {
		if err = y.write(g); err != nil {
			y.w.fail(err)
			err = y.w.failure()
		}
	}
	if err == nil {
		y.show(g)
	} else if g.roll != nil && g.roll.file != y.file { // nobody will write to it
		_ = g.roll.file.Close() // the failure of the log is the error that matters
	}
	y.w.crowd.Store(int32(len(g.members) + len(y.w.queue)))
	for i := range g.members {
		y.answer(&g.members[i], err)
	}
	g.reset()
	select {
	case y.w.spare <- g:
	default:
	}
}

// answer tells a request what became of it; failure is that of the log, nil when the group is durable. Whatever rests on
// the group is unknown then, conflicts and duplicates too.
func (y *syncer) answer(m *member, failure error) {
	if failure != nil {
		m.o = outcome{err: &store.UnknownError{Cause: failure}}
	}
	if b := m.r.barrier; b != nil && b.when != nil && failure == nil {
		b.when(y.end)
	}
	y.w.answer(m.r, m.o)
}

// write puts the group into the log and syncs it.
func (y *syncer) write(g *group) error {
	if g.roll != nil {
		y.clean = false
		if err := y.seal(g.roll); err != nil {
			return err
		}
	}
	if g.freeze != nil {
		y.table.SetEnd(y.end)
		y.w.f.add(y.table)
		g.freeze.SetStart(y.end)
		y.table = g.freeze
	}
	for i := range g.frames {
		f := &g.frames[i]
		f.header.Durable = y.durable
		f.header.Put(g.buf[f.at:], &y.w.s.man.id, g.at+index.Place(f.at))
	}
	if len(g.buf) > 0 {
		y.clean = false
		if _, err := y.file.WriteAt(g.buf, int64(g.at.Offset())); err != nil {
			return fmt.Errorf("write %s: %w", segmentName(g.at.Segment()), err)
		}
		last := &g.frames[len(g.frames)-1]
		y.end = index.End{
			Position: g.pos, Next: g.at + index.Place(len(g.buf)),
			Last: g.at + index.Place(last.at), Checksum: last.header.Sum, RecordedAt: g.time,
		}
		g.table.SetEnd(y.end)
		if err := y.fillAhead(len(g.buf)); err != nil {
			return err
		}
	}
	if y.durable == y.end.Next || y.w.s.opts.Sync == SyncNever && !g.force {
		return nil
	}
	return y.sync()
}

// sync makes the active segment durable.
func (y *syncer) sync() error {
	if err := y.file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", segmentName(y.end.Next.Segment()), err)
	}
	y.durable = y.end.Next
	return nil
}

// show makes the end of the log visible.
func (y *syncer) show(g *group) {
	if len(g.buf) == 0 && g.roll == nil {
		return
	}
	y.writeHead()
	y.w.s.tip.move(y.end)
}

// writeHead overwrites log/head. Readers beside the writer go on with what they have when it fails.
func (y *syncer) writeHead() {
	encodeHead(&y.record, &y.end)
	if _, err := y.head.WriteAt(y.record[:], 0); err != nil {
		y.w.s.opts.Background(fmt.Errorf("write log/head: %w", err))
	}
}

// seal closes the active segment and goes on in the next one. The seal is written when all before it is durable, and is
// durable itself before anything is written to the next segment.
func (y *syncer) seal(next *newSegment) error {
	if y.durable != y.end.Next {
		if err := y.sync(); err != nil {
			return err
		}
	}
	if err := y.empty(segment.FlagSeal); err != nil {
		return err
	}
	h := segment.Header{
		StoreID: y.w.s.man.id, Number: next.number, Position: y.end.Position,
		RecordedAt: y.end.RecordedAt, Previous: y.end.Checksum,
	}
	if _, err := next.file.WriteAt(h.Encode(), 0); err != nil {
		return fmt.Errorf("write header of %s: %w", segmentName(next.number), err)
	}
	if err := y.file.Close(); err != nil {
		return fmt.Errorf("close %s: %w", segmentName(next.number-1), err)
	}
	y.file = next.file
	y.fill.end, y.fill.off = segment.HeaderSize, false
	y.end.Next = index.MakePlace(next.number, segment.HeaderSize)
	return nil
}

// empty writes an empty frame at the end of the log, all before which is durable, cuts off what is behind it, and syncs.
func (y *syncer) empty(flags uint32) error {
	h := segment.FrameHeader{First: y.end.Position, Flags: flags, RecordedAt: y.end.RecordedAt, Durable: y.end.Next}
	var b [segment.FrameHeaderSize]byte
	h.Put(b[:], &y.w.s.man.id, y.end.Next)
	if _, err := y.file.WriteAt(b[:], int64(y.end.Next.Offset())); err != nil {
		return fmt.Errorf("write %s: %w", segmentName(y.end.Next.Segment()), err)
	}
	y.end.Last, y.end.Checksum = y.end.Next, h.Sum
	y.end.Next += segment.FrameHeaderSize
	if err := y.cut(); err != nil {
		return err
	}
	return y.sync()
}

// finish writes that all of the log is durable, when it is closed.
func (y *syncer) finish() error {
	if y.durable != y.end.Next {
		if err := y.sync(); err != nil {
			return err
		}
	}
	if err := y.empty(0); err != nil {
		return err
	}
	y.writeHead()
	return nil
}
