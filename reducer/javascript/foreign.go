package javascript

import (
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// foreign says what an object is that a state cannot keep, and what to keep in its place; it is empty for a plain object and for a list. What is made by a class has more than its members:
// its methods, and what it hides, which would be gone at the next event.
func (t *tree) foreign(o *goja.Object) string {
	proto, class := o.Prototype(), o.ClassName()
	plain := class == "Array" && proto == t.listProto || class == "Object" && (proto == nil || proto == t.objectProto) && o.GetSymbol(goja.SymToStringTag) == nil
	switch {
	case !plain:
		return t.describe(o, class, proto)
	case len(o.Symbols()) > 0:
		return "an object with a member that is named by a symbol; name it by a text"
	}
	return ""
}

// besides says what is wrong with a list that has members with these names, which are no elements: nothing for none, and for those that match gives to its list.
func besides(names []string) string {
	if slices.Contains(names, "input") {
		names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(matchNames, name) })
	}
	if len(names) == 0 {
		return ""
	}
	return "a list with the member " + clean(names[0]) + "; keep an object that has the list and the member"
}

var matchNames = []string{"index", "input", "groups", "indices"}

// inPlace says what to keep in place of what is built in.
var inPlace = map[string]string{
	"Map": "keep an object, or a list of pairs", "Set": "keep a list or an object", "WeakMap": "keep an object", "WeakSet": "keep a list or an object",
	"RegExp": "keep its source", "Error": "keep its message", "Promise": "handlers do not wait", "Symbol": "keep a text", "BigInt": "keep a number or a text",
	"Arguments": "keep a list: [...arguments]", "ArrayBuffer": "keep a list of numbers", "DataView": "keep a list of numbers",
}

// describe names an object that is neither plain nor a list, and what to keep in its place.
func (t *tree) describe(o *goja.Object, class string, proto *goja.Object) string {
	if _, ok := goja.AssertFunction(o); ok {
		return "a function; keep what it returns"
	}
	if o == t.vm.GlobalObject() {
		return "the global object; keep an object of its own"
	}
	name := class
	if class == "Object" || class == "Array" {
		name = ""
		if tag, ok := o.GetSymbol(goja.SymToStringTag).(goja.String); ok {
			name = tag.String()
		} else if proto != nil {
			name = className(proto)
		}
	}
	instead := inPlace[name]
	switch {
	case name == "" || name == "Object":
		return "an object with a prototype of its own; keep a plain object"
	case name == "Arguments":
		return "the arguments of a function; " + instead
	case instead == "" && (name == "Generator" || strings.HasSuffix(name, "Iterator") || isTypedArray(name)):
		instead = "keep a list: [...it]"
	case instead == "":
		return "an instance of " + clean(name) + "; keep a plain object or list, or give it toJSON()"
	}
	return article(name) + " " + clean(name) + "; " + instead
}

// isTypedArray says whether a name is that of a list of numbers in memory, such as Uint8Array.
func isTypedArray(name string) bool {
	kind, ok := strings.CutSuffix(name, "Array")
	return ok && (strings.HasPrefix(kind, "Int") || strings.HasPrefix(kind, "Uint") || strings.HasPrefix(kind, "Float") || strings.HasPrefix(kind, "Big"))
}

// className returns the name of the class that a prototype belongs to.
func className(proto *goja.Object) string {
	c, ok := proto.Get("constructor").(*goja.Object)
	if !ok {
		return ""
	}
	name, ok := c.Get("name").(goja.String)
	if !ok {
		return ""
	}
	return name.String()
}

func article(name string) string {
	if strings.ContainsRune("AEIO", rune(name[0])) {
		return "an"
	}
	return "a"
}

// note remembers the line that writes what a state cannot keep. A handler may write such a value and take it away again.
func (t *tree) note(v goja.Value, at place) {
	var key any = at
	switch x := v.(type) {
	case *goja.Object:
		if proto := x.Prototype(); proto == t.objectProto || proto == t.listProto {
			return
		}
		key = v
	case *goja.Symbol:
		key = v
	default:
		if !goja.IsNaN(v) && !goja.IsInfinity(v) && !goja.IsBigInt(v) {
			return
		}
	}
	if _, again := t.lines[key]; !again && len(t.lines) >= maxNotes {
		return
	}
	if t.lines == nil {
		t.lines = map[any]int{}
	}
	t.lines[key] = t.line()
}

// maxNotes bounds how many lines are remembered at once.
const maxNotes = 64

// lineOf returns the line that wrote a value which stands at a place, 0 where that is not known.
func (t *tree) lineOf(v goja.Value, at place) int {
	switch v.(type) {
	case *goja.Object, *goja.Symbol:
		return t.lines[v]
	}
	return t.lines[at]
}
