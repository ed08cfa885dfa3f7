package gesta

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tagField is a field whose value becomes a tag of the event, or several.
type tagField struct {
	index    []int  // as reflect.Value.FieldByIndex takes it
	name     string // in Go
	key      string // what stands before the colon
	optional bool   // an empty value gives no tag
	many     bool   // it is a slice or an array of values
	text     bool   // its values write themselves
}

// structTag is what the struct tag "gesta" of a field says.
type structTag struct {
	key      string // of a tag, empty for none
	optional bool
	personal bool
}

// parseStructTag reads options with commas between, each of which is there once.
func parseStructTag(s string) (structTag, error) {
	var t structTag
	if s == "" {
		return t, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		name, value, has := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case name == "tag" && t.key != "":
			return t, fmt.Errorf("a field gives tags of one key, not of %q and %q", t.key, value)
		case name == "tag":
			if err := checkTagKey(value); err != nil {
				return t, err
			}
			t.key = value
		case name == "omitempty" && !has && !t.optional:
			t.optional = true
		case name == "personal" && !has && !t.personal:
			t.personal = true
		default:
			return t, fmt.Errorf("%q is none of tag=KEY, omitempty, personal, each of them once", part)
		}
	}
	if t.optional && t.key == "" {
		return t, errors.New("omitempty says that a tag may be missing, and there is none")
	}
	return t, nil
}

// checkTagKey says whether what stands before the colon of a tag can be told from what stands behind it, and be typed.
func checkTagKey(key string) error {
	if key == "" {
		return errors.New(`a tag needs its key: gesta:"tag=course"`)
	}
	bad := func(r rune) bool {
		return r == ':' || r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsGraphic(r)
	}
	if strings.ContainsFunc(key, bad) {
		return fmt.Errorf("%q is no key of a tag: it has a colon, a space or a character that is not seen", key)
	}
	return nil
}

// tagFields finds the fields of a struct, or of one that a pointer points at, that are tags. It refuses marks that say nothing, wherever they are.
func tagFields(t reflect.Type) ([]tagField, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	f := tagFinder{seen: map[reflect.Type]bool{}, open: map[reflect.Type]bool{}}
	err := f.event(t, nil)
	return f.fields, err
}

// tagFinder goes through an event and what it is made of.
type tagFinder struct {
	fields []tagField
	seen   map[reflect.Type]bool // types of values within the event that were looked at
	open   map[reflect.Type]bool // structs that are embedded here
}

