package gestatest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// views are those of a decision, or the one of a test of a view.
type views struct {
	all   []gesta.AnyView
	looks []look
	alone bool // it is one that is tested alone
}

// path returns where a view is, as a failure message has it.
func (v *views) path(i int) string {
	if v.alone {
		return "state"
	}
	return fmt.Sprintf("Views[%d]", i)
}

// name names a view in a failure message.
func (v *views) name(i int) string {
	if v.alone {
		return "the " + v.all[i].String()
	}
	return v.path(i) + " (" + v.all[i].String() + ")"
}

// in takes the snapshot of what the views amount to. A [gesta.AnyView] does not say it: its method In does, which all views have.
func (v *views) in(f gesta.Facts) snapshot {
	var all snapshot
	for i, view := range v.all {
		in := reflect.ValueOf(view).MethodByName("In")
		state := in.Call([]reflect.Value{reflect.ValueOf(f)})[0]
		all = append(all, snap(v.path(i), state.Interface())...)
	}
	return all
}

// evolverOf returns what a view begins with, and what it makes of a state and an event: its methods Initial and Fold, which have its own type of states.
func evolverOf(view gesta.AnyView) (initial func() any, evolve func(any, gesta.Event[any]) any) {
	v := reflect.ValueOf(view)
	begin, fold := v.MethodByName("Initial"), v.MethodByName("Fold")
	initial = func() any { return begin.Call(nil)[0].Interface() }
	evolve = func(s any, e gesta.Event[any]) any {
		state := reflect.New(fold.Type().In(0)).Elem()
		if s != nil {
			state.Set(reflect.ValueOf(s))
		}
		return fold.Call([]reflect.Value{state, reflect.ValueOf(e)})[0].Interface()
	}
	return initial, evolve
}

// checkCases folds what happened into each view, event by event and each one twice, and fails the test when a case is not pure. It returns false then.
func (v *views) checkCases(t testing.TB, given past) bool {
	t.Helper()
	pure := true
	for i := range v.all {
		pure = v.checkCasesOf(t, i, given) && pure
	}
	return pure
}

func (v *views) checkCasesOf(t testing.TB, i int, given past) bool {
	t.Helper()
	initial, evolve := evolverOf(v.all[i])
	s := initial()
	for j := range given.events {
		h := &given.events[j]
		if !v.looks[i].Matches(&h.Event) {
			continue
		}
		if v.looks[i].last {
			s = initial() // it begins with each, as any may be the last
		}
		for part, body := range h.bodies {
			var pure bool
			if s, pure = fold(t, "a case of "+v.name(i), evolve, s, gesta.Event[any]{Recorded: h.Recorded, Body: body, Part: part}, given); !pure {
				return false
			}
		}
	}
	return true
}

// text says what a view selects.
func (it *look) text() string {
	var parts []string
	if it.Stream != "" {
		parts = append(parts, "stream="+it.Stream)
	}
	if it.Category != "" {
		parts = append(parts, "category="+it.Category)
	}
	if len(it.Types) > 0 {
		parts = append(parts, "type="+strings.Join(it.Types, ","))
	}
	for _, tag := range it.Tags {
		parts = append(parts, "tag="+tag)
	}
	if it.last {
		parts = append(parts, "(the last of these alone)")
	}
	return strings.Join(parts, " ")
}

// selection lists what the views select.
func (v *views) selection() string {
	lines := make([]string, len(v.all))
	for i := range v.all {
		lines[i] = v.name(i) + " selects " + v.looks[i].text()
	}
	return indent(lines)
}

// eventText says what views can select an event by.
func eventText(e *store.Event) string {
	parts := []string{"type=" + e.Type}
	if e.Stream != "" {
		parts = append(parts, "stream="+e.Stream)
	}
	for _, tag := range e.Tags {
		parts = append(parts, "tag="+tag)
	}
	return strings.Join(parts, " ")
}
