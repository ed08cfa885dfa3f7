// Merge is a reducer that takes each event's data as a JSON merge patch.
package main

import (
	"bytes"
	"encoding/json"

	"github.com/gestadb/gesta/reducer/guest"
)

type state = map[string]any

func init() { guest.Fold(func() state { return state{} }, evolve) }

func main() {}

func evolve(s state, e guest.Event) (state, error) {
	d := json.NewDecoder(bytes.NewReader(e.Data))
	d.UseNumber()
	var patch map[string]any
	if err := d.Decode(&patch); err != nil || patch == nil || d.More() {
		return s, guest.ErrSkip
	}
	merge(s, patch)
	return s, nil
}

func merge(target, patch map[string]any) {
	for name, v := range patch {
		switch v := v.(type) {
		case nil:
			delete(target, name)
		case map[string]any:
			inner, ok := target[name].(map[string]any)
			if !ok {
				inner = map[string]any{}
				target[name] = inner
			}
			merge(inner, v)
		default:
			target[name] = v
		}
	}
}