// event looks at a struct whose fields are those of the event: its own or an embedded one.
func (d *tagFinder) event(t reflect.Type, index []int) error {
	if d.open[t] {
		return nil // the codec says what is wrong with it
	}
	d.open[t] = true
	defer delete(d.open, t)
	for f := range t.Fields() {
		mark, err := parseStructTag(f.Tag.Get("gesta"))
		at := append(slices.Clip(index), f.Index...)
		if err == nil && mark.key != "" {
			err = d.add(&f, at, mark)
		}
		if err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if f.Anonymous && inner.Kind() == reflect.Struct {
			err = d.event(inner, at)
		} else {
			err = d.within(f.Type)
		}
		if err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return nil
}

// add adds a field that is a tag.
func (d *tagFinder) add(f *reflect.StructField, index []int, mark structTag) error {
	if !f.IsExported() {
		return errors.New("it is a tag and not exported")
	}
	tag := tagField{index: index, name: f.Name, key: mark.key, optional: mark.optional}
	value := f.Type
	if kind := value.Kind(); (kind == reflect.Slice || kind == reflect.Array) && !value.Implements(textMarshaler) {
		tag.many, value = true, value.Elem()
		if value.Kind() == reflect.Uint8 && !value.Implements(textMarshaler) {
			return fmt.Errorf("a %v is no tag: bytes have no text of their own; give the type a MarshalText", f.Type)
		}
	}
	tag.text = value.Implements(textMarshaler)
	d.fields = append(d.fields, tag)
	return tagKind(value)
}

// within looks at the type of a value in the event, for marks that belong to the event itself.
func (d *tagFinder) within(t reflect.Type) error {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || d.seen[t] {
		return nil
	}
	d.seen[t] = true
	for f := range t.Fields() {
		mark, err := parseStructTag(f.Tag.Get("gesta"))
		switch {
		case err != nil:
		case mark.key != "":
			err = fmt.Errorf("tags are of the event's own fields, or of those of a struct that it embeds, and not of %v within it", t)
		case mark.personal && hasJSON(t):
			err = fmt.Errorf("%v makes its own JSON: mark the fields of its type", t)
		default:
			err = d.within(f.Type)
		}
		if err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	return nil
}

// tagKind says whether values of a type can be tags.
func tagKind(t reflect.Type) error {
	if isTime(t) {
		return fmt.Errorf("a %v is no tag: equal times may be written in several zones; use text, such as the day", t)
	}
	if t.Implements(textMarshaler) {
		return nil
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return nil
	case reflect.Float32, reflect.Float64:
		return fmt.Errorf("a %v is no tag: equal numbers may be written in several ways", t)
	default:
		return fmt.Errorf("a %v is no tag: it is neither text nor a whole number, and does not write itself as text", t)
	}
}

// isTime says whether a type is a time, a pointer to one, or a struct that writes itself as the time that it embeds.
func isTime(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t == timeType || t.Kind() == reflect.Struct && t.NumField() == 1 && t.Field(0).Anonymous && isTime(t.Field(0).Type)
}

// appendTo appends the tags that the field of v gives and that are not there yet; v is the struct. An optional field gives none when encoding/json would leave it out
// with omitempty, or when its text is empty.
func (f *tagField) appendTo(tags []string, v reflect.Value) ([]string, error) {
	field, err := v.FieldByIndexErr(f.index)
	if err != nil && !f.optional {
		return tags, f.missing(err)
	}
	if f.optional && (!field.IsValid() || leftOut(field)) { // there is none in a struct that is embedded as nil
		return tags, nil
	}
	if !f.many {
		return f.appendOne(tags, field)
	}
	if field.Len() == 0 && !f.optional {
		return tags, f.missing(nil)
	}
	for i := range field.Len() {
		if tags, err = f.appendOne(tags, field.Index(i)); err != nil {
			return tags, err
		}
	}
	return tags, nil
}

func (f *tagField) appendOne(tags []string, v reflect.Value) ([]string, error) {
	text, err := f.textOf(v)
	if err != nil {
		return tags, fmt.Errorf("tag %s from field %s: %w", f.key, f.name, err)
	}
	if text == "" {
		if f.optional {
			return tags, nil
		}
		return tags, f.missing(nil)
	}
	tag := Tag(f.key, text)
	if slices.Contains(tags, tag) {
		return tags, nil
	}
	return append(tags, tag), nil
}

// leftOut says whether encoding/json leaves a value out for omitempty.
func leftOut(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	default:
		return v.IsZero()
	}
}

func (f *tagField) missing(err error) error {
	if err != nil {
		return fmt.Errorf("tag %s from field %s: %w", f.key, f.name, err)
	}
	return fmt.Errorf(`tag %s: field %s is empty; a tag that may be missing is gesta:"tag=%s,omitempty"`, f.key, f.name, f.key)
}

// textOf returns what stands behind the colon.
func (f *tagField) textOf(v reflect.Value) (string, error) {
	if f.text {
		if v.Kind() == reflect.Pointer && v.IsNil() {
			return "", nil
		}
		m, _ := reflect.TypeAssert[encoding.TextMarshaler](v)
		text, err := m.MarshalText()
		return string(text), err
	}
	switch v.Kind() {
	case reflect.String:
		return v.String(), nil
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), nil
	default:
		return strconv.FormatUint(v.Uint(), 10), nil
	}
}

// Tag returns the tag of a key and a value, "course:c1". The key has no colon.
//
// A field of an event gives a tag when its struct tag says so, and is stored with the others as well:
//
//	type Enrolled struct {
//		Course   string   `gesta:"tag=course"`
//		Students []string `gesta:"tag=student,omitempty"`
//		Name     string   `gesta:"personal"`
//	}
//
// Its type is text, a whole number, a truth value, one that has MarshalText, or a slice or an array of these, each of which gives a tag; no tag is there twice.
// Bytes and times are refused, for one of them may have several texts. With omitempty there is no tag for what encoding/json would leave out, 0, false, nil,
// and empty text or slices; nor for a value whose MarshalText returns nothing. Without it that is an error, except for 0 and false, which are values as others
// are. Fields of embedded structs are those of the event; deeper within there are no tags. The mark personal, alone or behind a tag, says of any field, with
// all that is in it, that it is data of a person: see [Field].
func Tag(key, value string) string { return key + ":" + value }
