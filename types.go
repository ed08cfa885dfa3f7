package gesta

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Types names the members of one union of events: each name, as it is stored, with a value of the Go type that it stands for. The
// union E is an interface that the members alone implement, so that the compiler refuses a stranger:
//
//	type Event interface{ account() }
//
//	var Types = gesta.Types[Event]{
//		"account.opened":  Opened{},
//		"money.deposited": Deposited{},
//	}
//
// Members are structs, or all of them pointers to structs. A name is stored with each event and stays as it is for ever; the Go type may be renamed and
// moved at will. When its fields change their meaning, an [Upcast] takes the old ones along.
//
// A Types is an [Option] of [New], which says what is wrong with its members.
type Types[E any] map[string]E

func (t Types[E]) configure(b *builder) {
	names := slices.Sorted(maps.Keys(t))
	pointers, values := "", ""
	for _, name := range names {
		proto := reflect.TypeOf(t[name])
		if proto == nil {
			b.failf("type %q is a nil %v", name, reflect.TypeFor[E]())
			continue
		}
		if proto.Kind() == reflect.Pointer {
			pointers = cmp.Or(pointers, name)
		} else {
			values = cmp.Or(values, name)
		}
		b.member(name, proto)
	}
	if pointers != "" && values != "" {
		b.failf("%v has pointers, such as %q, beside values, such as %q: a type switch over it would have to know which", reflect.TypeFor[E](), pointers, values)
	}
}

// kind is a registered type: what its events are in this program.
type kind struct {
	name    string
	goType  reflect.Type
	version uint32 // of the schema that is written
	tags    []tagField
	codec   Codec
	standIn any // for what was erased; nil for none
}

func (k *kind) String() string { return fmt.Sprintf("%q (%v)", k.name, k.goType) }
