package reducer

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// differ finds the leaves in which values differ.
type differ struct {
	key     string // of Want.ArrayKey
	changes []Change
	path    []byte // where it is
}

// enter goes to a member or an element, and returns what leave needs to come back.
func (d *differ) enter(token string) (outer int) {
	outer = len(d.path)
	d.path = appendToken(d.path, token)
	return outer
}

func (d *differ) leave(outer int) { d.path = d.path[:outer] }

// valuesAt is values of a member or an element.
func (d *differ) valuesAt(token string, from, to *value) {
	outer := d.enter(token)
	d.values(from, to)
	d.leave(outer)
}

// appendToken appends a name to a JSON Pointer.
func appendToken(path []byte, token string) []byte {
	path = append(path, '/')
	if strings.IndexByte(token, '~') < 0 && strings.IndexByte(token, '/') < 0 {
		return append(path, token...)
	}
	return append(path, escaper.Replace(token)...)
}

var escaper = strings.NewReplacer("~", "~0", "/", "~1")

// values adds the changes that lead from one value to another; either may be nil for nothing.
func (d *differ) values(from, to *value) {
	switch {
	case from == nil && to == nil:
	case from == nil:
		d.leaves(to, added)
	case to == nil:
		d.leaves(from, removed)
	case d.isLeaf(from) && d.isLeaf(to):
		if !EqualScalars(from.leaf(), to.leaf()) {
			d.changes = append(d.changes, Change{Path: string(d.path), Old: from.leaf(), New: to.leaf()})
		}
	case from.object != nil && to.object != nil:
		d.objects(from.object, to.object)
	case from.list != nil && to.list != nil:
		d.lists(from.list, to.list)
	default:
		d.leaves(from, removed)
		d.leaves(to, added)
	}
}

func (d *differ) added(v *value) {
	d.changes = append(d.changes, Change{Path: string(d.path), New: v.leaf()})
}

func (d *differ) removed(v *value) {
	d.changes = append(d.changes, Change{Path: string(d.path), Old: v.leaf()})
}

// isLeaf says whether v has nothing in it. The empty state is no leaf.
func (d *differ) isLeaf(v *value) bool {
	switch {
	case v.object != nil:
		return len(v.object.entries) == 0 && len(d.path) > 0
	case v.list != nil:
		return len(v.list.elements) == 0
	}
	return true
}

// leaf returns the text of a leaf, which is not to be changed.
func (v *value) leaf() []byte {
	switch {
	case v.object != nil:
		return emptyObject
	case v.list != nil:
		return emptyList
	}
	return v.scalar
}

var emptyObject, emptyList = []byte("{}"), []byte("[]")

// whether a leaf came or went.
const (
	added   = true
	removed = false
)

// leaves adds the leaves of a value as added or removed.
func (d *differ) leaves(v *value, came bool) {
	switch {
	case d.isLeaf(v) && came:
		d.added(v)
	case d.isLeaf(v):
		d.removed(v)
	case v.object != nil:
		for i := range v.object.entries {
			e := &v.object.entries[i]
			d.leavesAt(e.name, &e.value, came)
		}
	default:
		tokens := d.tokens(v.list)
		for i := range v.list.elements {
			d.leavesAt(tokens.of(i), &v.list.elements[i], came)
		}
	}
}

// leavesAt is leaves of a member or an element.
func (d *differ) leavesAt(token string, v *value, came bool) {
	outer := d.enter(token)
	d.leaves(v, came)
	d.leave(outer)
}

func (d *differ) objects(from, to *object) {
	d.emptied(len(from.entries), len(to.entries))
	for i := range from.entries {
		e := &from.entries[i]
		d.valuesAt(e.name, &e.value, to.get(e.name))
	}
	for i := range to.entries {
		if e := &to.entries[i]; from.find(e.name) < 0 {
			d.valuesAt(e.name, nil, &e.value)
		}
	}
}

func (d *differ) lists(from, to *list) {
	a, b := d.tokens(from), d.tokens(to)
	if len(from.elements) == 0 || len(to.elements) == 0 || a.byKey == nil != (b.byKey == nil) {
		d.leaves(&value{list: from}, removed) // their elements have nothing in common
		d.leaves(&value{list: to}, added)
		return
	}
	if a.byKey == nil {
		for i := range max(len(from.elements), len(to.elements)) {
			d.valuesAt(strconv.Itoa(i), from.element(i), to.element(i))
		}
		return
	}
	for i := range from.elements {
		d.valuesAt(a.of(i), &from.elements[i], to.element(b.find(a.of(i))))
	}
	for i := range to.elements {
		if a.find(b.of(i)) < 0 {
			d.valuesAt(b.of(i), nil, &to.elements[i])
		}
	}
}

// emptied adds what becomes of an object that is a leaf while it has no members: it had and has so many.
func (d *differ) emptied(had, has int) {
	switch {
	case len(d.path) == 0 || (had == 0) == (has == 0):
	case had == 0:
		d.changes = append(d.changes, Change{Path: string(d.path), Old: emptyObject})
	default:
		d.changes = append(d.changes, Change{Path: string(d.path), New: emptyObject})
	}
}

// element returns an element, nil where there is none.
func (l *list) element(i int) *value {
	if i < 0 || i >= len(l.elements) {
		return nil
	}
	return &l.elements[i]
}

// tokens are what stands for the elements of a list in paths.
type tokens struct {
	names []string
	byKey map[string]int // nil where elements go by places
}

// tokens returns those of a list. Where an element has no name of its own all go by places.
func (d *differ) tokens(l *list) tokens {
	if d.key == "" || len(l.elements) == 0 {
		return tokens{}
	}
	t := tokens{byKey: make(map[string]int, len(l.elements))}
	for i := range l.elements {
		e, ok := elementOf(&l.elements[i], d.key)
		token := e.String()
		if _, twice := t.byKey[token]; !ok || twice {
			return tokens{}
		}
		t.names = append(t.names, token)
		t.byKey[token] = i
	}
	return t
}

func (t *tokens) of(i int) string {
	if t.names == nil {
		return strconv.Itoa(i)
	}
	return t.names[i]
}

func (t *tokens) find(token string) int {
	if i, ok := t.byKey[token]; ok {
		return i
	}
	return -1
}

// Diff returns the leaves in which two states differ, sorted by path. Either is JSON; nil stands for nothing. arrayKey is that of [Want]. It returns false where one is not JSON.
func Diff(from, to []byte, arrayKey string) ([]Change, bool) {
	a, okA := parseOrNothing(from)
	b, okB := parseOrNothing(to)
	if !okA || !okB {
		return nil, false
	}
	d := differ{key: arrayKey}
	d.values(a, b)
	return settle(d.changes), true
}

func parseOrNothing(text []byte) (*value, bool) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, true
	}
	v, ok := parse(slices.Clone(text))
	return &v, ok
}
