package store_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/gestadb/gesta/store"
)

// plain is a store without powers, tracked one with a power, both only to be asked about.
type (
	plain   struct{ store.Store }
	tracked struct {
		store.Store
		store.Tracker
		store.Limiter
	}
	wrapper struct {
		store.Store
		store.Tracker
		inner  store.Store
		powers map[store.Power]store.Answer
	}
)

func (w *wrapper) Unwrap() store.Store                  { return w.inner }
func (w *wrapper) Powers() map[store.Power]store.Answer { return w.powers }

func answers(tracker, limiter store.Answer) map[store.Power]store.Answer {
	return map[store.Power]store.Answer{"store.Tracker": tracker, "store.Limiter": limiter}
}

func TestAs(t *testing.T) {
	inner := &tracked{}
	wrap := func(s store.Store, tracker, limiter store.Answer) *wrapper {
		return &wrapper{inner: s, powers: answers(tracker, limiter)}
	}
	provides := wrap(inner, store.Provides, store.Refuses)
	tests := []struct {
		name string
		s    store.Store
		want any // the Tracker that is found, nil for none
	}{
		{"a store with it", inner, inner},
		{"a store without", &plain{}, nil},
		{"no store", nil, nil},
		{"forwarded", wrap(inner, store.Forwards, store.Refuses), inner},
		{"forwarded to one without", wrap(&plain{}, store.Forwards, store.Refuses), nil},
		{"forwarded to nothing", wrap(nil, store.Forwards, store.Refuses), nil},
		{"provided", provides, provides},
		{"refused though it has the methods", wrap(inner, store.Refuses, store.Forwards), nil},
		{"not mentioned", &wrapper{inner: inner}, nil},
		{"an answer that is none", wrap(inner, store.Answer(9), store.Forwards), nil},
		{"forwarded twice", wrap(wrap(inner, store.Forwards, store.Refuses), store.Forwards, store.Refuses), inner},
		{"refused within", wrap(wrap(inner, store.Refuses, store.Forwards), store.Forwards, store.Forwards), nil},
		{"refused outside", wrap(wrap(inner, store.Forwards, store.Forwards), store.Refuses, store.Forwards), nil},
		{"provided within", wrap(provides, store.Forwards, store.Refuses), provides},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := store.As[store.Tracker](tt.s)
			if ok != (tt.want != nil) || ok && any(got) != tt.want {
				t.Errorf("found %v, %t; want %v", got, ok, tt.want)
			}
		})
	}
	t.Run("said to be provided, without the methods", func(t *testing.T) {
		w := &wrapper{inner: inner, powers: answers(store.Refuses, store.Provides)}
		if got, ok := store.As[store.Limiter](w); ok {
			t.Errorf("found %v", got)
		}
	})
}

// TestPowers keeps the list of powers complete and free of doubles.
func TestPowers(t *testing.T) {
	powers := store.Powers()
	for i, p := range powers {
		if slices.Contains(powers[:i], p) {
			t.Errorf("%s is listed twice", p)
		}
	}
	for _, p := range []reflect.Type{
		reflect.TypeFor[store.Tracker](), reflect.TypeFor[store.Keys](), reflect.TypeFor[store.Starter](), reflect.TypeFor[store.Dumper](),
		reflect.TypeFor[store.Restorer](), reflect.TypeFor[store.Lister](), reflect.TypeFor[store.Identity](), reflect.TypeFor[store.IDs](),
		reflect.TypeFor[store.Limiter](), reflect.TypeFor[store.Measurer](), reflect.TypeFor[store.Checker](), reflect.TypeFor[store.Eraser](),
		reflect.TypeFor[store.Truncater](),
	} {
		if !slices.Contains(powers, store.Power(p.String())) {
			t.Errorf("%s is not listed", p)
		}
	}
}
