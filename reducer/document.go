package reducer

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/gestadb/gesta/store"
)

// Document is a state as JSON that knows which of its leaves an event changed: what a [Fold] is made of. Its zero value is a state that is not there. It is used by one
// goroutine at a time.
//
// For each event the fold calls Set, Truncate or Replace any number of times, and then Finish.
type Document struct {
	root     value
	started  bool // a step was finished
	tracking bool
	paths    []Path
	differ   differ
	values   []byte // of one step, one behind the other
}

// Begin says what the steps that follow tell. The first step of all brings the leaves of what the state began with.
func (d *Document) Begin(w Want) {
	d.tracking, d.paths = w.Changes, w.Paths
	d.differ = differ{key: w.ArrayKey}
	if d.tracking && !d.started {
		d.differ.values(nil, d.root.orNil())
	}
}

// Finish makes step what an event did, since the one before it was finished.
func (d *Document) Finish(step *Step, r store.Recorded, applied bool) {
	d.started = true
	changes := settle(d.differ.changes)
	*step = Step{Event: r, Applied: applied, Changes: changes, Values: step.Values[:0]}
	d.differ.changes = changes[:0]
	d.values = d.values[:0]
	for _, p := range d.paths {
		step.Values = append(step.Values, d.valueAt(p))
	}
}

// valueAt returns the value at a path, in memory that the next step uses again; nil where there is none.
func (d *Document) valueAt(p Path) []byte {
	v := d.at(p)
	if v == nil {
		return nil
	}
	n := len(d.values)
	d.values = v.append(d.values)
	return d.values[n:len(d.values):len(d.values)]
}

// Replace makes text the state, nil for none. It returns an error when it is not JSON.
func (d *Document) Replace(text []byte) error {
	now := &value{}
	if text != nil {
		v, ok := parse(text)
		if !ok {
			return fmt.Errorf("%w: the state is not JSON in valid UTF-8", store.ErrInvalid)
		}
		now = &v
	}
	if d.tracking {
		d.differ.values(d.root.orNil(), now.orNil())
	}
	d.root = *now
	return nil
}

// Set makes text the value at a path below the state, nil for none: of a member of an object, or an element of a list, at its end at the most. It returns an error when text is not
// JSON, or there is nothing that could have such a part.
func (d *Document) Set(p Path, text []byte) error {
	if len(p) == 0 {
		return d.Replace(text)
	}
	var now *value
	if text != nil {
		v, ok := parse(text)
		if !ok {
			return fmt.Errorf("%w: the value at %v is not JSON in valid UTF-8", store.ErrInvalid, p)
		}
		now = &v
	}
	parent, last := d.at(p[:len(p)-1]), p[len(p)-1]
	switch {
	case parent != nil && parent.object != nil:
		d.change(p, func() { d.setMember(parent.object, last, now) })
		return nil
	case parent != nil && parent.list != nil && now != nil:
		if i, ok := index(last); ok && i <= len(parent.list.elements) {
			d.change(p, func() { d.setElement(parent.list, i, now) })
			return nil
		}
	}
	return fmt.Errorf("%w: the state has nothing at %v", store.ErrInvalid, p)
}

// Truncate shortens the list at a path to n elements. It returns an error when there is no list that long.
func (d *Document) Truncate(p Path, n int) error {
	v := d.at(p)
	if v == nil || v.list == nil || n < 0 || n > len(v.list.elements) {
		return fmt.Errorf("%w: the state has no list of %d elements at %v", store.ErrInvalid, n, p)
	}
	if n < len(v.list.elements) {
		d.change(slices.Concat(p, Path{""}), func() { d.truncate(v.list, n) })
	}
	return nil
}

// change calls apply, which changes the part of the state at p in its parent and tells the differ. Where elements go by a key, any change of one may change what all are called: then
// the outermost list above p is compared as a whole.
func (d *Document) change(p Path, apply func()) {
	list, at := d.listAbove(p)
	if !d.tracking || d.differ.key == "" || list == nil {
		d.within(p[:len(p)-1], apply)
		return
	}
	was, _ := parse(list.append(nil)) // it is JSON
	d.tracking = false
	apply()
	d.tracking = true
	d.within(at, func() { d.differ.values(&was, list) })
}

// listAbove returns the outermost list that p leads into, and where it is.
func (d *Document) listAbove(p Path) (*value, Path) {
	v := &d.root
	for i := range p {
		if v == nil {
			return nil, nil
		}
		if v.list != nil {
			return v, p[:i]
		}
		v = v.at(p[i])
	}
	return nil, nil
}

// within calls f with the differ at a path.
func (d *Document) within(p Path, f func()) {
	n := len(d.differ.path)
	for _, token := range p {
		d.differ.path = appendToken(d.differ.path, token)
	}
	f()
	d.differ.path = d.differ.path[:n]
}

func (d *Document) setMember(o *object, name string, now *value) {
	had := len(o.entries)
	var was *value
	if old := o.get(name); old != nil {
		own := *old
		was = &own
	}
	if now == nil {
		o.remove(name)
	} else {
		o.set(name, spell(name), *now)
	}
	if d.tracking {
		d.differ.emptied(had, len(o.entries))
		d.differ.valuesAt(name, was, now)
	}
}

func (d *Document) setElement(l *list, i int, now *value) {
	var was *value
	if i < len(l.elements) {
		own := l.elements[i]
		was, l.elements[i] = &own, *now
	} else {
		l.elements = append(l.elements, *now)
	}
	if !d.tracking {
		return
	}
	if was == nil && i == 0 {
		d.differ.removed(&value{list: &list{}})
	}
	d.differ.valuesAt(strconv.Itoa(i), was, now)
}

func (d *Document) truncate(l *list, n int) {
	if d.tracking {
		for i := n; i < len(l.elements); i++ {
			d.differ.valuesAt(strconv.Itoa(i), &l.elements[i], nil)
		}
		if n == 0 {
			d.differ.added(&value{list: &list{}})
		}
	}
	l.elements = slices.Delete(l.elements, n, len(l.elements))
}

// at returns the part at a path, nil where there is none.
func (d *Document) at(p Path) *value {
	v := d.root.orNil()
	for _, token := range p {
		if v == nil {
			return nil
		}
		v = v.at(token)
	}
	return v
}

// AppendState appends the state, null where there is none.
func (d *Document) AppendState(dst []byte) []byte {
	if d.root.orNil() == nil {
		return append(dst, "null"...)
	}
	return d.root.append(dst)
}

// AppendAt appends the part of the state at a path, and returns false where there is none.
func (d *Document) AppendAt(dst []byte, p Path) ([]byte, bool) {
	v := d.at(p)
	if v == nil {
		return dst, false
	}
	return v.append(dst), true
}
