package index

import (
	"iter"
	"strings"
	"time"

	"github.com/gestadb/gesta/store"
)

// Lister is a part of an index that lists names: a [Table], a [File], or [Heads].
type Lister interface {
	// listStreams yields the streams with a prefix and above after, in byte order.
	listStreams(prefix, after string, until store.Position) iter.Seq2[store.StreamInfo, error]

	// listTypes yields the types in byte order.
	listTypes(until store.Position) iter.Seq2[store.TypeInfo, error]
}

// ListStreams yields the streams of all parts, which are given oldest first, in byte order: those whose name has the prefix and
// is above after. Of a stream that several parts have, the newest knows its state. Tables are read as of until, files and heads
// whole: they end at or before any until that readers ask for. An error is yielded once, last.
func ListStreams(parts []Lister, prefix, after string, until store.Position) iter.Seq2[store.StreamInfo, error] {
	return func(yield func(store.StreamInfo, error) bool) {
		all := make([]iter.Seq2[store.StreamInfo, error], len(parts))
		for i, p := range parts {
			all[i] = p.listStreams(prefix, after, until)
		}
		mergeLists(all, func(i store.StreamInfo) string { return i.Stream }, func(same []store.StreamInfo) store.StreamInfo {
			return same[len(same)-1]
		}, yield)
	}
}

// ListTypes yields the types of all parts, in byte order, with the number of their events. Until is as for [ListStreams].
func ListTypes(parts []Lister, until store.Position) iter.Seq2[store.TypeInfo, error] {
	return func(yield func(store.TypeInfo, error) bool) {
		all := make([]iter.Seq2[store.TypeInfo, error], len(parts))
		for i, p := range parts {
			all[i] = p.listTypes(until)
		}
		mergeLists(all, func(i store.TypeInfo) string { return i.Type }, func(same []store.TypeInfo) store.TypeInfo {
			sum := same[0]
			for _, i := range same[1:] {
				sum.Events += i.Events
			}
			return sum
		}, yield)
	}
}

// listHead is the next of a list.
type listHead[T any] struct {
	next  func() (T, error, bool)
	value T
	ok    bool
}

// mergeLists yields what sorted lists have, in order, with those that have the same name made one.
func mergeLists[T any](lists []iter.Seq2[T, error], name func(T) string, one func(same []T) T, yield func(T, error) bool) {
	var none T
	heads := make([]listHead[T], len(lists))
	advance := func(h *listHead[T]) error {
		var err error
		h.value, err, h.ok = h.next()
		return err
	}
	for i, l := range lists {
		next, stop := iter.Pull2(l)
		defer stop()
		heads[i].next = next
		if err := advance(&heads[i]); err != nil {
			yield(none, err)
			return
		}
	}
	var same []T
	for {
		lowest := -1
		for i := range heads {
			if heads[i].ok && (lowest < 0 || name(heads[i].value) < name(heads[lowest].value)) {
				lowest = i
			}
		}
		if lowest < 0 {
			return
		}
		is := name(heads[lowest].value)
		same = same[:0]
		for i := range heads {
			if h := &heads[i]; h.ok && name(h.value) == is {
				same = append(same, h.value)
				if err := advance(h); err != nil {
					yield(none, err)
					return
				}
			}
		}
		if !yield(one(same), nil) {
			return
		}
	}
}

func (f *File) listStreams(prefix, after string, _ store.Position) iter.Seq2[store.StreamInfo, error] {
	return f.core.streamNames().list(prefix, after, f.core.origin().state)
}

// list yields the streams of a section; state makes sense of their values.
func (s *names) list(prefix, after string, state func([]uint64) streamState) iter.Seq2[store.StreamInfo, error] {
	return func(yield func(store.StreamInfo, error) bool) {
		s := newNames(s.file, s.blocks, s.extents, s.count, s.values)
		i, err := s.start(prefix, after)
		for ; err == nil && i < s.count; i++ {
			var name []byte
			var values []uint64
			if name, values, err = s.get(i); err != nil {
				break
			}
			if !strings.HasPrefix(string(name), prefix) {
				return
			}
			st := state(values)
			if !yield(st.info(string(name)), nil) {
				return
			}
		}
		if err != nil {
			yield(store.StreamInfo{}, err)
		}
	}
}

func (f *File) listTypes(store.Position) iter.Seq2[store.TypeInfo, error] {
	return func(yield func(store.TypeInfo, error) bool) {
		s := f.core.typeNames()
		for i := range s.count {
			name, values, err := s.get(i)
			if err != nil {
				yield(store.TypeInfo{}, err)
				return
			}
			if !yield(store.TypeInfo{Type: string(name), Events: values[0]}, nil) {
				return
			}
		}
	}
}

// termsPerHold bounds the terms that a list goes through while it holds the lock of a table.
const termsPerHold = 1024

// listedTerm is a copy of a term that a list is about, and of the version of a stream.
type listedTerm struct {
	term
	version uint64
	text    string // in the memory of the table
}

// listTerms returns all terms of a kind whose names have the prefix and are above after, the same still to be sorted by name, and
// a snapshot of what they refer to. It takes memory for each, for a moment: as much as the term itself.
func (t *Table) listTerms(k kind, prefix, after string) (terms []listedTerm, sorted []keyed, lists arena[uint32], line timeline) {
	ts := &t.others
	if k == kindStream {
		ts = &t.streams
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	line = t.timeline()
	for n, end := uint32(0), ts.all.n; n < end; n++ {
		if n%termsPerHold == termsPerHold-1 {
			t.mu.RUnlock()
			t.mu.RLock()
		}
		found := ts.all.at(n)
		name := nameAt(&t.names, found.name, found.length())
		if found.kind() != k || name <= after || !strings.HasPrefix(name, prefix) {
			continue
		}
		l := listedTerm{term: *found, text: name}
		if k == kindStream {
			l.version = *t.versions.at(n)
		}
		sorted = append(sorted, keyed{n: uint32(len(terms))})
		terms = append(terms, l)
	}
	lists = t.lists
	return terms, sorted, lists, line
}

func (t *Table) listStreams(prefix, after string, until store.Position) iter.Seq2[store.StreamInfo, error] {
	return func(yield func(store.StreamInfo, error) bool) {
		terms, sorted, lists, line := t.listTerms(kindStream, prefix, after)
		sortNames(sorted, func(n uint32) string { return terms[n].text })
		high := line.upTo(until)
		for i := range sorted {
			s := &terms[sorted[i].n]
			n, version, ok := streamAt(&lists, &s.term, s.version, high)
			if !ok {
				continue
			}
			info := store.StreamInfo{
				Stream: strings.Clone(terms[sorted[i].n].text), Version: version, LastPosition: line.position(n),
				LastRecordedAt: time.UnixMicro(line.recordedAt(n)).UTC(),
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

func (t *Table) listTypes(until store.Position) iter.Seq2[store.TypeInfo, error] {
	return func(yield func(store.TypeInfo, error) bool) {
		terms, sorted, lists, line := t.listTerms(kindType, "", "")
		high := line.upTo(until)
		if high == 0 {
			return
		}
		sortNames(sorted, func(n uint32) string { return terms[n].text })
		for i := range sorted {
			o := newOrdinals(&lists, &terms[sorted[i].n].term, 0, true)
			count := o.upTo(uint64(high - 1))
			if count > 0 && !yield(store.TypeInfo{Type: strings.Clone(terms[sorted[i].n].text), Events: uint64(count)}, nil) {
				return
			}
		}
	}
}
