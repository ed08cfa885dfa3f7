package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// pick keeps the members of a JSON object that fields name, in the object's own order and byte for byte, and returns which
// fields it does not have.
func pick(object []byte, fields []string) (kept []byte, missing []string, err error) {
	kept = append(kept, '{')
	found := map[string]bool{}
	err = eachMember(object, func(name string, value json.RawMessage) {
		if !slices.Contains(fields, name) {
			return
		}
		found[name] = true
		if len(kept) > 1 {
			kept = append(kept, ',')
		}
		quoted, _ := json.Marshal(name) // a name of a member is a text
		kept = append(append(append(kept, quoted...), ':'), value...)
	})
	for _, f := range fields {
		if !found[f] {
			missing = append(missing, f)
		}
	}
	return append(kept, '}'), missing, err
}

// names returns the names of the members of a JSON object, in order.
func names(object []byte) ([]string, error) {
	var out []string
	err := eachMember(object, func(name string, _ json.RawMessage) { out = append(out, name) })
	return out, err
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
