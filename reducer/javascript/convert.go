package javascript

import (
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// convert makes the value of a state of anything that is resolved: nodes, of which nothing else has a part.
func (t *tree) convert(v goja.Value, at place) goja.Value {
	o, ok := v.(*goja.Object)
	if !ok {
		return t.scalar(v, at)
	}
	n := t.newNode(isList(o), at)
	if n.isList {
		elements := t.elementsOf(o)
		n.elements = make([]goja.Value, len(elements))
		for i, e := range elements {
			n.elements[i] = goja.Null()
			t.in(strconv.Itoa(i), func() { n.elements[i] = t.convert(e, place{up: n, index: i}) })
		}
		return n.js
	}
	for _, m := range t.membersOf(o) {
		t.in(m.name, func() { n.members.set(m.name, t.convert(m.value, place{up: n, name: m.name})) })
	}
	return n.js
}

func (t *tree) newNode(isAList bool, at place) *node {
	n := &node{tree: t, isList: isAList, up: at.up, name: at.name, index: at.index}
	if isAList {
		n.js = t.vm.NewDynamicArray(list{n})
	} else {
		n.js = t.vm.NewDynamicObject(object{n})
	}
	return n
}

// scalar returns a scalar as the state keeps it.
func (t *tree) scalar(v goja.Value, at place) goja.Value {
	if _, ok := v.(goja.String); ok {
		return v
	}
	switch x := v.Export().(type) {
	case float64:
		switch {
		case math.IsNaN(x):
			t.invalid("NaN; JSON has no such number", t.lineOf(v, at))
		case math.IsInf(x, 0):
			t.invalid("infinite; JSON has no such number", t.lineOf(v, at))
		case x == 0:
			return t.vm.ToValue(0) // there is one zero
		}
	case int64, bool, nil:
	default:
		t.invalid("a BigInt; "+inPlace["BigInt"], t.lineOf(v, at))
	}
	return v
}

var (
	promiseType = reflect.TypeFor[*goja.Promise]()
	proxyType   = reflect.TypeFor[goja.Proxy]()
)

// resolve returns what stands for a value in JSON, false where it is undefined. It is a scalar, an object or a list. Where JSON has nothing for it, the state is invalid.
func (t *tree) resolve(v goja.Value) (goja.Value, bool) {
	if o, ok := v.(*goja.Object); ok {
		if o.ExportType() == proxyType {
			return t.refuse(v, "a Proxy; keep what is behind it")
		}
		v = t.ownJSON(o)
	}
	if v == nil || goja.IsUndefined(v) {
		return nil, false
	}
	if _, ok := v.(*goja.Symbol); ok {
		return t.refuse(v, "a Symbol; "+inPlace["Symbol"])
	}
	o, ok := v.(*goja.Object)
	if !ok || nodeOf(o) != nil {
		return v, true
	}
	switch o.ClassName() {
	case "Number":
		return o.ToNumber(), true
	case "String":
		return o.ToString(), true
	case "Boolean":
		return t.vm.ToValue(o.Export()), true
	case "Object":
		if o.ExportType() == promiseType {
			return t.refuse(v, "a promise; "+inPlace["Promise"])
		}
	}
	if problem := t.foreign(o); problem != "" {
		return t.refuse(v, problem)
	}
	return o, true
}

// refuse makes the state invalid, and returns something for a value that it cannot keep.
func (t *tree) refuse(v goja.Value, problem string) (goja.Value, bool) {
	t.invalid(problem, t.lineOf(v, place{}))
	return goja.Null(), true
}

// resolveOr returns what stands for a value in JSON, or another one where it is left out.
func (t *tree) resolveOr(v, other goja.Value) goja.Value {
	if v, ok := t.resolve(v); ok {
		return v
	}
	return other
}

// ownJSON returns what an object wants to be in JSON, as a Date does.
func (t *tree) ownJSON(o *goja.Object) goja.Value {
	if t.err != nil {
		return o
	}
	var f goja.Callable
	if n := nodeOf(o); n == nil {
		f, _ = goja.AssertFunction(o.Get("toJSON"))
	} else if !n.isList {
		f, _ = goja.AssertFunction(n.members.get("toJSON"))
	}
	if f == nil {
		return o
	}
	name := ""
	if len(t.path) > 0 {
		name = t.path[len(t.path)-1]
	}
	v, err := f(o, t.vm.ToValue(name))
	if err != nil {
		t.err = err
		return goja.Null()
	}
	if goja.IsNull(v) && o.ClassName() == "Date" && o.Export() == nil {
		t.invalid("a Date without a time", t.lineOf(o, place{}))
	}
	return v
}

// membersOf returns those of an object's members that JSON has, in order, resolved.
func (t *tree) membersOf(o *goja.Object) []member {
	var names []string
	n := nodeOf(o)
	get := o.Get
	if n != nil {
		names, get = n.members.names(), n.members.get
	} else {
		if names = o.Keys(); halved(o, names) {
			t.invalid("an object with a name that has half of a surrogate pair; name its members by whole characters", t.lineOf(o, place{}))
		}
	}
	out := make([]member, 0, len(names))
	for _, name := range names {
		t.in(name, func() {
			if v, ok := t.resolve(get(name)); ok {
				out = append(out, member{name, v})
			}
		})
	}
	return out
}

// halved says whether half of a surrogate pair is in one of an object's names, which have U+FFFD in its place: by that name there is nothing, or what has two of them.
func halved(o *goja.Object, names []string) bool {
	var seen map[string]bool
	for _, name := range names {
		if !hasReplacement(name) {
			continue
		}
		if seen[name] || o.Get(name) == nil {
			return true
		}
		if seen == nil {
			seen = map[string]bool{}
		}
		seen[name] = true
	}
	return false
}

// elementsOf returns those of a list, resolved.
func (t *tree) elementsOf(o *goja.Object) []goja.Value {
	var out []goja.Value
	if n := nodeOf(o); n != nil {
		out = append(out, n.elements...)
	} else {
		elements, others := elements(o)
		if problem := besides(others); problem != "" {
			t.invalid(problem, t.lineOf(o, place{}))
		}
		out = elements
	}
	for i, v := range out {
		switch v.(type) {
		case *goja.Object, *goja.Symbol, nil:
			out[i] = goja.Null()
			t.in(strconv.Itoa(i), func() { out[i] = t.resolveOr(v, goja.Null()) })
		default:
			if goja.IsUndefined(v) {
				out[i] = goja.Null()
			}
		}
	}
	return out
}

// elements returns those of a list that JavaScript has, nil for holes, and the names of its other members.
func elements(o *goja.Object) (out []goja.Value, others []string) {
	out = make([]goja.Value, o.Get("length").ToInteger())
	for _, name := range o.GetOwnPropertyNames() {
		if i, ok := asIndex(name); ok && i < uint64(len(out)) {
			out[i] = o.Get(name)
		} else if name != "length" {
			others = append(others, name)
		}
	}
	return out, others
}

// isList says whether an object is a list.
func isList(o *goja.Object) bool { return o.ClassName() == "Array" }

// identical says whether two values are the same scalar or the same object. Either may be nil.
func identical(a, b goja.Value) bool {
	if a == nil || b == nil {
		return false
	}
	x, xIs := a.(*goja.Object)
	y, yIs := b.(*goja.Object)
	if xIs || yIs {
		return xIs && yIs && x == y
	}
	return a.StrictEquals(b)
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// pointer writes a path as a JSON Pointer, shortened in its middle.
func pointer(path []string) string {
	var b strings.Builder
	for i, name := range path {
		if i == 8 && len(path) > 12 {
			b.WriteString("/...")
			break
		}
		b.WriteByte('/')
		b.WriteString(clean(pointerEscaper.Replace(name)))
	}
	return b.String()
}
