package gesta

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
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

// parseStructTag reads options with commas between.
func parseStructTag(s string) (structTag, error) {
	var t structTag
	if s == "" {
		return t, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		name, value, has := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case name == "tag" && value != "":
			t.key = value
		case name == "tag":
			return t, errors.New(`a tag needs its key: gesta:"tag=course"`)
		case name == "omitempty" && !has:
			t.optional = true
		case name == "personal" && !has:
			t.personal = true
		default:
			return t, fmt.Errorf("%q is none of tag=KEY, omitempty, personal", part)
		}
	}
	if t.optional && t.key == "" {
		return t, errors.New("omitempty says that a tag may be missing, and there is none")
	}
	return t, nil
}

// tagFields finds the fields of a struct, or of one that a pointer points at, that are tags.
func tagFields(t reflect.Type) ([]tagField, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var fields []tagField
	for _, f := range reflect.VisibleFields(t) {
		text, ok := f.Tag.Lookup("gesta")
		if !ok {
			continue
		}
		mark, err := parseStructTag(text)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		if mark.key == "" {
			continue
		}
		if !f.IsExported() {
			return nil, fmt.Errorf("field %s is a tag and not exported", f.Name)
		}
		tag := tagField{index: f.Index, name: f.Name, key: mark.key, optional: mark.optional}
		value := f.Type
		if kind := value.Kind(); (kind == reflect.Slice || kind == reflect.Array) && !value.Implements(textMarshaler) {
			tag.many, value = true, value.Elem()
		}
		tag.text = value.Implements(textMarshaler)
		if err := tagKind(value); err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		fields = append(fields, tag)
	}
	return fields, nil
}

// tagKind says whether values of a type can be tags.
func tagKind(t reflect.Type) error {
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

// appendTo appends the tags that the field of v gives; v is the struct.
func (f *tagField) appendTo(tags []string, v reflect.Value) ([]string, error) {
	field, err := v.FieldByIndexErr(f.index)
	if err != nil {
		return tags, f.missing(err)
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
	return append(tags, Tag(f.key, text)), nil
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

// Tag returns the tag of a key and a value, "course:c1".
func Tag(key, value string) string { return key + ":" + value }
