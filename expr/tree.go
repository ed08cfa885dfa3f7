package expr

import (
	"bytes"
	"slices"
)

// tree is a value taken apart, so that each byte of it is looked at once, however deep it lies.
type tree struct {
	Value
	name     []byte // in an object
	children []tree // of a list; of an object in the order of their names, each name once
}

// grow reads the value at i, and returns where it ends.
func grow(b []byte, i, level int) (t tree, end int) {
	if level == maxLevels || i == len(b) || b[i] != '[' && b[i] != '{' {
		end = skipValue(b, i)
		return tree{Value: valueOf(b[i:end])}, end
	}
	m := membersAt(b, i)
	for m.item() {
		child, end := grow(b, m.i, level+1)
		if !m.past(end) {
			break
		}
		child.name = m.name
		t.children = append(t.children, child)
	}
	t.kind = kindList
	if !m.list {
		t.kind = kindObject
		t.sort()
	}
	return t, m.i
}

// sort brings members into the order of their names. Of those with the same name the last one stays.
func (t *tree) sort() {
	slices.SortStableFunc(t.children, func(a, b tree) int { return compareText(a.name, b.name) })
	kept := t.children[:0]
	for i, c := range t.children {
		if i+1 == len(t.children) || compareText(c.name, t.children[i+1].name) != 0 {
			kept = append(kept, c)
		}
	}
	t.children = kept
}

func (t *tree) equal(other *tree) bool {
	if t.kind != other.kind || len(t.children) != len(other.children) {
		return false
	}
	if t.kind != kindList && t.kind != kindObject {
		return equal(t.Value, other.Value)
	}
	if t.text != nil || other.text != nil {
		return bytes.Equal(t.text, other.text) // too deep to have been taken apart
	}
	for i := range t.children {
		a, b := &t.children[i], &other.children[i]
		if compareText(a.name, b.name) != 0 || !a.equal(b) {
			return false
		}
	}
	return true
}
