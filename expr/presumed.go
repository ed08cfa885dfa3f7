package expr

import "slices"

// Presumed says for each of [Expr.Refs] whether the expression takes for granted that it is there: it neither asks has() for it, nor compares it with a null that is
// written out.
func (e *Expr) Presumed() []bool {
	presumed := make([]bool, len(e.refs))
	for i := range presumed {
		presumed[i] = true
	}
	e.root.doubt(presumed)
	return presumed
}

// doubt clears the refs that may be missing.
func (n *node) doubt(presumed []bool) {
	if n == nil {
		return
	}
	switch n.op {
	case opHas:
		presumed[n.ref] = false
	case opEqual, opUnequal, opIn:
		if n.left.op == opRef && n.right.hasNull() {
			presumed[n.left.ref] = false
		}
		if n.right.op == opRef && n.left.hasNull() {
			presumed[n.right.ref] = false
		}
	default:
	}
	n.left.doubt(presumed)
	n.right.doubt(presumed)
	for _, item := range n.list {
		item.doubt(presumed)
	}
}

// hasNull says whether the node is a null, or a list with one in it.
func (n *node) hasNull() bool {
	if n.op == opValue {
		list := n.value
		if list.kind == kindList { // of literals alone
			t, _ := grow(list.text, 0, 0)
			return slices.ContainsFunc(t.children, func(item tree) bool { return item.kind == kindNull })
		}
		return list.kind == kindNull
	}
	for _, item := range n.list {
		if item.hasNull() {
			return true
		}
	}
	return false
}
