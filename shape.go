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
	Type    string
	Version uint32
	Fields  []Field

	goType reflect.Type
}

// Field is a field of a [Shape], also one deep within.
type Field struct {
	Path     string // names in JSON with dots between; those of elements follow []
	Kind     string // as Go has it
	Tag      string // key of the tags that it gives, empty for none
	Personal bool   // it is marked as data of a person
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
	d := describer{open: map[reflect.Type]bool{}}
	if t.Kind() == reflect.Struct && !hasJSON(t) {
		d.structure("", t)
	} else {
		d.value("", t, structTag{})
	}
	return d.fields
}

// describer gathers the fields of a type.
type describer struct {
	fields []Field
	open   map[reflect.Type]bool // structs that it is within
}

func (d *describer) structure(prefix string, t reflect.Type) {
	d.open[t] = true
	defer delete(d.open, t)
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Tag.Get("json") == "-" {
			continue
		}
		if inner, ok := embedded(&f); ok && name == "" {
			if !d.open[inner] {
				d.structure(prefix, inner)
			}
			continue
		}
		if !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		mark, _ := parseStructTag(f.Tag.Get("gesta")) // New has refused what is wrong
		d.value(prefix+name, f.Type, mark)
	}
}

// value describes what stands at a path: itself, or what it is made of.
func (d *describer) value(path string, t reflect.Type, mark structTag) {
	inner, suffix := t, ""
	for !hasJSON(inner) && (inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice || inner.Kind() == reflect.Array || inner.Kind() == reflect.Map) {
		if inner.Kind() == reflect.Map {
			suffix += "{}"
		} else if inner.Kind() != reflect.Pointer {
			suffix += "[]"
		}
		inner = inner.Elem()
	}
	if inner.Kind() == reflect.Struct && !hasJSON(inner) && !d.open[inner] {
		d.structure(path+suffix+".", inner)
		return
	}
	d.fields = append(d.fields, Field{Path: path, Kind: kindOf(t), Tag: mark.key, Personal: mark.personal})
}

// kindOf returns what values of a type are in JSON: named types count as what they are made of, unless they make their own JSON.
func kindOf(t reflect.Type) string {
	if hasJSON(t) {
		return strings.TrimPrefix(t.String(), "*")
	}
	switch t.Kind() {
	case reflect.Pointer:
		return kindOf(t.Elem())
	case reflect.Slice:
		return "[]" + kindOf(t.Elem())
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), kindOf(t.Elem()))
	case reflect.Map:
		return "map[" + kindOf(t.Key()) + "]" + kindOf(t.Elem())
	case reflect.Struct:
		return t.String()
	default:
		return t.Kind().String()
	}
}
