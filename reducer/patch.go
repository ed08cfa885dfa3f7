package reducer

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"github.com/gestadb/gesta/store"
)

// JSONPatch returns the JSON patch (RFC 6902), a list of operations, that makes one state of another. Either is JSON; nil stands for nothing, of which the patch makes the whole
// state. An error is [store.ErrInvalid].
func JSONPatch(from, to []byte) ([]byte, error) {
	a, b, err := parseBoth(from, to)
	if err != nil {
		return nil, err
	}
	p := patch{out: []byte{'['}}
	switch {
	case a == nil && b != nil:
		p.add(OpAdd, b)
	case b == nil && a != nil:
		p.add(OpRemove, nil)
	case a != nil:
		p.values(a, b)
	}
	return append(p.out, ']'), nil
}

// patch is a JSON patch in the making.
type patch struct {
	out  []byte
	path []byte // where it is
}

// add adds an operation at the path.
func (p *patch) add(op string, v *value) {
	if len(p.out) > 1 {
		p.out = append(p.out, ',')
	}
	p.out = append(append(append(p.out, `{"op":"`...), op...), `","path":`...)
	p.out = append(p.out, spell(string(p.path))...)
	if v != nil {
		p.out = v.append(append(p.out, `,"value":`...))
	}
	p.out = append(p.out, '}')
}

// at calls f for a member or an element.
func (p *patch) at(token string, f func()) {
	n := len(p.path)
	p.path = appendToken(p.path, token)
	f()
	p.path = p.path[:n]
}

func (p *patch) values(from, to *value) {
	switch {
	case from.object != nil && to.object != nil:
		p.objects(from.object, to.object)
	case from.list != nil && to.list != nil:
		p.lists(from.list.elements, to.list.elements)
	case from.scalar != nil && to.scalar != nil && EqualScalars(from.scalar, to.scalar):
	default:
		p.add(OpReplace, to)
	}
}

func (p *patch) objects(from, to *object) {
	for i := range from.entries {
		e := &from.entries[i]
		p.at(e.name, func() {
			if now := to.get(e.name); now != nil {
				p.values(&e.value, now)
			} else {
				p.add(OpRemove, nil)
			}
		})
	}
	for i := range to.entries {
		if e := &to.entries[i]; from.find(e.name) < 0 {
			p.at(e.name, func() { p.add(OpAdd, &e.value) })
		}
	}
}

// lists goes by places: those that are gone are taken from the end, those that are new put there.
func (p *patch) lists(from, to []value) {
	both := min(len(from), len(to))
	for i := range both {
		p.at(strconv.Itoa(i), func() { p.values(&from[i], &to[i]) })
	}
	for i := len(from) - 1; i >= both; i-- {
		p.at(strconv.Itoa(i), func() { p.add(OpRemove, nil) })
	}
	for i := both; i < len(to); i++ {
		p.at(strconv.Itoa(i), func() { p.add(OpAdd, &to[i]) })
	}
}

// MergePatchBetween returns the JSON merge patch (RFC 7396) that makes one state of another. Either is JSON; nil stands for nothing, which a merge patch takes for an empty object.
// An error is [store.ErrInvalid]: also where the new state has a member that is null, for a merge patch has no way to say that.
func MergePatchBetween(from, to []byte) ([]byte, error) {
	a, b, err := parseBoth(from, to)
	if err != nil {
		return nil, err
	}
	switch {
	case b == nil && a != nil:
		return nil, &store.InvalidError{Problem: "a merge patch cannot take a whole state away"}
	case b == nil:
		return []byte("{}"), nil
	}
	d := differ{}
	v, err := d.mergePatch(a, b)
	if err != nil {
		return nil, err
	}
	return v.append(nil), nil
}

// mergePatch returns what to merge into a value, nil for nothing, to make another of it.
func (d *differ) mergePatch(from, to *value) (value, error) {
	if to.object == nil {
		return *to, nil
	}
	was := newObject(0)
	if from != nil && from.object != nil {
		was = from.object
	}
	out := newObject(len(to.object.entries))
	for i := range was.entries {
		if e := &was.entries[i]; to.object.find(e.name) < 0 {
			out.set(e.name, e.spelling, value{scalar: null})
		}
	}
	for i := range to.object.entries {
		e := &to.object.entries[i]
		old := was.get(e.name)
		if old != nil && sameValue(old, &e.value) {
			continue
		}
		outer := d.enter(e.name)
		if e.value.isNull() {
			return value{}, &store.InvalidError{Problem: fmt.Sprintf("a merge patch cannot make %s null: there null takes a member away", d.path)}
		}
		v, err := d.mergePatch(old, &e.value)
		if err != nil {
			return value{}, err
		}
		out.set(e.name, e.spelling, v)
		d.leave(outer)
	}
	return value{object: out}, nil
}

var null = []byte("null")

// sameValue says whether two values are equal, members in whatever order.
func sameValue(a, b *value) bool {
	switch {
	case a.object != nil && b.object != nil:
		if len(a.object.entries) != len(b.object.entries) {
			return false
		}
		for i := range a.object.entries {
			e := &a.object.entries[i]
			if other := b.object.get(e.name); other == nil || !sameValue(&e.value, other) {
				return false
			}
		}
		return true
	case a.list != nil && b.list != nil:
		return slices.EqualFunc(a.list.elements, b.list.elements, func(a, b value) bool { return sameValue(&a, &b) })
	case a.scalar != nil && b.scalar != nil:
		return EqualScalars(a.scalar, b.scalar)
	}
	return false
}

// Equal says whether two JSON texts have the same value: numbers by their decimal values, texts by what they say, members of objects in whatever order. Either may be nil, which equals
// nothing but itself. What is not JSON equals nothing.
func Equal(a, b []byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	if bytes.Equal(a, b) {
		_, ok := parse(a)
		return ok
	}
	x, y, err := parseBoth(a, b)
	return err == nil && sameValue(x, y)
}

func parseBoth(a, b []byte) (x, y *value, err error) {
	x, okX := parseOrNothing(a)
	y, okY := parseOrNothing(b)
	if !okX || !okY {
		return nil, nil, &store.InvalidError{Problem: "the state is not JSON in valid UTF-8"}
	}
	return x, y, nil
}
