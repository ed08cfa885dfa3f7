package gesta

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Shape is what the stored form of a type of events rests on: what must not change without a new version of its schema.
type Shape struct {
	// Type is the name under which events of the type are stored.
	Type string

	// Version is that of the schema in which the program writes them, from 1.
	Version uint32

	// Fields are those that are stored, in the order of the Go type, with those of embedded structs and of structs deeper within. A type that makes its own
	// JSON has one, with no path: what that JSON is made of cannot be seen.
	Fields []Field

	goType reflect.Type
}

// Field is a field of a [Shape], also one deep within.
type Field struct {
	// Path has the names in JSON, with dots between. Where structs are elements, what they are elements of follows the name: lines[].sku for a slice,
	// ends[2].at for an array of two, lines{string}.sku for a map with keys that are text.
	Path string

	// Kind is that of the values, as Go has it: types with names count as what they are made of, and pointers as what they point at. A type that makes its own
	// JSON goes by its name. ",string" behind it says that JSON has it in quotes. A struct that has itself within is ^ there, with the path of the outer one;
	// one without fields is struct{}.
	Kind string

	// Tag is the key of the tags that the field gives, empty for none.
	Tag string

	// Personal says that the field, or a struct that it is in, is marked as data of a person.
	Personal bool
}

// String returns a line of text: the path, the kind, and the marks.
func (f Field) String() string {
	text := f.Path + " " + f.Kind
	if f.Tag != "" {
		text += " tag=" + f.Tag
	}
	if f.Personal {
		text += " personal"
	}
	return text
}

// Shapes returns the shapes of all types that are written, by name.
func (db *DB) Shapes() []Shape {
	kinds := slices.SortedFunc(maps.Values(db.catalog.kinds), func(a, b *kind) int { return strings.Compare(a.name, b.name) })
	shapes := make([]Shape, len(kinds))
	for i, k := range kinds {
		shapes[i] = Shape{Type: k.name, Version: k.version, Fields: fieldsOf(k.goType), goType: k.goType}
	}
	return shapes
}

// fieldsOf describes a type.
func fieldsOf(t reflect.Type) []Field {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	d := describer{open: map[reflect.Type]string{}}
	switch {
	case t.Kind() != reflect.Struct:
		d.value("", t, structTag{})
	case hasJSON(t):
		d.value("", t, structTag{personal: marksPersonal(t)})
	default:
		d.structure("", t, false)
	}
	return d.fields
}

// marksPersonal says whether a field of a struct is marked as data of a person.
func marksPersonal(t reflect.Type) bool {
	for _, f := range reflect.VisibleFields(t) {
		if mark, _ := parseStructTag(f.Tag.Get("gesta")); mark.personal {
			return true
		}
	}
	return false
}

// describer gathers the fields of a type.
type describer struct {
	fields []Field
	open   map[reflect.Type]string // paths of the structs that it is within
}

// structure describes the fields of a struct at a path, all of them personal when it is.
func (d *describer) structure(path string, t reflect.Type, personal bool) {
	d.open[t] = path
	defer delete(d.open, t)
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Tag.Get("json") == "-" {
			continue
		}
		mark, _ := parseStructTag(f.Tag.Get("gesta")) // New has refused what is wrong
		mark.personal = mark.personal || personal
		if inner, ok := embedded(&f); ok && name == "" {
			if _, within := d.open[inner]; !within {
				d.structure(path, inner, mark.personal)
			}
			continue
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		if path != "" {
			name = path + "." + name
		}
		from := len(d.fields)
		d.value(name, f.Type, mark)
		if slices.Contains(strings.Split(options, ","), "string") && takesString(f.Type) {
			d.fields[from].Kind += ",string"
		}
	}
}

// value describes what stands at a path: itself, or what it is made of.
func (d *describer) value(path string, t reflect.Type, mark structTag) {
	inner, suffix := t, ""
	for {
		step, ok := d.step(inner)
		if !ok {
			break
		}
		inner, suffix = inner.Elem(), suffix+step
	}
	if _, within := d.open[inner]; inner.Kind() == reflect.Struct && !hasJSON(inner) && !within {
		from := len(d.fields)
		if d.structure(path+suffix, inner, mark.personal); len(d.fields) > from {
			return
		}
	}
	d.fields = append(d.fields, Field{Path: path, Kind: d.kindOf(t), Tag: mark.key, Personal: mark.personal})
}

// step returns what stands in a path between values of a type and those that they are made of, if they are.
func (d *describer) step(t reflect.Type) (string, bool) {
	switch {
	case hasJSON(t):
	case t.Kind() == reflect.Pointer:
		return "", true
	case t.Kind() == reflect.Slice:
		return "[]", true
	case t.Kind() == reflect.Array:
		return fmt.Sprintf("[%d]", t.Len()), true
	case t.Kind() == reflect.Map:
		return "{" + d.kindOf(t.Key()) + "}", true
	}
	return "", false
}

// kindOf returns what values of a type are in JSON.
func (d *describer) kindOf(t reflect.Type) string {
	if hasJSON(t) || t == numberType {
		return strings.TrimPrefix(t.String(), "*")
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.kindOf(t.Elem())
	case reflect.Slice:
		return "[]" + d.kindOf(t.Elem())
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), d.kindOf(t.Elem()))
	case reflect.Map:
		return "map[" + d.kindOf(t.Key()) + "]" + d.kindOf(t.Elem())
	case reflect.Struct:
		if path, within := d.open[t]; within {
			return "^" + path
		}
		return "struct{}"
	default:
		return t.Kind().String()
	}
}
