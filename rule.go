package gesta

import (
	"fmt"
	"slices"

	"github.com/gestadb/gesta/store"
)

// Rule is what must hold for a [Decision]: a view, and what is asked of it.
type Rule struct {
	view  AnyView
	check func(Facts) error
}

// Require is the rule that what v amounts to holds; otherwise is the error where it does not.
func Require[S any](v *View[S], holds func(S) bool, otherwise error) Rule {
	return Rule{v, func(f Facts) error {
		switch {
		case holds(v.In(f)):
			return nil
		case otherwise == nil:
			return fmt.Errorf("%w: a rule over a %v does not hold, and has no error to say so", store.ErrInvalid, v)
		default:
			return otherwise
		}
	}}
}

// Exists is the rule that there is an event of type T with all of some tags.
func Exists[T any](otherwise error, tags ...string) Rule {
	return Require(Any[T](Tagged(tags...)), func(there bool) bool { return there }, otherwise)
}

// Unique is the rule that there is no event of type T with all of some tags yet.
func Unique[T any](otherwise error, tags ...string) Rule {
	return Require(Any[T](Tagged(tags...)), func(there bool) bool { return !there }, otherwise)
}

// AtMost is the rule that with one more there are at most n events of type T with all of some tags.
func AtMost[T any](n int, otherwise error, tags ...string) Rule {
	return Require(Count[T](Tagged(tags...)), func(there int) bool { return there < n }, otherwise)
}

// Given returns the decision with rules that are asked before it, in their order: the first that does not hold is the decision.
//
//	gesta.Record[Event](Claimed{name}).Given(gesta.Unique[Claimed](ErrTaken, gesta.Tag("name", name)))
func (d Decision[E]) Given(rules ...Rule) Decision[E] {
	decide := d.Decide
	d.Views = slices.Clone(d.Views)
	for _, r := range rules {
		d.Views = append(d.Views, r.view)
	}
	if decide == nil {
		return d // which says what it lacks
	}
	d.Decide = func(f Facts) ([]E, error) {
		for _, r := range rules {
			if err := r.check(f); err != nil {
				return nil, err
			}
		}
		return decide(f)
	}
	return d
}

// Record is the decision that events happen. It needs the rules of [Decision.Given]: what always may happen is no decision.
func Record[E any](events ...E) Decision[E] {
	return Decision[E]{Decide: func(Facts) ([]E, error) { return events, nil }}
}

// Any is the view that says whether there is an event of type T.
func Any[T any](scope Scope) *View[bool] {
	return NewView(false, scope, When(func(bool, T) bool { return true })).Last()
}

// Count is the view that counts the events of type T.
func Count[T any](scope Scope) *View[int] {
	return NewView(0, scope, When(func(n int, _ T) int { return n + 1 }))
}

// Next is the view that says which number comes next in a sequence without gaps: one above that of the last event of type T, and first when there is none.
func Next[T any](scope Scope, first int64, number func(T) int64) *View[int64] {
	return NewView(first, scope, When(func(_ int64, e T) int64 { return number(e) + 1 })).Last()
}
