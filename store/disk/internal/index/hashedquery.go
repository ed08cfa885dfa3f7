package index

import "github.com/gestadb/gesta/store"

// hashedQuery is a query with its terms hashed, which serves for all files of a store.
type hashedQuery struct {
	hashes []uint64
	items  []hashedItem
}

// hashedItem is an item of a query: an event has all terms from begin to types, and one of those from types to end, if there are any.
type hashedItem struct{ begin, types, end int }

// hash makes h the hashes of q.
func (h *hashedQuery) hash(by hasher, q store.Query) {
	h.hashes, h.items = h.hashes[:0], h.items[:0]
	for i := range q {
		h.add(by, &q[i])
	}
}

func (h *hashedQuery) add(by hasher, it *store.Item) {
	item := hashedItem{begin: len(h.hashes)}
	if it.Stream != "" {
		h.hashes = append(h.hashes, by.term(kindStream, it.Stream))
	}
	if it.Category != "" {
		h.hashes = append(h.hashes, by.term(kindCategory, it.Category))
	}
	for _, tag := range it.Tags {
		h.hashes = append(h.hashes, by.term(kindTag, tag))
	}
	item.types = len(h.hashes)
	for _, name := range it.Types {
		h.hashes = append(h.hashes, by.term(kindType, name))
	}
	item.end = len(h.hashes)
	h.items = append(h.items, item)
}

// one makes h the query for one term.
func (h *hashedQuery) one(hash uint64) {
	h.hashes = append(h.hashes[:0], hash)
	h.items = append(h.items[:0], hashedItem{0, 1, 1})
}

// all returns the terms that an event must all have to match an item.
func (h *hashedQuery) all(it hashedItem) []uint64 { return h.hashes[it.begin:it.types] }

// any returns the types of an item.
func (h *hashedQuery) any(it hashedItem) []uint64 { return h.hashes[it.types:it.end] }

// itemSet is a set of the first items of a query; items from maskedItems on are in every set.
type itemSet uint64

const maskedItems = 63

func (s itemSet) has(item int) bool { return item >= maskedItems || s&(1<<item) != 0 }

// possible returns the items of a query of which the filter has all terms. It is empty if nothing in the file can match.
func (f *indexFile) possible(q *hashedQuery) (itemSet, error) {
	var out itemSet
	if len(q.items) > maskedItems {
		out = 1 << maskedItems
	}
	for i, it := range q.items[:min(len(q.items), maskedItems)] {
		passed := true
		for _, hash := range q.all(it) {
			ok, err := f.filter.has(hash)
			if err != nil {
				return 0, err
			}
			passed = passed && ok
		}
		if passed {
			out |= 1 << i
		}
	}
	return out, nil
}
