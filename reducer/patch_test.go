package reducer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
)

func TestJSONPatch(t *testing.T) {
	for _, tt := range []struct{ from, to, want string }{
		{`{"a":1}`, `{"a":1.0}`, `[]`},
		{``, `{"a":1}`, `[{"op":"add","path":"","value":{"a":1}}]`},
		{`{"a":1}`, ``, `[{"op":"remove","path":""}]`},
		{``, ``, `[]`},
		{`{"a":1}`, `[]`, `[{"op":"replace","path":"","value":[]}]`},
		{`{"a/~":{"b":1}}`, `{"a/~":{"b":null}}`, `[{"op":"replace","path":"/a~1~0/b","value":null}]`},
		{`{"l":[1,2,3,4]}`, `{"l":[1,5]}`, `[{"op":"replace","path":"/l/1","value":5},{"op":"remove","path":"/l/3"},{"op":"remove","path":"/l/2"}]`},
		{`{"l":[]}`, `{"l":[{},7.50]}`, `[{"op":"add","path":"/l/0","value":{}},{"op":"add","path":"/l/1","value":7.50}]`},
		{`{"a":{}}`, `{"b":{}}`, `[{"op":"remove","path":"/a"},{"op":"add","path":"/b","value":{}}]`},
		{`{"\ud800":1}`, `{"x\uDFFFé\ud83d\ude00":{"\udc01\n":2}}`, `[{"op":"remove","path":"/\ud800"},{"op":"add","path":"/x\udfffé😀","value":{"\udc01\n":2}}]`},
	} {
		got, err := reducer.JSONPatch([]byte(tt.from), []byte(tt.to))
		if err != nil || string(got) != tt.want {
			t.Errorf("from %s to %s: %s, %v; want %s", tt.from, tt.to, got, err, tt.want)
		}
	}
	if _, err := reducer.JSONPatch([]byte(`{`), nil); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("what is not JSON: error = %v", err)
	}
}

func TestMergePatchBetween(t *testing.T) {
	for _, tt := range []struct{ from, to, want string }{
		{`{"a":1,"b":"x"}`, `{"b":"\u0078","a":1.0}`, `{}`},
		{``, `{"a":{"b":[null]}}`, `{"a":{"b":[null]}}`},
		{``, ``, `{}`},
		{`{"a":{"b":1,"c":2}}`, `{"a":{"c":3}}`, `{"a":{"b":null,"c":3}}`},
		{`{"a":{"b":1}}`, `{"a":{}}`, `{"a":{"b":null}}`},
		{`{"a":1}`, `{"a":{}}`, `{"a":{}}`},
		{`{"a":null}`, `{"a":null,"b":1}`, `{"b":1}`},
		{`{"a":[1]}`, `{"a":[1,2]}`, `{"a":[1,2]}`},
		{`{"a":1}`, `7`, `7`},
		{`[1]`, `{"a":1}`, `{"a":1}`},
	} {
		got, err := reducer.MergePatchBetween([]byte(tt.from), []byte(tt.to))
		if err != nil || string(got) != tt.want {
			t.Errorf("from %s to %s: %s, %v; want %s", tt.from, tt.to, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ from, to, want string }{
		{`{}`, `{"a":null}`, "/a"}, {`{"a":1}`, `{"a":{"b":null}}`, "/a/b"}, {`{"a":{"b":1}}`, `{"a":{"b":null}}`, "/a/b"}, {`{}`, ``, "whole state"}, {`{`, `{}`, "not JSON"},
	} {
		got, err := reducer.MergePatchBetween([]byte(tt.from), []byte(tt.to))
		if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("from %s to %s: %s, error %v, which should name %s", tt.from, tt.to, got, err, tt.want)
		}
	}
}

func TestEqual(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{`{"a":1,"b":[{"c":"x"}]}`, `{"b":[{"c":"\u0078"}],"a":1.0}`, true},
		{`{"a":1}`, `{"a":1,"b":null}`, false},
		{`{"a":1,"c":2}`, `{"a":1,"b":2}`, false},
		{`[1,2]`, `[2,1]`, false},
		{`[]`, `{}`, false},
		{`{}`, `{}`, true},
		{`"1"`, `1`, false},
		{`9007199254740993`, `9007199254740992`, false},
		{``, ``, true},
		{``, `null`, false},
		{`x`, `x`, false},
	} {
		if got := reducer.Equal([]byte(tt.a), []byte(tt.b)); got != tt.want {
			t.Errorf("%s equals %s: %v", tt.a, tt.b, got)
		}
	}
}

