package main

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gestadb/gesta/store"
)

// aboveAll stands behind a prefix for a name that no name with this prefix is above: names are UTF-8, which has no such byte.
const aboveAll = "\xff"

// streamNames looks up names of streams in the index of a store, one seek at a time, and never more than so many: what is asked of it stays
// quick on any number of streams.
type streamNames struct {
	ctx    context.Context
	lister store.Lister
	seeks  int // that are left
	err    error
}

// namesOf returns what looks up names in s with at most so many seeks; false where the store has no list of its streams.
func namesOf(ctx context.Context, s store.Store, seeks int) (*streamNames, bool) {
	lister, ok := store.As[store.Lister](s)
	return &streamNames{ctx: ctx, lister: lister, seeks: seeks}, ok
}

// first returns the first stream with the prefix whose name is above after; false where there is none, and where n gives up.
func (n *streamNames) first(prefix, after string) (store.StreamInfo, bool) {
	if n.seeks--; n.seeks < 0 || n.err != nil {
		return store.StreamInfo{}, false
	}
	for info, err := range n.lister.Streams(n.ctx, store.StreamsOptions{Prefix: prefix, After: after, Limit: 1}) {
		if err != nil {
			n.err = err
			return store.StreamInfo{}, false
		}
		return info, true
	}
	return store.StreamInfo{}, false
}

// gaveUp says that answers are not whole: there were too many seeks, or the store could not answer.
func (n *streamNames) gaveUp() bool { return n.seeks < 0 || n.err != nil }

// list returns the names with the prefix, at most limit, in order. System streams are left out unless the prefix names one.
func (n *streamNames) list(prefix string, limit int) []string {
	var out []string
	if n.seeks--; n.seeks < 0 || n.err != nil {
		return nil
	}
	for after := ""; ; after = "$" + aboveAll {
		ended := true
		for info, err := range n.lister.Streams(n.ctx, store.StreamsOptions{Prefix: prefix, After: after, Limit: limit - len(out)}) {
			if err != nil {
				n.err = err
				return nil
			}
			if store.IsSystem(info.Stream) && !store.IsSystem(prefix) {
				ended = false // all of them stand in one place, which is passed over at once
				break
			}
			out = append(out, info.Stream)
		}
		if ended {
			return out
		}
	}
}

// common returns the longest beginning that all names with this prefix share, of which name is the first.
func (n *streamNames) common(prefix, name string) string {
	ends := []int{len(prefix)} // where a character of name ends
	for i := range name[len(prefix):] {
		if i > 0 {
			ends = append(ends, len(prefix)+i)
		}
	}
	ends = append(ends, len(name))
	low, high := 0, len(ends)-1 // all names share name[:ends[low]]
	for low < high {
		middle := (low + high + 1) / 2
		if _, more := n.first(prefix, name[:ends[middle]]+aboveAll); more {
			high = middle - 1
		} else {
			low = middle
		}
	}
	return name[:ends[low]]
}

// categories returns the beginnings of names with this prefix up to and with their next hyphen, and the names that have none; at
// most limit.
func (n *streamNames) categories(prefix string, limit int) []string {
	var out []string
	info, ok := n.first(prefix, n.behindSystem(prefix))
	for ok && len(out) < limit {
		group, after := info.Stream, info.Stream
		if at := strings.IndexByte(group[len(prefix):], '-'); at >= 0 {
			group = group[:len(prefix)+at+1]
			if _, more := n.first(group, info.Stream); more {
				after = group + aboveAll
			} else {
				group = info.Stream // it is the only one
			}
		}
		out = append(out, group)
		info, ok = n.first(prefix, after)
	}
	return out
}

// branches returns the beginnings that names with this prefix have, one for each character that may come next, each as long as all of
// its names share it; at most limit.
func (n *streamNames) branches(prefix string, limit int) []string {
	var out []string
	info, ok := n.first(prefix, n.behindSystem(prefix))
	for ok && len(out) < limit {
		after := info.Stream
		branch := info.Stream
		if len(branch) > len(prefix) {
			_, size := utf8.DecodeRuneInString(branch[len(prefix):])
			branch = branch[:len(prefix)+size]
			after = branch + aboveAll
			branch = n.common(branch, info.Stream)
		}
		out = append(out, branch)
		info, ok = n.first(prefix, after)
	}
	return out
}

// behindSystem returns the name after which names with the prefix are looked for, so that those of system streams, which nobody types
// without knowing, stay out. Names that begin below "$" are as rare as they are odd.
func (n *streamNames) behindSystem(prefix string) string {
	if prefix == "" {
		return "$" + aboveAll
	}
	return ""
}

// like returns the name of a stream that is most like the one given, "" where none is. It walks the names as a tree, and leaves each
// branch that begins too differently.
func (n *streamNames) like(given string) string {
	w := walk{names: n, given: []rune(given)}
	for allowed := 1; allowed <= reach(len(w.given)); allowed++ {
		w.least = 2*allowed + 1
		if w.down("", "", nil, firstRow(len(w.given)), nil); w.best != "" {
			break
		}
	}
	return w.best
}

// walk is a search for the name that is most like the one given.
type walk struct {
	names *streamNames
	given []rune
	best  string
	least int // twice the slips of best, or one more than what is allowed
}

// down looks at the names that begin with prefix, whose characters are head. Row has the distances of prefix from the beginnings
// of what was given, before those of prefix without its last character. Known is the first name with the prefix, if it is known.
func (w *walk) down(prefix, known string, head []rune, row, before []int) {
	closest := row[0]
	for _, d := range row {
		closest = min(closest, d)
	}
	if closest >= w.least {
		return
	}
	name := known
	if name == "" {
		info, ok := w.names.first(prefix, w.names.behindSystem(prefix))
		if !ok {
			return
		}
		name = info.Stream
	}
	for {
		after := name
		if name == prefix {
			if d := row[len(w.given)]; d < w.least {
				w.best, w.least = name, d
			}
		} else {
			r, size := utf8.DecodeRuneInString(name[len(prefix):])
			branch := name[:len(prefix)+size]
			longer := append(slices.Clip(head), r)
			w.down(branch, name, longer, nextRow(w.given, longer, row, before), row)
			after = branch + aboveAll
		}
		info, ok := w.names.first(prefix, after)
		if !ok {
			return
		}
		name = info.Stream
	}
}
