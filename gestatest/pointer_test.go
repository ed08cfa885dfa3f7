package gestatest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/gestatest"
)

// renamed is an event of a union of pointers.
type renamed struct{ Name string }

var names = gesta.Decider[string, any]{Category: "name", Evolve: func(s string, e any) string {
	if e, ok := e.(*renamed); ok {
		return e.Name
	}
	return s
}}

func TestPointers(t *testing.T) {
	rename := func(to string) func(string) ([]any, error) {
		return func(string) ([]any, error) { return []any{&renamed{to}}, nil }
	}
	types := gesta.Types[any]{"renamed": &renamed{}}
	gestatest.For(t, names, types).Given(&renamed{"a"}).When(rename("b")).Then(&renamed{"b"}).ThenState("b")
	gestatest.Deciding[any](t, types).GivenElsewhere(&renamed{"a"}).When(gesta.Decision[any]{
		Views:  []gesta.AnyView{gesta.NewView("", gesta.Tagged("never"), gesta.When(func(_ string, e *renamed) string { return e.Name }))},
		Decide: func(gesta.Facts) ([]any, error) { return rename("c")("") },
	}).Then(&renamed{"c"})
	wantFailure(t, func(t testing.TB) {
		gestatest.For(t, names, types).Given(&renamed{"a"}).When(rename("b")).Then(&renamed{"c"})
	}, "led to other events", `gestatest_test.renamed{Name:"a"}`)
	wantFailure(t, func(t testing.TB) { gestatest.For(t, names, types).Given((*renamed)(nil)) }, "cannot be recorded", "is nil")
	wantFailure(t, func(t testing.TB) { gestatest.For(t, names, types).Given(nil) }, "the given <nil> cannot be recorded: it is nil")
}

func TestComparing(t *testing.T) {
	fold := cmp.Comparer(func(a, b string) bool { return strings.EqualFold(a, b) })
	c := gestatest.For(t, names).Comparing(fold).Given(&renamed{"A"})
	c.ThenState("a")
	c.When(func(string) ([]any, error) { return []any{&renamed{"B"}}, nil }).Then(&renamed{"b"})
	gestatest.ViewOf(t, gesta.Types[any]{"renamed": &renamed{}}, gesta.NewView("", gesta.Scope{}, gesta.When(func(_ string, e *renamed) string { return e.Name }))).
		Comparing(fold).Given(&renamed{"A"}).Is("a")
	gestatest.Deciding[any](t, gesta.Types[any]{"renamed": &renamed{}}).Comparing(fold).When(gesta.Decision[any]{
		Views:  []gesta.AnyView{gesta.NewView(0, gesta.Scope{}, gesta.When(func(n int, _ *renamed) int { return n }))},
		Decide: func(gesta.Facts) ([]any, error) { return []any{&renamed{"B"}}, nil },
	}).Then(&renamed{"b"})
	forgets := gesta.Types[any]{"lossy": lossy{}}
	never := gesta.Decider[int, any]{Category: "x", Evolve: func(n int, _ any) int { return n }}
	gestatest.For(t, never, forgets).Comparing(cmp.Comparer(func(_, _ lossy) bool { return true })).Given(lossy{"a"})
}
