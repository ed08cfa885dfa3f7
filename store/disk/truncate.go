package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// Truncate drops the sealed segments all of whose events are at or below through; see [store.Truncater].
func (s *Store) Truncate(ctx context.Context, through store.Position) (store.Position, error) {
	if err := s.writable(ctx); err != nil {
		return 0, err
	}
	s.w.erasing.Lock()
	defer s.w.erasing.Unlock()
	if err := s.writable(ctx); err != nil { // it may have been closed meanwhile
		return 0, err
	}
	if err := s.finishPending(ctx); err != nil {
		return 0, fmt.Errorf("finish erasures: %w", err)
	}
	var end index.End // all before it is durable, the header of its segment too
	if err := s.pass(ctx, &barrier{when: func(e index.End) { end = e }}); err != nil {
		return 0, err
	}
	leave, err := s.use(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	if err := s.catchUpHeads(); err != nil {
		return 0, fmt.Errorf("read heads again: %w", err)
	}
	base, err := s.newBase(min(through, end.Position), end.Next.Segment())
	if err != nil {
		return 0, err
	}
	if base.Next != s.base().Next {
		if err := s.writeHeads(base, end.Position); err != nil {
			return 0, fmt.Errorf("write heads: %w", err)
		}
	}
	numbers, err := s.layout()
	if err != nil {
		return 0, err
	}
	if err := s.dropBelow(numbers); err != nil {
		return 0, err
	}
	if err := s.index.DropBelow(s.first()); err != nil {
		return 0, fmt.Errorf("drop index files: %w", err)
	}
	s.showFiles(nil)
	return s.first(), nil
}

// newBase returns where the log begins when the segments before last that end at or below a position are dropped.
func (s *Store) newBase(through store.Position, last uint32) (index.End, error) {
	base := s.base()
	for n := base.Next.Segment() + 1; n <= last; n++ {
		h, err := s.segmentHeader(n)
		if err != nil {
			return base, err
		}
		if h.Position > through {
			break
		}
		base = index.End{
			Position: h.Position, Next: index.MakePlace(n, segment.HeaderSize),
			Checksum: h.Previous, RecordedAt: h.RecordedAt,
		}
	}
	return base, nil
}

func (s *Store) segmentHeader(number uint32) (segment.Header, error) {
	seg, err := s.openSegment(number, 0)
	if err != nil {
		return segment.Header{}, err
	}
	defer s.segs.release(seg)
	var b [segment.HeaderSize]byte
	if _, err := seg.ReadAt(b[:], 0); err != nil {
		return segment.Header{}, fmt.Errorf("read %s: %w", segmentName(number), err)
	}
	h, err := segment.DecodeHeader(b[:])
	return h, s.placed(err, index.MakePlace(number, 0), 0)
}

// writeHeads writes down what truncation must not forget, for a log that begins at base. What it says of streams and tracking is at least
// as new as base and no newer than the durable position until; what is left of the log says the same, or what is newer.
func (s *Store) writeHeads(base index.End, until store.Position) error {
	v := s.views.acquire()
	defer s.views.release(v)
	trackings, err := s.trackedBelow(base.Next)
	if err != nil {
		return err
	}
	s.w.headsUnsure = true
	streams := index.ListStreams(s.namesOf(v), "", "", until)
	if err := index.WriteHeads(s.fs, path.Join(s.dir, headsName), s.man.id, base, streams, trackings); err != nil {
		return err
	}
	return s.showHeads()
}

// showHeads makes the heads file on the disk the current one.
func (s *Store) showHeads() error {
	h, err := index.OpenHeads(s.fs, path.Join(s.dir, headsName), s.man.id)
	if err != nil {
		return err
	}
	s.setHeads(h)
	s.w.headsUnsure = false
	return nil
}

// catchUpHeads finds out what has become of a heads file whose writing failed: where that came as far as its name, the log begins where it says, as the
// next Open would find.
func (s *Store) catchUpHeads() error {
	if !s.w.headsUnsure {
		return nil
	}
	if err := s.fs.SyncDir(s.dir); err != nil {
		return err
	}
	err := s.showHeads()
	if errors.Is(err, fs.ErrNotExist) {
		s.w.headsUnsure = false
		return nil
	}
	return err
}

// setHeads makes a heads file the current one. The one before stays open until the store is closed: someone may be reading it.
func (s *Store) setHeads(h *index.Heads) {
	if old := s.heads.Swap(h); old != nil {
		s.oldHeads = append(s.oldHeads, old)
	}
}

// trackedBelow returns the last tracking of each source before a place where a segment begins.
func (s *Store) trackedBelow(end index.Place) (map[string]uint64, error) {
	out := map[string]uint64{}
	if h := s.heads.Load(); h != nil {
		maps.Copy(out, h.Trackings())
	}
	sc := scan{next: s.base().Next, step: maxStep}
	for sc.next < end {
		_, err := s.walkSegment(&sc, end, 0, store.MaxPosition, func(f *segment.Frame) error {
			_, tracking, _, err := f.Prefix()
			if tracking != nil {
				out[tracking.Source] = tracking.Position
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
