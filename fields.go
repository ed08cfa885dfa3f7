package gesta

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

var (
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// CheckJSON returns an error for a type with a field that encoding/json, or another codec with its rules, would lose: unexported, of the same
// name as another one, or of a type that has no JSON. With foldCase two names that differ in case alone are the same. It is for codecs.
func CheckJSON(t reflect.Type, foldCase bool) error { return checkFields(t, foldCase) }

// checkFields is CheckJSON.
func checkFields(t reflect.Type, foldCase bool) error {
	c := fieldChecker{foldCase: foldCase, seen: map[reflect.Type]bool{}}
	return c.check(t)
}

// fieldChecker goes through a type and all that it is made of.
type fieldChecker struct {
	foldCase bool
	seen     map[reflect.Type]bool // checked, or being checked further up
}

func (c *fieldChecker) check(t reflect.Type) error {
	if c.seen[t] || speaksForItself(t) {
		return nil
	}
	c.seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return c.check(t.Elem())
	case reflect.Map:
		return c.checkMap(t)
	case reflect.Struct:
		return c.fields(t, t, map[string]string{})
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return fmt.Errorf("%v is an interface: what was in it is not known when it is read", t)
		}
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return fmt.Errorf("%v has no JSON", t)
	default: // text, a number, a truth value
	}
	return nil
}

func (c *fieldChecker) checkMap(t reflect.Type) error {
	switch k := t.Key(); k.Kind() {
	case reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
	default:
		if !k.Implements(textMarshaler) || !reflect.PointerTo(k).Implements(textUnmarshaler) {
			return fmt.Errorf("%v has keys that are no JSON names", t)
		}
	}
	return c.check(t.Elem())
}

// fields checks those of t, which belong to the JSON object of whole. Names are those that were found so far, with their fields.
func (c *fieldChecker) fields(whole, t reflect.Type, names map[string]string) error {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Tag.Get("json") == "-" {
			continue
		}
		if inner, ok := embedded(&f); ok && name == "" {
			if err := c.fields(whole, inner, names); err != nil {
				return err
			}
			continue
		}
		if !f.IsExported() {
			return fmt.Errorf("field %s of %v is not exported: it would not be stored", f.Name, t)
		}
		if name == "" {
			name = f.Name
		}
		key := name
		if c.foldCase {
			key = strings.ToLower(name)
		}
		if other, taken := names[key]; taken {
			return fmt.Errorf("fields %s and %s of %v are both %q in JSON", other, f.Name, whole, name)
		}
		names[key] = f.Name
		if err := c.check(f.Type); err != nil {
			return fmt.Errorf("field %s of %v: %w", f.Name, t, err)
		}
	}
	return nil
}

// embedded returns the struct whose fields count as those of the struct that f belongs to.
func embedded(f *reflect.StructField) (reflect.Type, bool) {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t, f.Anonymous && t.Kind() == reflect.Struct && !speaksForItself(t)
}

// speaksForItself says whether a type makes its own JSON and reads it back.
func speaksForItself(t reflect.Type) bool {
	p := t
	if t.Kind() != reflect.Pointer {
		p = reflect.PointerTo(t)
	}
	return p.Implements(jsonMarshaler) && p.Implements(jsonUnmarshaler) || p.Implements(textMarshaler) && p.Implements(textUnmarshaler)
}
