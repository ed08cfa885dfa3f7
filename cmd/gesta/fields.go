package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// pick keeps the members of a JSON object that fields name, in the object's own order and byte for byte.
func pick(object []byte, fields []string) (kept []byte, err error) {
	kept = append(kept, '{')
	err = eachMember(object, func(name string, value json.RawMessage) {
		if !slices.Contains(fields, name) {
			return
		}
		if len(kept) > 1 {
			kept = append(kept, ',')
		}
		quoted, _ := json.Marshal(name) // a name of a member is a text
		kept = append(append(append(kept, quoted...), ':'), value...)
	})
	return append(kept, '}'), err
}

// names returns the names of the members of a JSON object, in order.
func names(object []byte) ([]string, error) {
	var out []string
	err := eachMember(object, func(name string, _ json.RawMessage) { out = append(out, name) })
	return out, err
}

// memberNames returns the names of the members that an object can have which is made of a struct with json tags, in order.
func memberNames(t reflect.Type) []string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var out []string
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "" && field.Anonymous:
			out = append(out, memberNames(field.Type)...)
		case name != "" && name != "-":
			out = append(out, name)
		}
	}
	return out
}

func eachMember(object []byte, yield func(string, json.RawMessage)) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("read object: %w", err)
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return fmt.Errorf("read name of member: %w", err)
		}
		name, _ := t.(string)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("read member %q: %w", name, err)
		}
		yield(name, value)
	}
	return nil
}
