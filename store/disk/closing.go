package disk

import (
	"fmt"
	"slices"

	"github.com/gestadb/gesta/store/disk/internal/index"
)

// indexTail writes index files of the tables that are left when a store is closed, so that the next Open has little to replay. What it cannot write
// is replayed. The goroutines of the store have ended, and the log is synced.
func (s *Store) indexTail() {
	if s.w == nil || s.w.failure() != nil || len(s.erasures.list()) > 0 { // no file covers an erasure that is not finished
		return
	}
	tables := slices.Clone(s.w.f.waiting)
	if last := s.w.y.table; s.worthIndexing(last) {
		tables = append(tables, last)
	}
	for _, t := range tables {
		if err := s.index.Add(t); err != nil {
			s.opts.Background(fmt.Errorf("write index file: %w", err))
			return
		}
	}
}

// worthIndexing says whether a table covers so much of the log that replaying it would be felt: a part of what a table may cover.
func (s *Store) worthIndexing(t *index.Table) bool {
	const part = 16
	start, end := t.Start().Next, t.End().Next
	logged := int64(end.Segment()-start.Segment())*s.opts.SegmentBytes + int64(end.Offset()) - int64(start.Offset())
	return t.Len() > 0 && logged >= s.opts.IndexBytes/part
}
