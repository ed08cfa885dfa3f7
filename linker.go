package gesta

import (
	"reflect"
	"slices"
)

// linker finds for each upcaster what takes on what it makes.
type linker struct {
	b     *builder
	c     *catalog
	by    map[schema]*upcaster
	state map[*upcaster]int
}

// The states of an upcaster.
const (
	unseen = iota
	linking
	linked
)

// link links u and all behind it.
func (l *linker) link(u *upcaster) {
	switch l.state[u] {
	case linked:
		return
	case linking:
		l.b.failf("%v leads back to itself", u)
		return
	}
	l.state[u] = linking
	u.next = map[reflect.Type]*upcaster{}
	if len(u.to) == 0 {
		l.b.failf("%v makes nothing: name what it may become", u)
	}
	for _, t := range u.to {
		l.follow(u, t)
	}
	l.state[u] = linked
}

// follow finds what becomes of what u makes as a t.
func (l *linker) follow(u *upcaster, t reflect.Type) {
	next := l.by[schema{u.name, u.version + 1}]
	kind := l.c.kinds[t]
	switch {
	case t == nil:
		l.b.failf("%v makes a nil", u)
	case next != nil && next.from == t:
		l.chain(u, t, next)
	case kind != nil:
		u.becoming = appendOnce(u.becoming, kind)
	case next != nil:
		l.b.failf("%v makes a %v, and %v takes a %v", u, t, next, next.from)
	default:
		var takers []*upcaster
		for _, other := range sortedUpcasters(l.by) {
			if other.from == t && other != u {
				takers = append(takers, other)
			}
		}
		switch len(takers) {
		case 0:
			l.b.failf("%v makes a %v, which is neither in Types nor taken by another upcaster", u, t)
		case 1:
			l.chain(u, t, takers[0])
		default:
			l.b.failf("%v makes a %v, which several take: %v and %v", u, t, takers[0], takers[1])
		}
	}
}

func (l *linker) chain(u *upcaster, t reflect.Type, next *upcaster) {
	l.link(next)
	u.next[t] = next
	for _, k := range next.becoming {
		u.becoming = appendOnce(u.becoming, k)
	}
}

func appendOnce(kinds []*kind, k *kind) []*kind {
	if slices.Contains(kinds, k) {
		return kinds
	}
	return append(kinds, k)
}
