package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/index"
	"github.com/gestadb/gesta/store/disk/internal/segment"
)

// noTime stands for the RecordedAt of a commit before the first.
const noTime = math.MinInt64

// recover brings the store from what is on the disk to where it takes commits: the steps of Opening in doc.go.
func (s *Store) recover() error {
	if err := s.tidy(); err != nil {
		return err
	}
	numbers, err := s.layout()
	if err != nil {
		return err
	}
	if err := s.dropBelow(numbers); err != nil {
		return err
	}
	if numbers, err = s.layout(); err != nil {
		return err
	}
	if err := s.openIndex(false); err != nil {
		return err
	}
	rp, err := s.replay(numbers)
	if err != nil {
		return err
	}
	active, err := s.activate(rp)
	if err != nil {
		return err
	}
	s.segs.forgetAll() // what was mapped or measured so far may have been cut and written again
	head, err := s.fs.Create(path.Join(s.dir, headName))
	if err != nil {
		return errors.Join(fmt.Errorf("make log/head: %w", err), active.Close())
	}
	s.tip = newTip(rp.end)
	s.start(rp.end, active, head, rp.end.Next, rp.table, rp.logged)
	s.w.y.writeHead()
	for _, t := range rp.full {
		s.w.f.add(t)
	}
	if err := s.finishErasures(); err != nil {
		s.users.close()
		return errors.Join(fmt.Errorf("finish erasures: %w", err), s.halt())
	}
	return nil
}

// tidy removes what a crash may have left under a name of its own, and makes names durable that a killed process left.
func (s *Store) tidy() error {
	if err := s.fs.MkdirAll(path.Join(s.dir, indexDir)); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	if err := s.fs.Remove(path.Join(s.dir, headName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove log/head: %w", err)
	}
	for _, d := range []string{s.dir, path.Join(s.dir, logDir)} {
		names, err := s.fs.ReadDir(d)
		if err != nil {
			return fmt.Errorf("list directory: %w", err)
		}
		for _, name := range names {
			if !strings.HasSuffix(name, tmpSuffix) {
				continue
			}
			if err := s.fs.Remove(path.Join(d, name)); err != nil {
				return fmt.Errorf("remove unfinished file: %w", err)
			}
		}
	}
	for _, d := range []string{path.Dir(s.dir), s.dir, path.Join(s.dir, logDir), path.Join(s.dir, indexDir)} {
		if err := s.fs.SyncDir(d); err != nil && !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("sync directory: %w", err)
		}
	}
	return s.openHeads()
}

// openHeads reads the heads file that truncation leaves, if there is one.
func (s *Store) openHeads() error {
	h, err := index.OpenHeads(s.fs, path.Join(s.dir, headsName), s.man.id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read heads: %w", err)
	}
	if old := s.heads.Swap(h); old != nil {
		return old.Close()
	}
	return nil
}

// base returns where the log begins.
func (s *Store) base() index.End {
	if h := s.heads.Load(); h != nil {
		return h.Base()
	}
	return index.End{Next: index.MakePlace(1, segment.HeaderSize), RecordedAt: noTime}
}

// layout returns the numbers of the segments that are there, from where the log begins, and makes sure that they have no gap.
func (s *Store) layout() ([]uint32, error) {
	all, err := listSegments(s.fs, s.dir)
	if err != nil {
		return nil, err
	}
	first := s.base().Next.Segment()
	numbers := slices.DeleteFunc(slices.Clone(all), func(n uint32) bool { return n < first })
	for i := range max(1, len(numbers)) {
		if want := first + uint32(i); i >= len(numbers) || numbers[i] != want {
			return nil, &store.DamagedError{File: segmentName(want), Problem: "the segment is missing"}
		}
	}
	return numbers, nil
}

// dropBelow removes the segments before where the log begins, the lowest first: an interrupted truncation.
func (s *Store) dropBelow(keep []uint32) error {
	all, err := listSegments(s.fs, s.dir)
	if err != nil {
		return err
	}
	for _, n := range all {
		if n >= keep[0] {
			break
		}
		s.segs.replaced(n)
		if err := s.removeSegment(n); err != nil {
			return err
		}
	}
	return nil
}

// removeSegment removes a segment, durably.
func (s *Store) removeSegment(number uint32) error {
	if err := s.fs.Remove(path.Join(s.dir, segmentName(number))); err != nil {
		return fmt.Errorf("remove segment: %w", err)
	}
	if err := s.fs.SyncDir(path.Join(s.dir, logDir)); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}

// openIndex opens the index files that fit the log.
func (s *Store) openIndex(readOnly bool) error {
	set, err := index.Open(index.Options{
		FS: s.fs, Dir: path.Join(s.dir, indexDir), StoreID: s.man.id, Seed: s.man.seed,
		Base: s.base(), ReadOnly: readOnly, Valid: s.inLog,
	})
	if err != nil {
		return fmt.Errorf("open index: %w", err)
	}
	s.index = set
	s.views.change(set, func([]*index.Table) []*index.Table { return nil })
	return nil
}

// inLog says whether the log really has the frame with which an index file ends.
func (s *Store) inLog(e index.End) bool {
	seg, err := s.segs.acquire(e.Last.Segment())
	if err != nil {
		return false
	}
	defer s.segs.release(seg)
	var b [segment.FrameHeaderSize]byte
	if _, err := seg.ReadAt(b[:], int64(e.Last.Offset())); err != nil {
		return false
	}
	h, err := segment.DecodeFrameHeader(b[:], &s.man.id, e.Last)
	if err != nil || h.Sum != e.Checksum || h.Last() != e.Position {
		return false
	}
	return e.Next == after(e.Last, &h)
}

// after returns where the frame behind the one at a place is.
func after(at index.Place, h *segment.FrameHeader) index.Place {
	if h.Flags&segment.FlagSeal != 0 {
		return index.MakePlace(at.Segment()+1, segment.HeaderSize)
	}
	return at + index.Place(h.Size())
}
