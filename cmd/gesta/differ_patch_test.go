package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// decodedNumbers decodes JSON, with numbers as their decimal values.
func decodedNumbers(t *testing.T, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return decimals(v)
}

func decimals(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			v[name] = decimals(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = decimals(inner)
		}
	case json.Number:
		n, ok := new(big.Rat).SetString(v.String())
		if !ok {
			return v
		}
		return "number " + n.String()
	}
	return v
}

// applyMerge applies a JSON merge patch as RFC 7396 has it.
func applyMerge(v any, text []byte) (any, error) {
	var patch any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&patch); err != nil {
		return nil, err
	}
	return merged(v, decimals(patch)), nil
}

func merged(v, patch any) any {
	members, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	out, ok := v.(map[string]any)
	if !ok {
		out = map[string]any{}
	}
	for name, value := range members {
		if value == nil {
			delete(out, name)
			continue
		}
		out[name] = merged(out[name], value)
	}
	return out
}

// applyPatch applies a JSON patch as RFC 6902 has it.
func applyPatch(v any, text []byte) (any, error) {
	var operations []struct {
		Op, Path string
		Value    json.RawMessage
	}
	if err := json.Unmarshal(text, &operations); err != nil {
		return nil, err
	}
	for _, o := range operations {
		var value any
		if o.Op != "remove" {
			d := json.NewDecoder(bytes.NewReader(o.Value))
			d.UseNumber()
			if err := d.Decode(&value); err != nil {
				return nil, err
			}
			value = decimals(value)
		}
		if o.Path == "" {
			if v = value; o.Op == "remove" {
				v = map[string]any{} // there is no state before the first event
			}
			continue
		}
		names := strings.Split(o.Path, "/")[1:]
		for i := range names {
			names[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(names[i])
		}
		var err error
		if v, err = patched(v, o.Op, names, value); err != nil {
			return nil, fmt.Errorf("%s %s: %w", o.Op, o.Path, err)
		}
	}
	return v, nil
}

func patched(v any, op string, names []string, value any) (any, error) {
	name := names[0]
	switch in := v.(type) {
	case map[string]any:
		old, there := in[name]
		switch {
		case !there && (len(names) > 1 || op != "add"):
			return nil, fmt.Errorf("there is no %q", name)
		case len(names) > 1:
			inner, err := patched(old, op, names[1:], value)
			in[name] = inner
			return in, err
		case op == "remove":
			delete(in, name)
			return in, nil
		}
		in[name] = value
		return in, nil
	case []any:
		i, err := strconv.Atoi(name)
		if name == "-" {
			i, err = len(in), nil
		}
		switch {
		case err != nil || i < 0 || i > len(in) || i == len(in) && (op != "add" || len(names) > 1):
			return nil, fmt.Errorf("there is no %q in a list of %d", name, len(in))
		case len(names) > 1:
			in[i], err = patched(in[i], op, names[1:], value)
			return in, err
		case op == "remove":
			return slices.Delete(in, i, i+1), nil
		case op == "add":
			return slices.Insert(in, i, value), nil
		}
		in[i] = value
		return in, nil
	}
	return nil, fmt.Errorf("nothing lies in %v", v)
}
