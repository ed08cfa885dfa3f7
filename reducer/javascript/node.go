package javascript

import (
	"reflect"

	"github.com/dop251/goja"
)

// node is an object or a list of the state, as it is kept in the child: handlers see it as js. It knows what was written to it since the last commit, and where it stood then. Nodes
// form a tree at each commit: none has two places. In between their members may be anything that JavaScript has; what is no scalar and no node is only in members that are touched.
type node struct {
	tree   *tree
	js     *goja.Object
	isList bool

	// Where it stood at the last commit. A node that is not there any more, or never was, is just an object.
	up    *node
	name  string // in an object
	index int    // in a list

	members  members      // of an object
	elements []goja.Value // of a list

	// Since the last commit:
	marked  bool                  // it or a node below it was written to
	below   []*node               // those of its own nodes that are marked
	touched map[string]goja.Value // members that were written, and what they were; nil for those that were not there
	old     map[int]goja.Value    // elements below oldLen that were written, and what they were
	moved   map[string]bool       // members that were removed and came back, at the end
	oldLen  int

	oldMaxInt uint64 // of members
}

// object and list are how goja sees a node.
type (
	object struct{ *node }
	list   struct{ *node }
)

var objectType, listType = reflect.TypeFor[object](), reflect.TypeFor[list]()

// nodeOf returns the node behind a value, nil where there is none.
func nodeOf(v goja.Value) *node {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil
	}
	switch o.ExportType() {
	case objectType:
		if n, ok := o.Export().(object); ok {
			return n.node
		}
	case listType:
		if n, ok := o.Export().(list); ok {
			return n.node
		}
	}
	return nil
}

// mark says that a node is about to be written to. It returns false when that must not be.
func (n *node) mark() bool {
	if n.tree.committing {
		n.tree.fatal(ErrState, "it changes while it is taken down")
		return false
	}
	for m := n; !m.marked; m = m.up {
		m.marked = true
		m.oldLen, m.oldMaxInt = len(m.elements), m.members.maxInt
		m.tree.marked = append(m.tree.marked, m)
		if m.up == nil {
			break
		}
		m.up.below = append(m.up.below, m)
	}
	return true
}

// written says whether a node itself is not what it was at the last commit.
func (n *node) written() bool {
	return n.marked && (len(n.touched) > 0 || len(n.old) > 0 || len(n.elements) != n.oldLen)
}

func (n *node) unmark() {
	n.marked, n.below = false, n.below[:0]
	n.touched, n.old, n.moved = nil, nil, nil
}

// Get returns a member.
func (o object) Get(name string) goja.Value { return o.members.get(name) }

// Has says whether there is a member.
func (o object) Has(name string) bool { return o.members.get(name) != nil }

// Keys returns the names of the members in JavaScript's order.
func (o object) Keys() []string { return o.members.names() }

// Set writes a member.
func (o object) Set(name string, v goja.Value) bool {
	was := o.members.get(name)
	if v == nil { // a property that is defined without a value
		if v = was; v == nil {
			v = goja.Undefined()
		}
	}
	if !o.mark() {
		return false
	}
	if old, again := o.touched[name]; !again {
		o.touch(name, was)
	} else if was == nil && old != nil {
		if o.moved == nil {
			o.node.moved = map[string]bool{}
		}
		o.moved[name] = true
	}
	o.tree.note(v, place{up: o.node, name: name})
	o.members.set(name, v)
	return true
}

// Delete removes a member.
func (o object) Delete(name string) bool {
	was := o.members.get(name)
	if was == nil {
		return true
	}
	if !o.mark() {
		return false
	}
	if _, again := o.touched[name]; !again {
		o.touch(name, was)
	}
	o.members.remove(name)
	return true
}

func (n *node) touch(name string, was goja.Value) {
	if n.touched == nil {
		n.touched = map[string]goja.Value{}
	}
	n.touched[name] = was
}

// Len returns how many elements there are.
func (l list) Len() int { return len(l.elements) }

// Get returns an element.
func (l list) Get(i int) goja.Value {
	if i < 0 || i >= len(l.elements) {
		return nil
	}
	return l.elements[i]
}

// Set writes an element; the list becomes as long as it takes.
func (l list) Set(i int, v goja.Value) bool {
	if i < 0 || !l.mark() {
		return false
	}
	if v == nil {
		v = goja.Undefined()
	}
	l.tree.note(v, place{up: l.node, index: i})
	if i >= len(l.elements) {
		l.extend(i)
		l.node.elements = append(l.elements, v)
		l.remember(i, goja.Undefined())
		return true
	}
	l.remember(i, l.elements[i])
	l.elements[i] = v
	return true
}

// SetLen makes the list longer or shorter.
func (l list) SetLen(n int) bool {
	if n < 0 || int64(n) > 1<<32-1 || !l.mark() {
		return false
	}
	for i := n; i < len(l.elements); i++ {
		l.remember(i, l.elements[i])
	}
	if n <= len(l.elements) {
		clear(l.elements[n:])
		l.node.elements = l.elements[:n]
	}
	l.extend(n)
	return true
}

// extend makes the list at least n long.
func (l list) extend(n int) {
	if more := n - len(l.elements); more > 0 {
		l.node.elements = append(l.elements, make([]goja.Value, more)...)
		for i := len(l.elements) - more; i < len(l.elements); i++ {
			l.elements[i] = goja.Undefined()
		}
	}
}

// remember keeps what an element was at the last commit.
func (n *node) remember(i int, was goja.Value) {
	if i >= n.oldLen {
		return
	}
	if _, again := n.old[i]; again {
		return
	}
	if n.old == nil {
		n.old = map[int]goja.Value{}
	}
	n.old[i] = was
}
