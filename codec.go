package gesta

import (
	"encoding/json"
	"reflect"
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

// JSON is the codec of encoding/json, the default. It finds the field for a name whatever the case of its letters, so that two fields whose names differ in case alone are
// refused. Package codec/json2 compares names exactly, and is faster.
var JSON Codec = standardJSON{}

type standardJSON struct{}

func (standardJSON) ContentType() string { return jsonType }

func (standardJSON) Check(t reflect.Type) error { return checkFields(t, true) }

func (standardJSON) Encode(v any) ([]byte, error) { return json.Marshal(v) }

func (standardJSON) Decode(data []byte, into any) error { return json.Unmarshal(data, into) }
