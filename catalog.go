package gesta

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/gestadb/gesta/store"
)

// catalog knows the types of events: how each is written, and how whatever was stored is read. It does not change any more.
type catalog struct {
	kinds  map[reflect.Type]*kind
	forms  map[schema]*form
	newest map[string]uint32 // the newest version of each stored name
	codecs map[string]Codec  // by content type
}

// schema names one version of a stored type.
type schema struct {
	name    string
	version uint32
}

// form is how a schema is read.
type form struct {
	goType  reflect.Type
	up      *upcaster // takes it on; nil for what is as it is now
	becomes []*kind
	scratch sync.Pool // of *reflect.Value, each of a *T to decode into, which is zero; T is goType
}

// encode fills in the type, the data and the tags of an event.
func (c *catalog) encode(e *store.Event, body any) error {
	k := c.kinds[reflect.TypeOf(body)]
	if k == nil {
		return fmt.Errorf("%w: %T is in no Types of the DB", ErrUnknownType, body)
	}
	v := reflect.ValueOf(body)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return fmt.Errorf("%w: the %T is nil", store.ErrInvalid, body)
		}
		v = v.Elem()
	}
	var err error
	for i := range k.tags {
		if e.Tags, err = k.tags[i].appendTo(e.Tags, v); err != nil {
			return fmt.Errorf("%w: %T: %w", store.ErrInvalid, body, err)
		}
	}
	if e.Data, err = k.codec.Encode(body); err != nil {
		return fmt.Errorf("encode %T: %w", body, err)
	}
	e.Type, e.SchemaVersion = k.name, k.version
	if t := k.codec.ContentType(); t != jsonType {
		e.ContentType = t
	}
	return nil
}

// decode appends what a stored event is now to out: one value, unless an upcaster splits it.
func (c *catalog) decode(out []any, r *store.Recorded) ([]any, error) {
	version := max(r.SchemaVersion, 1)
	f := c.forms[schema{r.Type, version}]
	if f == nil {
		return out, &UnknownTypeError{Type: r.Type, SchemaVersion: version, Newest: c.newest[r.Type], Position: r.Position}
	}
	if r.Erased != 0 {
		return f.standIn(out, r)
	}
	codec := c.codecs[cmp.Or(r.ContentType, jsonType)]
	if codec == nil {
		return out, &DecodeError{Type: r.Type, Position: r.Position, Err: fmt.Errorf("there is no codec for %q", r.ContentType)}
	}
	v, err := f.read(codec, r.Data)
	if err == nil && f.up != nil {
		out, err = f.up.apply(out, v)
	} else if err == nil {
		out = append(out, v)
	}
	if err != nil {
		return out, &DecodeError{Type: r.Type, Position: r.Position, Err: err}
	}
	return out, nil
}

// standIn appends what stands in for an erased event. It becomes what it was before: where that is not one type, nothing can stand in for it.
func (f *form) standIn(out []any, r *store.Recorded) ([]any, error) {
	if len(f.becomes) == 1 && f.becomes[0].standIn != nil {
		return append(out, ownStandIn(f.becomes[0].standIn)), nil
	}
	return out, &ErasedError{Type: r.Type, Position: r.Position, By: r.Erased}
}

// ownStandIn returns a stand-in that nobody else has: of a pointer, one to a copy.
func ownStandIn(body any) any {
	v := reflect.ValueOf(body)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return body
	}
	own := reflect.New(v.Type().Elem())
	own.Elem().Set(v.Elem())
	return own.Interface()
}

// read decodes data into a new value.
func (f *form) read(codec Codec, data []byte) (any, error) {
	if f.goType.Kind() == reflect.Pointer {
		v := reflect.New(f.goType.Elem())
		err := codec.Decode(data, v.Interface())
		return v.Interface(), err
	}
	p, ok := f.scratch.Get().(*reflect.Value)
	if !ok {
		v := reflect.New(f.goType)
		p = &v
	}
	if err := codec.Decode(data, p.Interface()); err != nil {
		return nil, err // what was decoded so far is not used again
	}
	v := p.Elem().Interface() // a copy
	p.Elem().SetZero()
	f.scratch.Put(p)
	return v, nil
}

// storedAs returns the names under which events are stored that become those of a kind.
func (c *catalog) storedAs(k *kind) []string {
	var names []string
	for s, f := range c.forms {
		if slices.Contains(f.becomes, k) {
			names = append(names, s.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
