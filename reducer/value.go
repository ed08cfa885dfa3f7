package reducer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// value is a JSON value: a scalar in its own bytes, a list, or an object. Exactly one of the three is set; none is no value.
type value struct {
	scalar []byte
	list   *list
	object *object
}

type list struct{ elements []value }

func (v *value) isNull() bool { return string(v.scalar) == "null" }

// orNil returns v, nil where it is no value.
func (v *value) orNil() *value {
	if v.scalar == nil && v.list == nil && v.object == nil {
		return nil
	}
	return v
}

func (v *value) append(dst []byte) []byte {
	switch {
	case v.object != nil:
		return v.object.append(dst)
	case v.list != nil:
		dst = append(dst, '[')
		for i := range v.list.elements {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = v.list.elements[i].append(dst)
		}
		return append(dst, ']')
	}
	return append(dst, v.scalar...)
}

// at returns the member or the element that a path names, nil where there is none.
func (v *value) at(name string) *value {
	switch {
	case v.object != nil:
		return v.object.get(name)
	case v.list != nil:
		if e, ok := parseElement(name); ok {
			return e.find(v.list)
		}
		i, ok := index(name)
		if !ok || i >= len(v.list.elements) {
			return nil
		}
		return &v.list.elements[i]
	}
	return nil
}

// object is a JSON object that keeps the order in which its members first appeared.
type object struct {
	entries []entry

	// numbers has those of the entries by name; nil while they are few enough to look through. The n-th entry that came has the number n, and keeps it when others before it go: it stands at its
	// number or below, by as many as have gone at the most.
	numbers map[string]int
	next    int // the number of the next entry
}

// entry is a member. Its name is what the text says, its spelling how the text was written, with quotes.
type entry struct {
	name     string
	spelling []byte
	value    value
	number   int // while the object has numbers
}

// fewEntries is up to how many members an object is searched without a map.
const fewEntries = 8

func newObject(n int) *object { return &object{entries: make([]entry, 0, n)} }

func (o *object) find(name string) int {
	if o.numbers == nil {
		return slices.IndexFunc(o.entries, func(e entry) bool { return e.name == name })
	}
	number, ok := o.numbers[name]
	if !ok {
		return -1
	}
	gone := o.next - len(o.entries)
	low, high := max(0, number-gone), min(number, len(o.entries)-1)
	for low < high {
		if middle := (low + high) / 2; o.entries[middle].number < number {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// get returns a member's value, nil where there is none. It may be changed in place until the object itself is.
func (o *object) get(name string) *value {
	if i := o.find(name); i >= 0 {
		return &o.entries[i].value
	}
	return nil
}

// set replaces a member's value in its place, or adds the member at the end, and returns the value in the object.
func (o *object) set(name string, spelling []byte, v value) *value {
	i := o.find(name)
	if i < 0 {
		i = len(o.entries)
		o.entries = append(o.entries, entry{name: name, spelling: spelling, number: o.next})
		if o.numbers != nil {
			o.numbers[name] = o.next
			o.next++
		} else if len(o.entries) > fewEntries {
			o.index()
		}
	}
	o.entries[i].value = v
	return &o.entries[i].value
}

func (o *object) remove(name string) {
	i := o.find(name)
	if i < 0 {
		return
	}
	delete(o.numbers, name)
	o.entries = slices.Delete(o.entries, i, i+1)
}

// index numbers the entries.
func (o *object) index() {
	o.numbers = make(map[string]int, len(o.entries))
	for i := range o.entries {
		o.entries[i].number = i
		o.numbers[o.entries[i].name] = i
	}
	o.next = len(o.entries)
}

func (o *object) append(dst []byte) []byte {
	dst = append(dst, '{')
	for i := range o.entries {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, o.entries[i].spelling...), ':')
		dst = o.entries[i].value.append(dst)
	}
	return append(dst, '}')
}

// spell returns how a name is written: half of a surrogate pair as an escape.
func spell(name string) []byte {
	out := []byte{'"'}
	for {
		at := surrogate(name)
		out = appendInner(out, name[:at])
		if at == len(name) {
			return append(out, '"')
		}
		out = fmt.Appendf(out, `\u%04x`, 0xd000|int(name[at+1]&0x3f)<<6|int(name[at+2]&0x3f))
		name = name[at+3:]
	}
}

// surrogate returns where the first half of a surrogate pair begins in a name, its length where there is none.
func surrogate(name string) int {
	for at := 0; at+2 < len(name); at++ {
		if name[at] == 0xed && name[at+1] >= 0xa0 {
			return at
		}
	}
	return len(name)
}

// appendInner appends a text in UTF-8 as it stands between quotes.
func appendInner(dst []byte, text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string can be encoded
	quoted := b.Bytes()
	return append(dst, quoted[1:len(quoted)-len("\"\n")]...)
}
