package source

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
)

// maxRuns bounds the temporary files that are open at the same time: as many are merged into one.
const maxRuns = 32

// What an entry of the sorter is.
const (
	kindCase  uint8 = iota // the attributes of the trace whose first event has the same time and number
	kindEvent              // a row
)

// key orders entries: by time, then as they stand in the source, attributes of a trace before their event.
type key struct {
	micros int64 // since 1970
	seq    uint64
	kind   uint8
}

func (k key) compare(o key) int {
	return cmp.Or(cmp.Compare(k.micros, o.micros), cmp.Compare(k.seq, o.seq), cmp.Compare(k.kind, o.kind))
}

func (k key) before(o key) bool { return k.compare(o) < 0 }

// entry is a payload with its key. Inside the sorter's memory the payload is arena[from:to].
type entry struct {
	key
	payload  []byte
	from, to int
}

const entryBytes = 72 // what an entry costs beside its payload, rounded up

// sorter is an external merge sort. Entries are added, then finish is called, then they are yielded. It is used by one
// goroutine at a time.
type sorter struct {
	dir   string
	limit int

	arena   []byte
	entries []entry

	temp string // the directory of the runs; "" before the first
	runs []*run
	next int // number of the next run's file
}

func newSorter(dir string, limit int) *sorter { return &sorter{dir: dir, limit: limit} }

// add takes a copy of payload.
func (s *sorter) add(k key, payload []byte) error {
	if n := len(s.entries); n > 0 && len(s.arena)+len(payload)+(n+1)*entryBytes > s.limit {
		if err := s.spill(); err != nil {
			return fmt.Errorf("sort rows: %w", err)
		}
	}
	from := len(s.arena)
	s.arena = append(s.arena, payload...)
	s.entries = append(s.entries, entry{key: k, from: from, to: len(s.arena)})
	return nil
}

func (s *sorter) sort() {
	slices.SortFunc(s.entries, func(a, b entry) int { return a.compare(b.key) })
}

// finish ends the adding. Entries that never left memory stay there.
func (s *sorter) finish() error {
	if len(s.runs) == 0 {
		s.sort()
		return nil
	}
	if err := s.spill(); err != nil {
		return fmt.Errorf("sort rows: %w", err)
	}
	s.arena, s.entries = nil, nil
	return nil
}

// spill writes what is in memory as a run, and merges all runs into one when there are many.
func (s *sorter) spill() error {
	s.sort()
	if err := s.write(s.memory()); err != nil {
		return err
	}
	s.arena, s.entries = s.arena[:0], s.entries[:0]
	if len(s.runs) < maxRuns {
		return nil
	}
	old := s.runs
	s.runs = nil
	err := s.write(merge(old))
	for _, r := range old {
		err = errors.Join(err, r.close())
	}
	return err
}

// write makes a run of entries that come in order.
func (s *sorter) write(entries iter.Seq2[entry, error]) error {
	if s.temp == "" {
		temp, err := os.MkdirTemp(s.dir, "gesta-import-")
		if err != nil {
			return err
		}
		s.temp = temp
	}
	s.next++
	r, err := createRun(s.temp, s.next)
	if err != nil {
		return err
	}
	s.runs = append(s.runs, r)
	for e, err := range entries {
		if err == nil {
			err = r.add(e)
		}
		if err != nil {
			return err
		}
	}
	return r.finish()
}

func (s *sorter) memory() iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		for _, e := range s.entries {
			e.payload = s.arena[e.from:e.to]
			if !yield(e, nil) {
				return
			}
		}
	}
}

// all yields the entries in order. A payload is valid until the next entry.
func (s *sorter) all() iter.Seq2[entry, error] {
	if len(s.runs) == 0 {
		return s.memory()
	}
	return merge(s.runs)
}

func (s *sorter) close() error {
	var err error
	for _, r := range s.runs {
		err = errors.Join(err, r.close())
	}
	if s.temp != "" {
		err = errors.Join(err, os.RemoveAll(s.temp))
	}
	s.runs, s.arena, s.entries, s.temp = nil, nil, nil, ""
	return err
}

// merge yields the entries of all runs in order.
func merge(runs []*run) iter.Seq2[entry, error] {
	return func(yield func(entry, error) bool) {
		var fronts front
		for _, r := range runs {
			c := r.open()
			if more, err := c.next(); err != nil {
				yield(entry{}, err)
				return
			} else if more {
				fronts = append(fronts, c)
			}
		}
		heap.Init(&fronts)
		for len(fronts) > 0 {
			if !yield(fronts[0].entry, nil) {
				return
			}
			more, err := fronts[0].next()
			switch {
			case err != nil:
				yield(entry{}, err)
				return
			case more:
				heap.Fix(&fronts, 0)
			default:
				heap.Pop(&fronts)
			}
		}
	}
}

// front is a heap of runs by their next entries.
type front []*cursor

func (f *front) Len() int           { return len(*f) }
func (f *front) Less(i, j int) bool { return (*f)[i].before((*f)[j].key) }
func (f *front) Swap(i, j int)      { (*f)[i], (*f)[j] = (*f)[j], (*f)[i] }

// Push adds a cursor; nothing else can be pushed.
func (f *front) Push(x any) {
	if c, ok := x.(*cursor); ok {
		*f = append(*f, c)
	}
}

func (f *front) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}
