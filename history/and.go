package history

import (
	"slices"

	"github.com/gestadb/gesta/store"
)

// And returns a query for the events that match both q and it, and false when no event can.
func And(q store.Query, it store.Item) (store.Query, bool) {
	if len(q) == 0 {
		return store.Query{it}, true
	}
	var out store.Query
	for _, item := range q {
		if both, ok := and(item, it); ok {
			out = append(out, both)
		}
	}
	return out, len(out) > 0
}

func and(a, b store.Item) (store.Item, bool) {
	out := a
	out.Tags = slices.Concat(a.Tags, b.Tags)
	var ok [2]bool
	out.Stream, ok[0] = one(a.Stream, b.Stream)
	out.Category, ok[1] = one(a.Category, b.Category)
	if len(a.Types) == 0 {
		out.Types = b.Types
	} else if len(b.Types) > 0 {
		out.Types = slices.DeleteFunc(slices.Clone(a.Types), func(t string) bool { return !slices.Contains(b.Types, t) })
		if len(out.Types) == 0 {
			return out, false
		}
	}
	return out, ok[0] && ok[1]
}

// one returns what two parts ask for together; empty asks for nothing.
func one(a, b string) (string, bool) {
	if a == "" {
		return b, true
	}
	return a, b == "" || a == b
}
