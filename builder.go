package gesta

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gestadb/gesta/store"
)

// builder gathers what the options say. All that is wrong is reported at once.
type builder struct {
	clock     func() time.Time
	codecs    []Codec
	members   []member
	upcasters []*upcaster
	renames   map[string]string // new names by old ones
	standIns  map[reflect.Type]any
	kept      *kept
	problems  []error
}

// member is a name with its type, as Types gave it.
type member struct {
	name   string
	goType reflect.Type
}

func (b *builder) failf(format string, args ...any) {
	b.problems = append(b.problems, fmt.Errorf(format, args...))
}

func (b *builder) member(name string, t reflect.Type) {
	b.members = append(b.members, member{name, t})
}

func (b *builder) upcaster(u *upcaster) {
	b.upcasters = append(b.upcasters, u)
}

func (b *builder) rename(old, now string) {
	if b.renames == nil {
		b.renames = map[string]string{}
	}
	if other, twice := b.renames[old]; twice && other != now {
		b.failf("type %q is renamed twice, to %q and to %q", old, other, now)
		return
	}
	b.renames[old] = now
}

// catalog builds what the options describe.
func (b *builder) catalog() (*catalog, error) {
	c := &catalog{kinds: map[reflect.Type]*kind{}, forms: map[schema]*form{}, newest: map[string]uint32{}, codecs: map[string]Codec{}}
	if !slices.ContainsFunc(b.codecs, func(codec Codec) bool { return codec.ContentType() == jsonType }) {
		b.codecs = append(b.codecs, JSON)
	}
	for _, codec := range b.codecs {
		if _, twice := c.codecs[codec.ContentType()]; twice {
			b.failf("two codecs have the content type %q: which of them is to read it?", codec.ContentType())
		}
		c.codecs[codec.ContentType()] = codec
	}
	for _, m := range b.members {
		b.addKind(c, m)
	}
	for t, body := range b.standIns {
		if c.kinds[t] == nil {
			b.failf("there is a stand-in for %v, which is in no Types", t)
			continue
		}
		c.kinds[t].standIn = body
	}
	b.addChains(c)
	b.addRenames(c)
	b.checkNames(c)
	return c, errors.Join(b.problems...)
}

// addKind registers a member under its name.
func (b *builder) addKind(c *catalog, m member) {
	structure := m.goType
	if structure.Kind() == reflect.Pointer {
		structure = structure.Elem()
	}
	if structure.Kind() != reflect.Struct {
		b.failf("type %q is a %v: an event is a struct, or a pointer to one", m.name, m.goType)
		return
	}
	if err := checkTypeName(m.name); err != nil {
		b.problems = append(b.problems, err)
	}
	for t, other := range c.kinds {
		switch {
		case t == m.goType:
			b.failf("%v has two names, %q and %q: under which of them is it to be stored?", t, other.name, m.name)
			return
		case other.name == m.name:
			b.failf("type %q is there twice, as %v and as %v", m.name, t, m.goType)
			return
		case t.Kind() == reflect.Pointer && t.Elem() == m.goType, m.goType.Kind() == reflect.Pointer && m.goType.Elem() == t:
			b.failf("%v is there as pointer and as value, as %q and %q", structure, other.name, m.name)
		}
	}
	k := &kind{name: m.name, goType: m.goType, version: 1}
	var err error
	if k.tags, err = tagFields(m.goType); err != nil {
		b.failf("type %q, %v: %w", m.name, structure, err)
	}
	k.codec = b.codecFor(m.name, m.goType)
	c.kinds[m.goType] = k
}

// checkTypeName says whether events of programs may have a name.
func checkTypeName(name string) error {
	if store.IsSystem(name) {
		return fmt.Errorf("type %q: names that begin with $ are gesta's own", name)
	}
	if err := (&store.Event{Type: name}).Validate(); err != nil {
		return fmt.Errorf("type %q: %w", name, err)
	}
	return nil
}

// codecFor returns the first codec that takes a type.
func (b *builder) codecFor(name string, t reflect.Type) Codec {
	var refusals []error
	for _, codec := range b.codecs {
		err := codec.Check(t)
		if err == nil {
			return codec
		}
		refusals = append(refusals, err)
	}
	b.failf("type %q: %w", name, errors.Join(refusals...))
	return nil
}

// addChains puts upcasters in their order and finds out what each stored version becomes.
func (b *builder) addChains(c *catalog) {
	by := map[schema]*upcaster{}
	for _, u := range b.upcasters {
		at := schema{u.name, u.version}
		if u.version == 0 {
			b.failf("%v: versions begin at 1", u)
			continue
		}
		if by[at] != nil {
			b.failf("%v is there twice", u)
			continue
		}
		by[at] = u
		c.newest[u.name] = max(c.newest[u.name], u.version)
	}
	for _, name := range slices.Sorted(maps.Keys(c.newest)) {
		for v := uint32(1); v < c.newest[name]; v++ {
			if by[schema{name, v}] == nil {
				b.failf("type %q has an upcaster of version %d and none of version %d", name, c.newest[name], v)
			}
		}
	}
	for _, k := range c.kinds {
		k.version = c.newest[k.name] + 1
		c.newest[k.name] = k.version
		c.forms[schema{k.name, k.version}] = &form{goType: k.goType, becomes: []*kind{k}}
	}
	l := linker{b: b, c: c, by: by, state: map[*upcaster]int{}}
	for _, u := range sortedUpcasters(by) {
		l.link(u)
		b.codecFor(u.name, u.from) // old types must be readable too
		c.forms[schema{u.name, u.version}] = &form{goType: u.from, up: u, becomes: u.becoming}
	}
}

func sortedUpcasters(by map[schema]*upcaster) []*upcaster {
	return slices.SortedFunc(maps.Values(by), func(x, y *upcaster) int {
		return cmp.Or(strings.Compare(x.name, y.name), cmp.Compare(x.version, y.version))
	})
}

// addRenames lets old names mean what new ones do.
func (b *builder) addRenames(c *catalog) {
	for _, old := range slices.Sorted(maps.Keys(b.renames)) {
		now := b.renames[old]
		newest, known := c.newest[now]
		switch _, taken := c.newest[old]; {
		case !known:
			b.failf("type %q is renamed to %q, which is not there", old, now)
			continue
		case taken:
			b.failf("type %q is renamed to %q, and has a type or upcasters of its own", old, now)
			continue
		}
		for v := uint32(1); v <= newest; v++ {
			if f := c.forms[schema{now, v}]; f != nil {
				c.forms[schema{old, v}] = f
			}
		}
	}
	for old, now := range b.renames {
		if c.newest[old] == 0 {
			c.newest[old] = c.newest[now]
		}
	}
}

// checkNames refuses names that a person would take for each other.
func (b *builder) checkNames(c *catalog) {
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.newest)) {
		folded := strings.ToLower(name)
		if other, taken := seen[folded]; taken {
			b.failf("types %q and %q differ in the case of their letters alone", other, name)
		}
		seen[folded] = name
	}
}
