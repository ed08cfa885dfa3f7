package storetest

import (
	"reflect"
	"slices"
	"testing"

	"github.com/gestadb/gesta/store"
)

// RunWrapper checks that a wrapper answers for every power by name, and that [store.As] goes by its answers. A wrapper
// that claims to be a whole store passes [Run] too.
func RunWrapper(t *testing.T, w store.Wrapper) {
	t.Helper()
	if w.Unwrap() == nil {
		t.Fatal("Unwrap returns nil")
	}
	answers := w.Powers()
	for p, answer := range answers {
		if answer != store.Refuses && answer != store.Forwards && answer != store.Provides {
			t.Errorf("%s: %d is no answer", p, answer)
		}
		if !slices.Contains(store.Powers(), p) {
			t.Errorf("%s is no power of package store", p)
		}
	}
	asked := map[store.Power]bool{}
	for _, q := range questions {
		asked[q.power] = true
		t.Run(string(q.power), func(t *testing.T) {
			if _, ok := answers[q.power]; !ok {
				t.Fatal("the wrapper does not mention the power: say whether it provides, forwards or refuses it")
			}
			q.ask(t, w)
		})
	}
	for _, p := range store.Powers() {
		if !asked[p] {
			t.Errorf("package storetest does not know the power %s: add it to its questions", p)
		}
	}
}

// question asks a wrapper about one power.
type question struct {
	power store.Power
	ask   func(*testing.T, store.Wrapper)
}

var questions = []question{
	about[store.Tracker](), about[store.Keys](), about[store.Starter](), about[store.Dumper](), about[store.Restorer](),
	about[store.Lister](), about[store.Identity](), about[store.IDs](), about[store.Limiter](), about[store.Measurer](),
	about[store.Checker](), about[store.Eraser](), about[store.Truncater](),
}

func about[T any]() question {
	name := store.Power(reflect.TypeFor[T]().String())
	return question{power: name, ask: func(t *testing.T, w store.Wrapper) {
		t.Helper()
		got, ok := store.As[T](w)
		switch w.Powers()[name] {
		case store.Provides:
			if _, own := w.(T); !own {
				t.Fatal("the wrapper says that it provides the power, and has no such methods")
			}
			if !ok || any(got) != any(w) {
				t.Errorf("As found %v, %t; want the wrapper itself", got, ok)
			}
		case store.Forwards:
			inner, has := store.As[T](w.Unwrap())
			if ok != has || any(got) != any(inner) {
				t.Errorf("As found %v, %t; want what the inner store has: %v, %t", got, ok, inner, has)
			}
		default:
			if ok {
				t.Errorf("As found %v, which the wrapper refuses", got)
			}
		}
	}}
}