// TestPatchesBetweenAnything applies the patches between random states.
func TestPatchesBetweenAnything(t *testing.T) {
	rnd := rand.New(rand.NewPCG(6, 902))
	merged := 0
	for range 2000 {
		from, to := randomState(rnd, 3), randomState(rnd, 3)
		patch, err := reducer.JSONPatch([]byte(from), []byte(to))
		if err != nil {
			t.Fatal(err)
		}
		if got := applyPatch(t, decodeJSON(t, []byte(from)), patch); !reflect.DeepEqual(got, decodeJSON(t, []byte(to))) {
			t.Fatalf("%s made %v of %s, want %s", patch, got, from, to)
		}
		merge, err := reducer.MergePatchBetween([]byte(from), []byte(to))
		if err != nil {
			if !strings.Contains(to, "null") {
				t.Fatalf("from %s to %s: %v", from, to, err)
			}
			continue
		}
		if got := oracle(decodeJSON(t, []byte(from)), decodeJSON(t, merge)); !reflect.DeepEqual(got, decodeJSON(t, []byte(to))) {
			t.Fatalf("%s merged into %s made %v, want %s", merge, from, got, to)
		}
		merged++
	}
	if merged < 200 {
		t.Errorf("only %d merge patches were applied", merged)
	}
}

func randomState(rnd *rand.Rand, depth int) string {
	var parts []string
	switch k := rnd.IntN(8); {
	case depth == 3 || depth > 0 && k < 3:
		for _, name := range []string{"a", "b", "a/~", ""} {
			if rnd.IntN(2) == 0 {
				parts = append(parts, fmt.Sprintf("%q:%s", name, randomState(rnd, depth-1)))
			}
		}
		return "{" + strings.Join(parts, ",") + "}"
	case depth > 0 && k < 5:
		for range rnd.IntN(4) {
			parts = append(parts, randomState(rnd, depth-1))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return []string{"1", "2", `"x"`, "true", "null"}[rnd.IntN(5)]
}

func decodeJSON(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// applyPatch does what RFC 6902 says of add, remove and replace.
func applyPatch(t *testing.T, v any, patch []byte) any {
	t.Helper()
	var ops []struct {
		Op, Path string
		Value    json.RawMessage
	}
	if err := json.NewDecoder(bytes.NewReader(patch)).Decode(&ops); err != nil {
		t.Fatal(err)
	}
	for _, op := range ops {
		var value any
		if op.Op != "remove" {
			value = decodeJSON(t, op.Value)
		}
		if op.Path == "" {
			v = value
			continue
		}
		tokens := strings.Split(op.Path[1:], "/")
		for i := range tokens {
			tokens[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(tokens[i])
		}
		v = applyAt(t, v, tokens, op.Op, value)
	}
	return v
}

func applyAt(t *testing.T, v any, path []string, op string, value any) any {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		_, there := v[path[0]]
		switch {
		case there == (op == "add") && len(path) == 1:
			t.Fatalf("%s of %s, which is there: %v", op, path[0], there)
		case len(path) > 1:
			v[path[0]] = applyAt(t, v[path[0]], path[1:], op, value)
		case op == "remove":
			delete(v, path[0])
		default:
			v[path[0]] = value
		}
		return v
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i > len(v) || i == len(v) && op != "add" {
			t.Fatalf("%s of element %s of %d", op, path[0], len(v))
		}
		switch {
		case len(path) > 1:
			v[i] = applyAt(t, v[i], path[1:], op, value)
		case op == "add":
			v = slices.Insert(v, i, value)
		case op == "remove":
			v = slices.Delete(v, i, i+1)
		default:
			v[i] = value
		}
		return v
	}
	t.Fatalf("%s of %v in %v", op, path, v)
	return nil
}
