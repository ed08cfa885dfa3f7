package gestatest

import (
	"encoding"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"
)

// generate returns the nth made-up event of a type: a value for every field, the same in every run and on every machine, whatever other types there are.
func generate(name string, proto any, n int) any {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // it never fails
	g := generator{rand.New(rand.NewPCG(h.Sum64(), uint64(n)))}
	t := reflect.TypeOf(proto)
	v := reflect.New(t).Elem()
	g.fill(v, name, 0)
	return v.Interface()
}

// generator makes values up.
type generator struct{ chance *rand.Rand }

// deepest is how far a type is followed that has itself as a part.
const deepest = 6

// fill sets v; path names it.
func (g generator) fill(v reflect.Value, path string, depth int) {
	if v.CanSet() && depth <= deepest {
		if !g.fillSpeaking(v) {
			g.fillKind(v, path, depth)
		}
	} else if v.Kind() == reflect.Struct && depth <= deepest {
		g.fillFields(v, path, depth) // it may be embedded, and its exported fields are then those of the event
	}
}

// fillKind is fill for what its kind tells.
func (g generator) fillKind(v reflect.Value, path string, depth int) {
	switch t := v.Type(); t.Kind() {
	case reflect.Bool:
		v.SetBool(g.chance.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1 + g.chance.Int64N(100))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(1 + g.chance.Uint64N(100))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(1+g.chance.IntN(400)) / 4) // exact in both
	case reflect.String:
		v.SetString(fmt.Sprintf("%s-%d", path[strings.LastIndexByte(path, '.')+1:], 1+g.chance.IntN(3)))
	case reflect.Interface:
		if t.NumMethod() == 0 {
			v.Set(reflect.ValueOf("anything"))
		}
	case reflect.Pointer:
		p := reflect.New(t.Elem())
		g.fill(p.Elem(), path, depth+1)
		v.Set(p)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(t, 1+g.chance.IntN(2), 2))
		g.fillElements(v, path, depth)
	case reflect.Array:
		g.fillElements(v, path, depth)
	case reflect.Map:
		v.Set(reflect.MakeMap(t))
		for range 2 {
			key, value := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			g.fill(key, path, depth+1)
			g.fill(value, path, depth+1)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		g.fillFields(v, path, depth)
	default: // what has no JSON is in no event
	}
}

func (g generator) fillFields(v reflect.Value, path string, depth int) {
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.Tag.Get("json") != "-" {
			g.fill(v.Field(i), path+"."+f.Name, depth+1)
		}
	}
}

func (g generator) fillElements(v reflect.Value, path string, depth int) {
	for i := range v.Len() {
		g.fill(v.Index(i), path, depth+1)
	}
}

// fillSpeaking sets values of types that make their own text or JSON: to a time, or to the first of a few texts that they take. It returns false for all other types.
func (g generator) fillSpeaking(v reflect.Value) bool {
	n := 1 + g.chance.IntN(9)
	into := v.Addr().Interface()
	if t, ok := into.(*time.Time); ok {
		*t = beginning.AddDate(0, 0, n)
		return true
	}
	text, isText := into.(encoding.TextUnmarshaler)
	data, isJSON := into.(json.Unmarshaler)
	for _, like := range []string{"10.0.0.%d", "%d", "0199a7c2-5b1e-7c3d-9f00-00000000000%d", "2000-01-0%dT00:00:00Z", "%dh", "en", "EUR", "value-%d"} {
		if strings.Contains(like, "%d") {
			like = fmt.Sprintf(like, n)
		}
		switch {
		case isJSON && (data.UnmarshalJSON([]byte(`"`+like+`"`)) == nil || json.Valid([]byte(like)) && data.UnmarshalJSON([]byte(like)) == nil):
			return true
		case !isJSON && isText && text.UnmarshalText([]byte(like)) == nil:
			return true
		}
		v.SetZero() // what was refused may have left something behind
	}
	return isText || isJSON
}
