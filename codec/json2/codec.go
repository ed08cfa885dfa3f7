package json2

import (
	"reflect"
	"sync"

	"github.com/go-json-experiment/json"
	v1 "github.com/go-json-experiment/json/v1"

	"github.com/gestadb/gesta"
)

// Codec is the codec.
var Codec gesta.Codec = &codec{}

// rules make the library write and read what encoding/json does.
var rules = json.JoinOptions(
	json.Deterministic(true),
	json.FormatNilSliceAsNull(true),
	json.FormatNilMapAsNull(true),
	v1.FormatByteArrayAsArray(true),
	v1.FormatBytesWithLegacySemantics(true),
	v1.FormatDurationAsNano(true),
	v1.OmitEmptyWithLegacySemantics(true),
	v1.StringifyWithLegacySemantics(true),
)

// numberRules are rules for types in which there may be a json.Number. They are slower: every value is asked whether it is one.
var numberRules = json.JoinOptions(
	rules,
	json.WithMarshalers(json.MarshalToFunc(writeNumber)),
	json.WithUnmarshalers(json.UnmarshalFromFunc(readNumber)),
)

type codec struct {
	plans sync.Map // reflect.Type, with no pointer before it, that was checked → *plan
}

// plan is how values of a type are written and read.
type plan struct {
	rules   json.Options
	scratch sync.Pool // of *reflect.Value, each of a *T that points at a zero T: the library copies what it cannot point at
}

// unchecked is the plan of what was not checked.
var unchecked = &plan{rules: numberRules}

func (c *codec) ContentType() string { return "application/json" }

func (c *codec) Check(t reflect.Type) error {
	if err := gesta.CheckJSON(t, false); err != nil {
		return err
	}
	k := checker{seen: map[reflect.Type]bool{}}
	if err := k.check(t); err != nil {
		return err
	}
	p := &plan{rules: rules}
	if k.numbers {
		p.rules = numberRules
	}
	c.plans.LoadOrStore(base(t), p)
	return nil
}

func (c *codec) Encode(v any) ([]byte, error) {
	t := reflect.TypeOf(v)
	p := c.plan(t)
	if t == nil || t.Kind() == reflect.Pointer || p == unchecked {
		return json.Marshal(v, p.rules)
	}
	to, ok := p.scratch.Get().(*reflect.Value)
	if !ok {
		to = new(reflect.New(t))
	}
	to.Elem().Set(reflect.ValueOf(v))
	data, err := json.Marshal(to.Interface(), p.rules)
	to.Elem().SetZero()
	p.scratch.Put(to)
	return data, err
}

func (c *codec) Decode(data []byte, into any) error {
	return json.Unmarshal(data, into, c.plan(reflect.TypeOf(into)).rules)
}

// plan returns that of a type, or of what it points at.
func (c *codec) plan(t reflect.Type) *plan {
	if p, ok := c.plans.Load(base(t)); ok {
		return p.(*plan) //nolint:errcheck // there is nothing else
	}
	return unchecked
}

// base returns what a pointer points at, and any other type itself.
func base(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
