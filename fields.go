package gesta

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

var (
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	numberType      = reflect.TypeFor[json.Number]()
	timeType        = reflect.TypeFor[time.Time]()
)

// CheckJSON returns an error for a type with a field that encoding/json, or another codec with its rules, would lose or bring back as something else:
// unexported, of the same name as another one, an interface, or of a type that has no JSON. With foldCase two names that differ in case alone are the same. It
// is for codecs. A field that says json:"-" is left out because it is meant to be, and types with their own JSON are believed.
func CheckJSON(t reflect.Type, foldCase bool) error { return checkFields(t, foldCase) }

// checkFields is CheckJSON.
func checkFields(t reflect.Type, foldCase bool) error {
	c := fieldChecker{foldCase: foldCase, seen: map[reflect.Type]bool{}}
	return c.check(t)
}

// checkState returns an error for a type whose values encoding/json does not bring back as they were: what CheckJSON refuses, and fields that are left out,
// always or when they are empty while nothing and empty are not the same.
func checkState(t reflect.Type) error {
	c := fieldChecker{foldCase: true, whole: true, seen: map[reflect.Type]bool{}}
	return c.check(t)
}

// fieldChecker goes through a type and all that it is made of.
type fieldChecker struct {
	foldCase bool
	whole    bool                  // no field may be left out
	seen     map[reflect.Type]bool // checked, or being checked further up
}

func (c *fieldChecker) check(t reflect.Type) error {
	if c.seen[t] {
		return nil
	}
	c.seen[t] = true
	if err := inherits(t); err != nil {
		return err
	}
	if ok, err := speaks(t); ok || err != nil {
		return err
	}
	switch t.Kind() {
	case reflect.Pointer:
		if c.whole && null(t.Elem()) {
			return fmt.Errorf("%v may point at nil, which is null in JSON: it would come back as nil itself", t)
		}
		return c.check(t.Elem())
	case reflect.Slice, reflect.Array:
		return c.check(t.Elem())
	case reflect.Map:
		return c.checkMap(t)
	case reflect.Struct:
		return c.fields(t, t, map[string]string{}, map[reflect.Type]bool{})
	case reflect.Interface:
		return fmt.Errorf("%v is an interface: what was in it is not known when it is read; use json.RawMessage, or a type of its own", t)
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return fmt.Errorf("%v has no JSON", t)
	default: // text, a number, a truth value
	}
	return nil
}

func (c *fieldChecker) checkMap(t reflect.Type) error {
	k := t.Key()
	writes, reads := k.Implements(textMarshaler), reflect.PointerTo(k).Implements(textUnmarshaler)
	switch k.Kind() {
	case reflect.String:
		if writes || reads {
			return fmt.Errorf("%v has keys that are text and write themselves otherwise: the two are not told apart", t)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if writes != reads {
			return fmt.Errorf("%v has keys that are written in one way and read in another", t)
		}
	default:
		if !writes || !reads {
			return fmt.Errorf("%v has keys that are no JSON names", t)
		}
	}
	return c.check(t.Elem())
}

// fields checks those of t, which belong to the JSON object of whole. Names are those that were found so far, with their fields; open are the structs that t
// is embedded in.
func (c *fieldChecker) fields(whole, t reflect.Type, names map[string]string, open map[reflect.Type]bool) error {
	if open[t] {
		return fmt.Errorf("%v embeds itself", t)
	}
	open[t] = true
	defer delete(open, t)
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if c.whole {
			if err := leavesOut(t, &f, options); err != nil {
				return err
			}
		}
		if f.Tag.Get("json") == "-" {
			continue
		}
		if inner, ok := embedded(&f); ok && name == "" {
			if f.Type.Kind() == reflect.Pointer && !f.IsExported() {
				return fmt.Errorf("%v embeds a pointer to %v, which is not exported: it would not be read", t, inner)
			}
			if err := c.fields(whole, inner, names, open); err != nil {
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

// null says whether a value of a type may be null in JSON, as far as its kind tells.
func null(t reflect.Type) bool {
	return !hasJSON(t) && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map)
}

var zeroer = reflect.TypeFor[interface{ IsZero() bool }]()

// leavesOut refuses a field of t that JSON does not have, or not always where that makes a difference. Options are those behind its name in JSON.
func leavesOut(t reflect.Type, f *reflect.StructField, options string) error {
	if f.Tag.Get("json") == "-" && f.Name != "_" {
		return fmt.Errorf("field %s of %v is left out of JSON: it would not come back", f.Name, t)
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty", "omitzero":
		default:
			continue
		}
		switch f.Type.Kind() {
		case reflect.Map, reflect.Slice, reflect.Pointer, reflect.Struct:
		default:
			if option == "omitempty" || !reflect.PointerTo(f.Type).Implements(zeroer) {
				continue // what is left out comes back as the zero that it was
			}
		}
		return fmt.Errorf("field %s of %v may be left out of JSON by %s: it would not come back as it was", f.Name, t, option)
	}
	return nil
}

// embedded returns the struct whose fields count as those of the struct that f belongs to.
func embedded(f *reflect.StructField) (reflect.Type, bool) {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t, f.Anonymous && t.Kind() == reflect.Struct && !hasJSON(t)
}

// inherits refuses a struct that embeds a type which makes its own JSON, beside other fields: its methods would be the struct's, and write or read nothing else.
func inherits(t reflect.Type) error {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if f.Anonymous && hasJSON(inner) && (t.NumField() > 1 || inner != f.Type) {
			return fmt.Errorf("%v embeds %v, which makes the JSON of all of it: give the field a name", t, f.Type)
		}
	}
	return nil
}

// takesString says whether encoding/json minds the option string of a field: for text, numbers and truth values, which it puts in quotes.
func takesString(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	if hasJSON(t) {
		return false
	}
	return t.Kind() == reflect.String || t.Kind() >= reflect.Bool && t.Kind() <= reflect.Float64
}

// hasJSON says whether a type has a method that makes or reads its JSON.
func hasJSON(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(jsonMarshaler) || p.Implements(jsonUnmarshaler) || p.Implements(textMarshaler) || p.Implements(textUnmarshaler)
}

// speaks says whether a type makes its own JSON and reads it back, and refuses one that does half of that.
func speaks(t reflect.Type) (bool, error) {
	p := t
	if t.Kind() != reflect.Pointer {
		p = reflect.PointerTo(t)
	}
	for _, form := range []struct {
		name        string
		write, read reflect.Type
	}{{"JSON", jsonMarshaler, jsonUnmarshaler}, {"text", textMarshaler, textUnmarshaler}} {
		switch writes, reads := p.Implements(form.write), p.Implements(form.read); {
		case !writes && !reads:
			continue
		case !writes:
			return false, fmt.Errorf("%v reads itself from %s and does not write it", t, form.name)
		case !reads:
			return false, fmt.Errorf("%v writes itself as %s and does not read it", t, form.name)
		case !t.Implements(form.write):
			return false, fmt.Errorf("only a pointer to %v writes itself as %s: use a pointer", t, form.name)
		}
		return true, nil
	}
	return false, nil
}
