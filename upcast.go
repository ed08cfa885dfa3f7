package gesta

import (
	"fmt"
	"reflect"
)

// Upcast reads what was stored under a name with an earlier version of its schema: it is decoded into an Old, and f makes of it what it is
// now, or what the next Upcast goes on from. A type has version 1, and one more for each Upcast of its name: these lead without gaps from version 1 to the type
// that [Types] has.
//
//	gesta.Upcast("account.opened", 1, func(o openedV1) Opened { return Opened{Owner: o.Name, Currency: "EUR"} })
//
// If New is in Types under another name, the Upcast renames too: its own name is then not in Types. F must be pure; it is called each time that such an event is read.
func Upcast[Old, New any](name string, version uint32, f func(Old) New) Option {
	return option(func(b *builder) {
		if f == nil {
			b.failf("the upcaster of %q, version %d, is nil", name, version)
		}
		b.upcaster(&upcaster{
			name: name, version: version, from: reflect.TypeFor[Old](), to: []reflect.Type{reflect.TypeFor[New]()},
			convert: func(old any) ([]any, error) { return []any{f(old.(Old))}, nil }, //nolint:errcheck // it was decoded into an Old
		})
	})
}

// Split is [Upcast] for an event that has become several, or none: f returns them in order. What it may return is named by values of these types, each an E. The
// events share the envelope of the stored one; [Event.Part] tells them apart.
//
//	gesta.Split("name.set", 1, splitName, GivenNameSet{}, FamilyNameSet{})
func Split[Old, E any](name string, version uint32, f func(Old) []E, into ...any) Option {
	return option(func(b *builder) {
		if f == nil {
			b.failf("the split of %q, version %d, is nil", name, version)
		}
		u := &upcaster{name: name, version: version, from: reflect.TypeFor[Old]()}
		allowed := map[reflect.Type]bool{}
		for _, proto := range into {
			if _, ok := proto.(E); !ok {
				b.failf("the split of %q, version %d, names a %T, which is no %v", name, version, proto, reflect.TypeFor[E]())
				continue
			}
			t := reflect.TypeOf(proto)
			u.to, allowed[t] = append(u.to, t), true
		}
		u.convert = func(old any) ([]any, error) {
			parts := f(old.(Old)) //nolint:errcheck // it was decoded into an Old
			out := make([]any, len(parts))
			for i, p := range parts {
				if t := reflect.TypeOf(p); !allowed[t] {
					return nil, fmt.Errorf("the split of %q, version %d, returned a %v, which is not among those it names", name, version, t)
				}
				out[i] = p
			}
			return out, nil
		}
		b.upcaster(u)
	})
}

// Rename reads events that were stored under an old name as those of the new one, version by version.
func Rename(old, now string) Option {
	return option(func(b *builder) { b.rename(old, now) })
}

// upcaster takes events of one stored version on to what they are next.
type upcaster struct {
	name     string
	version  uint32
	from     reflect.Type
	to       []reflect.Type
	convert  func(old any) ([]any, error)
	next     map[reflect.Type]*upcaster // for what it makes and is not registered
	becoming []*kind                    // what its events may end as
}

func (u *upcaster) String() string {
	return fmt.Sprintf("the upcaster of %q, version %d", u.name, u.version)
}

// apply makes registered values of an old one.
func (u *upcaster) apply(out []any, old any) ([]any, error) {
	made, err := u.convert(old)
	if err != nil {
		return out, err
	}
	for _, v := range made {
		next := u.next[reflect.TypeOf(v)]
		if next == nil {
			out = append(out, v)
			continue
		}
		if out, err = next.apply(out, v); err != nil {
			return out, err
		}
	}
	return out, nil
}
