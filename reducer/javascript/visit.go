package javascript

import (
	"maps"
	"slices"
	"strconv"

	"github.com/dop251/goja"
)

// visit takes down what was written to a node that stands where it stood, and below it.
func (t *tree) visit(n *node) {
	if !n.marked {
		return
	}
	n.marked = false
	whole := !n.inOrder() || n.isList && len(n.old) > 16 && len(n.old) > len(n.elements)/2
	if whole {
		t.quiet++
	}
	if n.isList {
		t.visitElements(n)
	} else {
		t.visitMembers(n)
	}
	for _, child := range n.below {
		if child.marked && n.holds(child) {
			t.in(child.step(), func() { t.visit(child) })
		}
	}
	if whole {
		t.quiet--
		t.writeValue(n.js)
	}
}

// holds says whether a node stands where it says.
func (n *node) holds(child *node) bool {
	if n.isList {
		return child.index < len(n.elements) && identical(n.elements[child.index], child.js)
	}
	return identical(n.members.get(child.name), child.js)
}

// step is what leads to a node from the one above.
func (n *node) step() string {
	if n.up != nil && n.up.isList {
		return strconv.Itoa(n.index)
	}
	return n.name
}

// inOrder says whether removing and setting members, new ones at the end, makes JavaScript's order, in which indexes stand first.
func (n *node) inOrder() bool {
	if n.isList || n.members.ints == 0 {
		return true
	}
	fresh := n.fresh()
	if n.members.ints < n.members.len() {
		return !slices.ContainsFunc(fresh, isIndex)
	}
	for i, name := range fresh {
		index, _ := asIndex(name)
		if i == 0 && index <= n.oldMaxInt && n.members.len() > len(fresh) {
			return false
		}
		if i > 0 && compareNames(fresh[i-1], name) > 0 {
			return false
		}
	}
	return true
}

func isIndex(name string) bool {
	_, ok := asIndex(name)
	return ok
}

// fresh returns the members that were added, in order.
func (n *node) fresh() []string {
	var out []string
	for name, was := range n.touched {
		if (was == nil || n.moved[name]) && n.members.get(name) != nil {
			out = append(out, name)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return n.members.find(a) - n.members.find(b) })
	return out
}

func (t *tree) visitMembers(n *node) {
	if len(n.touched) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(n.touched)) {
		was, moved := n.touched[name], n.moved[name]
		t.in(name, func() {
			if v, ok := t.resolve(n.members.get(name)); ok {
				n.members.set(name, v)
			} else {
				n.members.remove(name)
				moved = true
			}
			if was != nil && (moved || n.members.get(name) == nil) {
				t.writeRemoved()
			}
		})
		if now := n.members.get(name); now != nil && was != nil && !moved {
			t.in(name, func() { n.members.set(name, t.merge(was, now, place{up: n, name: name})) })
		}
	}
	for _, name := range n.fresh() {
		t.in(name, func() { n.members.set(name, t.merge(nil, n.members.get(name), place{up: n, name: name})) })
	}
}

func (t *tree) visitElements(n *node) {
	if len(n.elements) < n.oldLen {
		t.writeTruncated(len(n.elements))
	}
	element := func(i int, was goja.Value) {
		t.in(strconv.Itoa(i), func() {
			n.elements[i] = t.merge(was, t.resolveOr(n.elements[i], goja.Null()), place{up: n, index: i})
		})
	}
	for _, i := range slices.Sorted(maps.Keys(n.old)) {
		if i < len(n.elements) {
			element(i, n.old[i])
		}
	}
	for i := n.oldLen; i < len(n.elements); i++ {
		element(i, nil)
	}
}

// silent says whether nothing is written down now.
func (t *tree) silent() bool { return t.mute || t.quiet > 0 || t.err != nil }

// writeRemoved says that the member at the present path is gone.
func (t *tree) writeRemoved() {
	if !t.silent() {
		t.ops.Remove(t.path)
	}
}

// writeTruncated says that the list at the present path has n elements.
func (t *tree) writeTruncated(n int) {
	if !t.silent() {
		t.ops.Truncate(t.path, n)
	}
}

// writeValue says that v, which has been taken down, is at the present path.
func (t *tree) writeValue(v goja.Value) {
	if t.silent() {
		return
	}
	t.text = appendJSON(t.text[:0], v)
	t.ops.Set(t.path, t.text)
	if t.ops.Full() {
		t.err = ErrMemory
	}
}
