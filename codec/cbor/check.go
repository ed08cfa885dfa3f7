package cbor

import (
	"encoding"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// speech is a pair of methods by which a type writes and reads itself.
type speech struct {
	write, read reflect.Type
	names       string
}

// speeches are in the order in which the library looks for them.
var speeches = []speech{
	{reflect.TypeFor[cbor.Marshaler](), reflect.TypeFor[cbor.Unmarshaler](), "MarshalCBOR and UnmarshalCBOR"},
	{reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.BinaryUnmarshaler](), "MarshalBinary and UnmarshalBinary"},
	{reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](), "MarshalText and UnmarshalText"},
}

var (
	timeType = reflect.TypeFor[time.Time]()
	bigType  = reflect.TypeFor[big.Int]()
)

// checker goes through a type and all that it is made of.
type checker struct {
	seen map[reflect.Type]bool // checked, or being checked further up
}

func (c *checker) check(t reflect.Type) error {
	if c.seen[t] {
		return nil
	}
	c.seen[t] = true
	if own, err := speaks(t); own || err != nil {
		return err
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return c.check(t.Elem())
	case reflect.Map:
		if err := c.key(t); err != nil {
			return err
		}
		return c.check(t.Elem())
	case reflect.Struct:
		m := members{whole: t, names: map[string]string{}, open: map[reflect.Type]bool{}}
		return c.fields(&m, t)
	case reflect.Interface:
		return fmt.Errorf("%v is an interface: what was in it is not known when it is read", t)
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.Uintptr, reflect.UnsafePointer:
		return fmt.Errorf("%v has no CBOR", t)
	default: // text, a number, a truth value
	}
	return nil
}

// speaks says whether a type is written and read as a whole.
func speaks(t reflect.Type) (bool, error) {
	if t == timeType || t == bigType {
		return true, nil
	}
	p := t
	if t.Kind() != reflect.Pointer {
		p = reflect.PointerTo(t)
	}
	for _, s := range speeches {
		if p.Implements(s.write) != p.Implements(s.read) {
			return false, fmt.Errorf("%v has one of %s: it writes what it does not read", t, s.names)
		}
		if p.Implements(s.write) {
			return true, inherits(p.Elem())
		}
	}
	return false, nil
}

// inherits returns an error for a struct with more fields than the embedded one whose methods it has: they would be lost.
func inherits(t reflect.Type) error {
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		if !f.Anonymous {
			continue
		}
		if own, err := speaks(f.Type); !own && err == nil {
			continue
		}
		if t.NumField() > 1 || f.Type.Kind() == reflect.Pointer {
			return fmt.Errorf("%v embeds %v, which writes itself and nothing beside it: give the field a name", t, f.Type)
		}
	}
	return nil
}

// key checks the keys of a map.
func (c *checker) key(t reflect.Type) error {
	k := t.Key()
	own, err := speaks(k)
	if err != nil {
		return err
	}
	switch kind := k.Kind(); {
	case kind == reflect.Pointer || k == timeType:
	case own, kind == reflect.String, kind == reflect.Bool, kind >= reflect.Int && kind <= reflect.Uint64:
		return nil
	}
	return fmt.Errorf("%v has keys that are neither text, numbers nor truth values: they may not come back", t)
}

// members are those of the map of a struct, as far as they were found.
type members struct {
	whole reflect.Type
	names map[string]string     // fields by the names that they are stored under
	open  map[reflect.Type]bool // structs that are embedded here, and whole
}

// fields adds those of t to m.
func (c *checker) fields(m *members, t reflect.Type) error {
	if m.open[t] {
		return fmt.Errorf("%v is embedded in itself", t)
	}
	m.open[t] = true
	defer delete(m.open, t)
	if err := inherits(t); err != nil {
		return err
	}
	for f := range t.Fields() {
		if _, there := f.Tag.Lookup("cbor"); there {
			return fmt.Errorf("field %s of %v has a struct tag cbor: the tag json names a field for every codec", f.Name, t)
		}
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if tag == "-" {
			continue
		}
		if inner, ok := embedded(&f); ok && name == "" {
			if f.Type.Kind() == reflect.Pointer && !f.IsExported() {
				return fmt.Errorf("field %s of %v is a pointer that is not exported: it could not be set when it is read", f.Name, t)
			}
			if err := c.fields(m, inner); err != nil {
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
		if other, taken := m.names[name]; taken {
			return fmt.Errorf("fields %s and %s of %v are both %q", other, f.Name, m.whole, name)
		}
		m.names[name] = f.Name
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
	return t, f.Anonymous && t.Kind() == reflect.Struct
}
