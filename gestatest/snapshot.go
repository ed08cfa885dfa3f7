package gestatest

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// snapshot is all that a value was made of at one moment, unexported fields too: a leaf for each part that has no parts.
// It shares no memory with the value, so that two snapshots tell what was changed between them.
type snapshot []leaf

// leaf is a part of a value: where it is, and what, as text. Equal parts have equal texts in every run of a program.
type leaf struct{ path, text string }

// empty says whether a leaf is one because it has no parts.
func (l leaf) empty() bool { return l.text == "{}" || l.text == "[]" || l.text == "nil" }

// holds says whether a later leaf is a part of what this one was when it had none.
func (l leaf) holds(later leaf) bool {
	rest, within := strings.CutPrefix(later.path, l.path)
	return within && rest != "" && strings.ContainsAny(rest[:1], ".[")
}

// snap takes the snapshot of a value, whose own path is name.
func snap(name string, v any) snapshot {
	w := walker{within: map[uintptr]bool{}}
	w.walk(name, reflect.ValueOf(v))
	return w.leaves
}

// text returns a line for each leaf.
func (s snapshot) text() []string {
	lines := make([]string, len(s))
	for i, l := range s {
		lines[i] = l.path + " = " + l.text
	}
	return lines
}

// changes returns a line for each leaf that differs in a later snapshot, and the number of lines that were too many.
func (s snapshot) changes(later snapshot) (lines []string, more int) {
	const most = 8
	now := make(map[string]string, len(later))
	for _, l := range later {
		now[l.path] = l.text
	}
	add := func(line string) {
		if len(lines) == most {
			more++
			return
		}
		lines = append(lines, line)
	}
	for _, l := range s {
		text, there := now[l.path]
		delete(now, l.path)
		switch {
		case !there && l.empty() && slices.ContainsFunc(later, func(now leaf) bool { return l.holds(now) }):
			// something came into it, which is said below
		case !there:
			add(l.path + ": " + l.text + ", then gone")
		case text != l.text:
			add(l.path + ": " + l.text + ", then " + text)
		}
	}
	for _, l := range later {
		if _, added := now[l.path]; added {
			add(l.path + ": not there, then " + l.text)
		}
	}
	return lines, more
}

// changed returns the changes as indented text, empty when there is none.
func (s snapshot) changed(later snapshot) string {
	lines, more := s.changes(later)
	if more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return indent(lines)
}

// walker gathers leaves.
type walker struct {
	leaves snapshot
	within map[uintptr]bool // the pointers that lead to where it is
}

func (w *walker) leaf(path, text string) { w.leaves = append(w.leaves, leaf{path, text}) }

func (w *walker) walk(path string, v reflect.Value) {
	if !v.IsValid() {
		w.leaf(path, "nil")
		return
	}
	if text, ok := spoken(v); ok {
		w.leaf(path, text)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		w.pointer(path, v)
	case reflect.Interface:
		if v.IsNil() {
			w.leaf(path, "nil")
			return
		}
		w.walk(path+".("+v.Elem().Type().String()+")", v.Elem())
	case reflect.Struct:
		w.structure(path, v)
	case reflect.Slice, reflect.Array:
		w.list(path, v)
	case reflect.Map:
		w.table(path, v)
	default:
		w.leaf(path, scalar(v))
	}
}

func (w *walker) pointer(path string, v reflect.Value) {
	p := v.Pointer()
	switch {
	case v.IsNil():
		w.leaf(path, "nil")
	case v.Type() == reflect.TypeFor[*time.Location]():
		w.leaf(path, "a location")
	case w.within[p]:
		w.leaf(path, "what it is part of")
	default:
		w.within[p] = true
		w.walk(path, v.Elem())
		delete(w.within, p)
	}
}

func (w *walker) structure(path string, v reflect.Value) {
	t := v.Type()
	if t.NumField() == 0 {
		w.leaf(path, "{}")
		return
	}
	if !v.CanAddr() {
		v = copied(v)
	}
	for i := range t.NumField() {
		f := v.Field(i)
		if !t.Field(i).IsExported() {
			f = reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem() // or else what is in it could not be asked for its text
		}
		w.walk(path+"."+t.Field(i).Name, f)
	}
}

// copied returns a value that is equal to v and has an address.
func copied(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	return out
}

// spoken returns the text of a value whose type makes and reads one: what it is made of is its own affair, and may change with the next release.
func spoken(v reflect.Value) (string, bool) {
	p := reflect.PointerTo(v.Type())
	if !p.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || !p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return "", false
	}
	if !v.CanAddr() {
		v = copied(v)
	}
	m, ok := reflect.TypeAssert[encoding.TextMarshaler](v.Addr())
	if !ok {
		return "", false
	}
	text, err := m.MarshalText()
	return strconv.Quote(string(text)), err == nil
}

func (w *walker) list(path string, v reflect.Value) {
	switch {
	case v.Kind() == reflect.Slice && v.IsNil():
		w.leaf(path, "nil")
	case v.Len() == 0:
		w.leaf(path, "[]")
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		w.leaf(path, fmt.Sprintf("%q", v.Bytes()))
	default:
		for i := range v.Len() {
			w.walk(path+"["+strconv.Itoa(i)+"]", v.Index(i))
		}
	}
}

// table walks a map in the order of the texts of its keys.
func (w *walker) table(path string, v reflect.Value) {
	switch {
	case v.IsNil():
		w.leaf(path, "nil")
		return
	case v.Len() == 0:
		w.leaf(path, "{}")
		return
	}
	type entry struct {
		key   string
		value reflect.Value
	}
	var entries []entry
	for k, value := range v.Seq2() {
		entries = append(entries, entry{keyText(k), value})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	for _, e := range entries {
		w.walk(path+"["+e.key+"]", e.value)
	}
}

func keyText(k reflect.Value) string {
	w := walker{within: map[uintptr]bool{}}
	w.walk("", k)
	texts := make([]string, len(w.leaves))
	for i, l := range w.leaves {
		texts[i] = strings.TrimPrefix(l.path+" "+l.text, " ")
	}
	return strings.Join(texts, " ")
}

// scalar returns the text of what has no parts. Functions and channels all look alike: nothing can be said about them.
func scalar(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Complex64, reflect.Complex128:
		return strconv.FormatComplex(v.Complex(), 'g', -1, 128)
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Func, reflect.Chan:
		if v.IsNil() {
			return "nil"
		}
	default:
	}
	return "a " + v.Kind().String()
}
