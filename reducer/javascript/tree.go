package javascript

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/dop251/goja"

	"github.com/gestadb/gesta/reducer/sandbox"
)

// tree is the state in the child.
type tree struct {
	vm         *goja.Runtime
	root       goja.Value // a scalar or the js of a node
	marked     []*node
	committing bool

	objectProto, listProto *goja.Object // those of plain objects and lists

	line  func() int  // of the file, that runs
	lines map[any]int // that wrote what a state cannot keep since the last commit: by the *goja.Object, by the place of anything else

	// fatal ends the fold; what JavaScript does afterwards no longer counts.
	fatal func(kind error, message string)

	// At a commit:
	path  []string
	quiet int  // above 0 nothing is written down, because something above it will be as a whole
	mute  bool // nothing is ever written down
	ops   sandbox.Changes
	text  []byte
	err   error
}

// maxDepth is how deep a state is nested at the most.
const maxDepth = 5000

// reset makes v the state, without telling.
func (t *tree) reset(v goja.Value) error {
	return t.protect(func() {
		t.quiet++
		t.root = t.convert(t.resolveOr(v, goja.Null()), place{})
		t.quiet--
	})
}

// commit takes down what a handler did to the state: what it returned, or undefined, and what it wrote. Afterwards the state is JSON, and ops has what leads there from the commit before it.
func (t *tree) commit(returned goja.Value) error {
	t.ops.Reset()
	err := t.protect(func() {
		next := t.root
		if returned != nil && !goja.IsUndefined(returned) {
			next = t.resolveOr(returned, goja.Null())
		}
		t.root = t.merge(t.root, next, place{})
	})
	for _, n := range t.marked {
		n.unmark()
	}
	t.marked, t.lines = t.marked[:0], nil
	return err
}

// protect runs f, in which JavaScript may run too, and getters throw.
func (t *tree) protect(f func()) (err error) {
	t.err, t.quiet, t.path, t.committing = nil, 0, t.path[:0], true
	defer func() {
		t.committing = false
		if p := recover(); p != nil {
			switch stopped := p.(type) {
			case *goja.InterruptedError:
				err = stopped
			case *goja.StackOverflowError:
				err = stopped
			default:
				panic(p)
			}
		}
	}()
	ex := t.vm.Try(f)
	if t.err != nil {
		return t.err
	}
	if ex != nil {
		return ex
	}
	return nil
}

// invalid says that the state at the present path cannot be JSON, which a line wrote, 0 where it is not known. The first one counts.
func (t *tree) invalid(problem string, line int) {
	if t.err == nil {
		at := "it"
		if len(t.path) > 0 {
			at = pointer(t.path)
		}
		t.err = &stateError{message: at + " is " + problem, line: line}
	}
}

// stateError says where a state is not JSON.
type stateError struct {
	message string
	line    int // 0 where it is not known
}

func (e *stateError) Error() string { return e.message }

func (e *stateError) Unwrap() error { return ErrState }

// place is where a node stands, or is going to.
type place struct {
	up    *node
	name  string
	index int
}

// in calls f with the path of a member or an element.
func (t *tree) in(name string, f func()) {
	if t.err != nil {
		return
	}
	if len(t.path) >= maxDepth {
		t.invalid(fmt.Sprintf("nested deeper than %d, or holds itself", maxDepth), 0)
		return
	}
	t.path = append(t.path, name)
	f()
	t.path = t.path[:len(t.path)-1]
}

// merge makes next the value where was stood, and returns it as it stays. was is nil where nothing was.
func (t *tree) merge(was, next goja.Value, at place) goja.Value {
	if now, ok := next.(*goja.Object); ok {
		if n := nodeOf(now); n != nil && identical(was, now) {
			n.up, n.name, n.index = at.up, at.name, at.index
			t.visit(n)
			return now
		}
		if n := t.mergeInto(was, now, at); n != nil {
			return n.js
		}
	} else if identical(was, next) {
		return was
	}
	out := t.convert(next, at)
	t.writeValue(out)
	return out
}

// mergeInto makes an object or a list the value where another one stood, and writes down only what differs. It returns nil where that is not worth it, or not possible.
func (t *tree) mergeInto(was goja.Value, next *goja.Object, at place) *node {
	old := nodeOf(was)
	if old == nil || t.quiet > 0 || old.isList != isList(next) || old.written() {
		return nil
	}
	if old.isList {
		return t.mergeList(old, next, at)
	}
	return t.mergeObject(old, next, at)
}

// mergeObject makes an object of what is next, of the same nodes as old where these stay. The order of names has to be what setting and removing members makes it.
func (t *tree) mergeObject(old *node, next *goja.Object, at place) *node {
	now := t.membersOf(next)
	if !continues(old, now) {
		return nil
	}
	n := t.newNode(false, at)
	has := make(map[string]bool, len(now))
	for i := range now {
		has[now[i].name] = true
	}
	for i := range old.members.list {
		if e := &old.members.list[i]; e.value != nil && !has[e.name] {
			t.in(e.name, func() { t.writeRemoved() })
		}
	}
	for i := range now {
		e := &now[i]
		t.in(e.name, func() { n.members.set(e.name, t.merge(old.members.get(e.name), e.value, place{up: n, name: e.name})) })
	}
	return n
}

// continues says whether members are some of old, in its order, and then others.
func continues(old *node, now []member) bool {
	names, i := old.members.names(), 0
	for j := range now {
		if old.members.get(now[j].name) == nil {
			return j > 0 && !slices.ContainsFunc(now[j:], func(m member) bool { return old.members.get(m.name) != nil })
		}
		for names[i] != now[j].name {
			if i++; i == len(names) {
				return false
			}
		}
	}
	return len(now) > 0
}

// mergeList is what mergeObject is, of lists, where at least half of the elements stay in their places.
func (t *tree) mergeList(old *node, next *goja.Object, at place) *node {
	now := t.elementsOf(next)
	both, same := min(len(now), len(old.elements)), 0
	for i := range both {
		if identical(old.elements[i], now[i]) {
			same++
		}
	}
	if same*2 < both || both == 0 || t.err != nil {
		return nil
	}
	n := t.newNode(true, at)
	n.elements = make([]goja.Value, len(now))
	if len(now) < len(old.elements) {
		t.writeTruncated(len(now))
	}
	for i, v := range now {
		var was goja.Value
		if i < both {
			was = old.elements[i]
		}
		t.in(strconv.Itoa(i), func() { n.elements[i] = t.merge(was, v, place{up: n, index: i}) })
	}
	return n
}
