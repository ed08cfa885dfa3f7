package json2

import (
	"encoding"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
)

var (
	jsonMarshaler   = reflect.TypeFor[stdjson.Marshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	streamMarshaler = reflect.TypeFor[json.MarshalerTo]()
	streamReader    = reflect.TypeFor[json.UnmarshalerFrom]()
	numberType      = reflect.TypeFor[stdjson.Number]()
	timeType        = reflect.TypeFor[time.Time]()
)

// checker goes through a type that gesta.CheckJSON has passed, for what the two libraries would write or read in different ways.
type checker struct {
	seen    map[reflect.Type]bool
	numbers bool // there may be a json.Number somewhere
}

func (c *checker) check(t reflect.Type) error {
	if c.seen[t] {
		return nil
	}
	c.seen[t] = true
	if own, err := speaks(t); own || err != nil {
		return err
	}
	if t == numberType {
		c.numbers = true
		return nil
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
		return c.fields(t)
	default: // what gesta.CheckJSON has passed is a value
	}
	return nil
}

// speaks says whether a type makes its own JSON and reads it back, as gesta.CheckJSON has found.
func speaks(t reflect.Type) (bool, error) {
	p := t
	if t.Kind() != reflect.Pointer {
		p = reflect.PointerTo(t)
	}
	has := p.Implements
	if !has(jsonMarshaler) && (has(streamMarshaler) || has(streamReader)) {
		return false, fmt.Errorf("%v has MarshalJSONTo or UnmarshalJSONFrom without MarshalJSON and UnmarshalJSON: encoding/json would read it otherwise", t)
	}
	return has(jsonMarshaler) || has(textMarshaler), nil
}

// key checks the keys of a map.
func (c *checker) key(t reflect.Type) error {
	k := t.Key()
	if k == timeType {
		return nil
	}
	if k.Implements(jsonMarshaler) {
		return fmt.Errorf("%v has keys that encoding/json writes in another way", t)
	}
	_, err := speaks(k)
	return err
}

// fields checks those of a struct.
func (c *checker) fields(t reflect.Type) error {
	// The library has looked at the tags when it reads an empty object, and at nothing else.
	if err := json.Unmarshal([]byte("{}"), reflect.New(t).Interface(), rules); err != nil {
		return fmt.Errorf("%v: %w", t, err)
	}
	for f := range t.Fields() {
		tag := f.Tag.Get("json")
		if tag == "-" {
			continue
		}
		if err := checkTag(tag, f.Type); err != nil {
			return fmt.Errorf("field %s of %v: %w", f.Name, t, err)
		}
		if err := c.check(f.Type); err != nil {
			return fmt.Errorf("field %s of %v: %w", f.Name, t, err)
		}
	}
	return nil
}

// checkTag says whether both libraries understand the struct tag of a field in the same way.
func checkTag(tag string, t reflect.Type) error {
	name, options, _ := strings.Cut(tag, ",")
	if strings.ContainsFunc(name, func(r rune) bool { return !inName(r) }) {
		return fmt.Errorf("encoding/json does not take %q as a name", name)
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "", "omitempty", "omitzero":
		case "string":
			if err := quotable(t); err != nil {
				return err
			}
		default:
			return fmt.Errorf("encoding/json does not know the option %q", option)
		}
	}
	return nil
}

// inName says whether encoding/json takes a character in a name.
func inName(r rune) bool {
	return strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// quotable says whether the option string does anything for a type.
func quotable(t reflect.Type) error {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if own, _ := speaks(t); !own && t != numberType {
		switch t.Kind() {
		case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
			reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
			reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
			return nil
		default:
		}
	}
	return errors.New("the option string is for numbers, text and truth values")
}
