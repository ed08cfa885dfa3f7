package index

import (
	"cmp"
	"slices"
)

// keyed is a name with eight of its bytes as a number that compares as they do.
type keyed struct {
	key  uint64
	name string
	n    uint32
}

// sortNames sorts by name. Names begin alike more often than not, so it compares eight bytes at a time, from the first at which any two differ: that
// looks at each name's memory once or twice.
func sortNames(names []keyed) {
	if len(names) < 2 {
		return
	}
	sortFrom(names, 0)
}

// sortFrom sorts names that are equal up to byte from.
func sortFrom(names []keyed, from int) {
	if len(names) < 12 {
		slices.SortFunc(names, func(a, b keyed) int { return cmp.Compare(a.name[from:], b.name[from:]) })
		return
	}
	from = sharedPrefix(names, from)
	for i := range names {
		names[i].key = keyAt(names[i].name, from)
	}
	slices.SortFunc(names, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	for begin := 0; begin < len(names); {
		end := begin + 1
		for end < len(names) && names[end].key == names[begin].key {
			end++
		}
		if end > begin+1 {
			sortEqual(names[begin:end], from+8)
		}
		begin = end
	}
}

// sortEqual sorts names with equal keys: those that end within the key have only zero bytes after it, or nothing, and come first, by length.
func sortEqual(names []keyed, from int) {
	short := 0
	for i := range names {
		if len(names[i].name) < from {
			names[i], names[short] = names[short], names[i]
			short++
		}
	}
	slices.SortFunc(names[:short], func(a, b keyed) int { return cmp.Compare(len(a.name), len(b.name)) })
	if len(names)-short > 1 {
		sortFrom(names[short:], from)
	}
}

// sharedPrefix returns how many bytes all names begin with alike; they do up to byte from.
func sharedPrefix(names []keyed, from int) int {
	first := names[0].name
	shared := len(first)
	for i := range names {
		name := names[i].name
		n := from
		for n < shared && n < len(name) && name[n] == first[n] {
			n++
		}
		if shared = n; shared == from {
			break
		}
	}
	return shared
}

// keyAt returns up to eight bytes of name from byte from on, with zeros after its end.
func keyAt(name string, from int) uint64 {
	var key uint64
	rest := name[min(from, len(name)):]
	for i := range min(len(rest), 8) {
		key |= uint64(rest[i]) << (56 - 8*i)
	}
	return key
}
