package gesta

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"
)

// Codec turns the bodies of events into bytes and back. It is used by many goroutines at once.
type Codec interface {
	// ContentType is the media type that is stored with what the codec writes, and by which it is found to read it.
	ContentType() string

	// Check returns an error that says which part of a type would not come back as it was.
	Check(t reflect.Type) error

	// Encode returns the bytes of v, which is of a type that was checked. They are the caller's.
	Encode(v any) ([]byte, error)

	// Decode sets what into points at, a zero value of a type that was checked. It keeps nothing of data.
	Decode(data []byte, into any) error
}

// jsonType is the content type for which events have none.
const jsonType = "application/json"

// JSON is the codec of encoding/json, the default. It finds the field for a name whatever the case of its letters, so that two fields whose names differ in
// case alone are refused. Package codec/json2 compares names exactly, and is faster.
//
// Fields that are interfaces, any among them, are refused: a number in one would come back as a float64. A json.RawMessage is stored as it is, and decoded when
// its type is known. Text that is not UTF-8 is not written, for JSON has none: for bytes there is []byte. Two things come back as what they are in JSON: an
// empty json.Number as 0, and a json.RawMessage that is nil as null.
var JSON Codec = standardJSON{}

type standardJSON struct{}

func (standardJSON) ContentType() string { return jsonType }

func (standardJSON) Check(t reflect.Type) error { return checkFields(t, true) }

func (standardJSON) Encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	// encoding/json writes U+FFFD for what is not UTF-8, as an escape: as it is where it was in the text. What writes itself may bring both.
	if bytes.Contains(data, []byte(`\ufffd`)) {
		if err := checkText(reflect.ValueOf(v)); err != nil {
			return nil, err
		}
	}
	if !utf8.Valid(data) {
		return nil, errors.New("what writes its own JSON wrote some that is not UTF-8")
	}
	return data, nil
}

func (standardJSON) Decode(data []byte, into any) error { return json.Unmarshal(data, into) }

// checkText returns an error for text in v that is not UTF-8, also in the keys of maps and in what writes itself as text. What writes its own JSON is believed.
// It ends, for encoding/json has gone through v.
func checkText(v reflect.Value) error {
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() || v.Type().Implements(jsonMarshaler) {
		return nil
	}
	if v.Type().Implements(textMarshaler) && v.CanInterface() {
		m, _ := reflect.TypeAssert[encoding.TextMarshaler](v)
		text, err := m.MarshalText()
		return errors.Join(err, validText(string(text)))
	}
	switch v.Kind() {
	case reflect.String:
		return validText(v.String())
	case reflect.Pointer, reflect.Interface:
		return checkText(v.Elem())
	case reflect.Slice, reflect.Array:
		if elem := v.Type().Elem(); elem.Kind() == reflect.Uint8 && !elem.Implements(textMarshaler) {
			return nil // bytes
		}
		for i := range v.Len() {
			if err := checkText(v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			if err := cmp.Or(checkText(key), checkText(value)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for f, value := range v.Fields() {
			if f.Tag.Get("json") == "-" {
				continue
			}
			if err := checkText(value); err != nil {
				return fmt.Errorf("field %s: %w", f.Name, err)
			}
		}
	default:
	}
	return nil
}

func validText(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%.64q is not UTF-8: use []byte for bytes", s)
	}
	return nil
}
