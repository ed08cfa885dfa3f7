package reducer

import (
	"cmp"
	"slices"
)

// Change is what happened to one leaf of a state. A leaf is a text, a number, true, false, null, and a list or an object that has nothing in it; the state itself is none as long as it
// is an empty object. Numbers of the same decimal value are equal, and texts that say the same.
type Change struct {
	Path string // a JSON Pointer
	Old  []byte // as JSON; nil for a leaf that was not there
	New  []byte // as JSON; nil for a leaf that is not there any more
}

// The operations of a change.
const (
	OpAdd     = "add"
	OpRemove  = "remove"
	OpReplace = "replace"
)

// Op says what happened to the leaf.
func (c *Change) Op() string {
	switch {
	case c.Old == nil:
		return OpAdd
	case c.New == nil:
		return OpRemove
	default:
		return OpReplace
	}
}

// Reversed returns the changes that undo others, in the same memory.
func Reversed(changes []Change) []Change {
	for i := range changes {
		changes[i].Old, changes[i].New = changes[i].New, changes[i].Old
	}
	return changes
}

// Total adds up the changes of one step after the other.
type Total struct{ byPath map[string]Change }

// Add adds changes, which may change afterwards.
func (t *Total) Add(changes []Change) {
	if t.byPath == nil {
		t.byPath = map[string]Change{}
	}
	for i := range changes {
		c := &changes[i]
		sum, ok := t.byPath[c.Path]
		if !ok {
			sum = Change{Path: c.Path, Old: slices.Clone(c.Old)}
		}
		sum.New = slices.Clone(c.New)
		t.byPath[c.Path] = sum
	}
}

// Changes returns what has changed altogether, sorted by path: nothing for a leaf that is what it was.
func (t *Total) Changes() []Change {
	out := make([]Change, 0, len(t.byPath))
	for _, c := range t.byPath {
		if c.differs() {
			out = append(out, c)
		}
	}
	return settle(out)
}

// settle sorts changes, each of which is one, and makes one of those of the same leaf, none where that is what it was.
func settle(changes []Change) []Change {
	byPath := func(a, b Change) int { return cmp.Compare(a.Path, b.Path) }
	if !slices.IsSortedFunc(changes, byPath) {
		slices.SortStableFunc(changes, byPath)
	}
	out := changes[:0]
	for i := 0; i < len(changes); {
		sum := changes[i]
		n := i + 1
		for ; n < len(changes) && changes[n].Path == sum.Path; n++ {
			sum.New = changes[n].New
		}
		if n == i+1 || sum.differs() {
			out = append(out, sum)
		}
		i = n
	}
	return out
}

// differs says whether the leaf is another than it was.
func (c *Change) differs() bool {
	if c.Old == nil || c.New == nil {
		return c.Old != nil || c.New != nil
	}
	return !EqualScalars(c.Old, c.New)
}
