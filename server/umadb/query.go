package umadb

import (
	"slices"

	"github.com/gestadb/gesta/store"
)

// query is a Query as the store takes it. Like an appendRequest it is used again; its strings stay.
type query struct {
	items       []store.Item
	types, tags []string // of all items, one after the other
	texts       texts
}

func (q *query) large() bool {
	return cap(q.items) > maxKept || cap(q.types) > maxKept || cap(q.tags) > maxKept
}

func (q *query) reset() {
	clear(q.items)
	clear(q.types)
	clear(q.tags)
	*q = query{items: q.items[:0], types: q.types[:0], tags: q.tags[:0]}
}

// full says that the query has more parts than any may have: what comes is not kept.
func (q *query) full() bool { return q.parts() > store.MaxQueryParts }

// parts counts the items, types and tags, added up.
func (q *query) parts() int { return len(q.items) + len(q.types) + len(q.tags) }

func (q *query) decode(b []byte) error {
	q.texts.left = len(b)
	f := walk(b)
	for f.next() {
		if f.number == 1 {
			f.message(q.decodeItem)
		}
	}
	return f.err
}

func (q *query) decodeItem(b []byte) error {
	types, tags := len(q.types), len(q.tags)
	f := walk(b)
	for f.next() {
		switch term := f.number; {
		case term != 1 && term != 2:
		case q.full():
			f.text()
		case term == 1:
			q.types = append(q.types, q.texts.of(f.text()))
		default:
			q.tags = append(q.tags, q.texts.of(f.text()))
		}
	}
	if q.full() {
		return f.err
	}
	q.items = append(q.items, store.Item{
		Types: q.types[types:len(q.types):len(q.types)],
		Tags:  q.tags[tags:len(q.tags):len(q.tags)],
	})
	return f.err
}

// possible returns the query without the terms that no event can have; false when it then matches nothing. The terms bound the query: the caller has
// compared its parts with the limit.
func (q *query) possible() (store.Query, bool) {
	all := store.Query(q.items)
	if all.Validate() == nil {
		return all, true
	}
	var left store.Query
	for _, item := range all {
		if slices.ContainsFunc(item.Tags, impossible) {
			continue
		}
		if len(item.Types) > 0 {
			if item.Types = slices.DeleteFunc(slices.Clone(item.Types), impossible); len(item.Types) == 0 {
				continue
			}
		}
		left = append(left, item)
	}
	return left, len(left) > 0
}

// impossible says whether no event can have this type or tag.
func impossible(term string) bool {
	return store.Query{{Tags: []string{term}}}.Validate() != nil
}
