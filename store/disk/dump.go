package disk

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// Dump yields recorded commits; see [store.Dumper]. A dump from where a truncated store begins starts with commits
// without events that carry the tracking of what was truncated.
func (s *Store) Dump(ctx context.Context, after store.Position) iter.Seq2[store.RecordedCommit, error] {
	return func(yield func(store.RecordedCommit, error) bool) {
		d := &dumping{s: s, ctx: ctx, yield: yield}
		if err := d.run(after); err != nil && !errors.Is(err, errStopped) {
			yield(store.RecordedCommit{}, err)
		}
	}
}

// dumping is one loop over a dump.
type dumping struct {
	s     *Store
	ctx   context.Context
	yield func(store.RecordedCommit, error) bool
	scan  scan
	batch []store.RecordedCommit
	bytes int
	last  store.Position // of the commits so far
}

func (d *dumping) run(after store.Position) error {
	end := d.s.tip.get().end
	first := d.s.first()
	if after < first-1 {
		return &store.TruncatedError{First: first}
	}
	if after == first-1 {
		d.scan = scan{next: d.s.base().Next, step: firstStep}
		if err := d.kept(); err != nil {
			return err
		}
	}
	if end.Position <= after && d.scan.next == 0 {
		return d.ctx.Err()
	}
	for {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		more, err := d.fill(after, end.Position)
		for _, c := range d.batch {
			if !d.yield(c, nil) {
				return errStopped
			}
		}
		d.batch, d.bytes = nil, 0
		if err != nil || !more {
			return err
		}
	}
}

// kept yields the tracking that truncation kept.
func (d *dumping) kept() error {
	h := d.s.heads.Load()
	if h == nil {
		return nil
	}
	for source, p := range h.Trackings() {
		d.batch = append(d.batch, store.RecordedCommit{
			Tracking: &store.Tracking{Source: source, Position: p}, RecordedAt: fromMicros(h.Base().RecordedAt),
		})
	}
	slices.SortFunc(d.batch, func(a, b store.RecordedCommit) int { return strings.Compare(a.Tracking.Source, b.Tracking.Source) })
	for _, c := range d.batch {
		if !d.yield(c, nil) {
			return errStopped
		}
	}
	d.batch = nil
	return nil
}

// fill collects commits and says whether there are more.
func (d *dumping) fill(after, until store.Position) (more bool, err error) {
	if err := d.s.users.enter(); err != nil {
		return false, err
	}
	defer d.s.users.leave()
	err = d.s.walk(&d.scan, max(after, d.last), until, func(f *segment.Frame) error {
		if len(d.batch) >= maxBatch || d.bytes >= maxBatchBytes {
			return errStopped
		}
		if f.Empty() || f.Events == 0 && f.First <= after && after > 0 {
			return nil
		}
		c, err := d.s.recordedCommit(f)
		if err != nil {
			return err
		}
		d.batch = append(d.batch, c)
		d.bytes += len(f.Body)
		d.last = max(d.last, f.Last())
		return nil
	})
	if errors.Is(err, errStopped) {
		return true, nil
	}
	return false, err
}

// recordedCommit makes a recorded commit of a frame, whose body must not change any more: the events share memory with it.
func (s *Store) recordedCommit(f *segment.Frame) (store.RecordedCommit, error) {
	key, tracking, _, err := f.Prefix()
	if err != nil {
		return store.RecordedCommit{}, err
	}
	c := store.RecordedCommit{Key: key, Tracking: tracking, RecordedAt: fromMicros(f.RecordedAt)}
	if f.Events == 0 {
		c.After = f.First
		return c, nil
	}
	c.Events, c.Salts = make([]store.Recorded, 0, f.Events), make([][]byte, 0, f.Events)
	facts := frameFacts{FrameHeader: f.FrameHeader, at: f.At, recordedAt: c.RecordedAt, tracking: tracking}
	var ids slab
	err = f.Records(func(rec *segment.Record) error {
		erased, err := s.erased(rec, f.First+store.Position(rec.Ordinal))
		if err != nil {
			return err
		}
		var salt []byte
		if erased == 0 {
			salt = slices.Clip(rec.Salt())
		}
		c.Events = append(c.Events, ids.recorded(rec, &facts, erased, int(f.Events-rec.Ordinal)-1))
		c.Salts = append(c.Salts, salt)
		return nil
	})
	return c, err
}
