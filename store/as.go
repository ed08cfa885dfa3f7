package store

import "reflect"

// Power names a power: the type of its interface.
type Power string

// powerOf returns the name of the power T, such as "store.Tracker".
func powerOf[T any]() Power { return Power(reflect.TypeFor[T]().String()) }

// Powers returns the names of all powers of this package; a [Wrapper] answers for each.
func Powers() []Power {
	return []Power{
		powerOf[Tracker](), powerOf[Keys](), powerOf[Starter](), powerOf[Dumper](), powerOf[Restorer](),
		powerOf[Lister](), powerOf[Identity](), powerOf[IDs](), powerOf[Limiter](), powerOf[Measurer](),
		powerOf[Checker](), powerOf[Eraser](), powerOf[Truncater](),
	}
}

// Answer is what a wrapper says of a power.
type Answer int

// The answers of a wrapper. A power that it does not mention is refused.
const (
	Refuses  Answer = iota // the store as a whole does not have the power
	Forwards               // the inner store's power is right for the whole
	Provides               // the wrapper has the power itself
)

// Wrapper is a store around a store: branch, privacy, cache, authorisation. It answers for each power by name, so that
// none leaks past it, and none is hidden, by accident.
type Wrapper interface {
	Store
	Unwrap() Store
	Powers() map[Power]Answer
}

// As finds the power T of a store, through the wrappers around it, as errors.As does for errors. It returns false when
// the store, or a wrapper on the way, does not have it.
func As[T any](s Store) (T, bool) {
	var none T
	for s != nil {
		w, ok := s.(Wrapper)
		if !ok {
			t, ok := s.(T)
			return t, ok
		}
		switch w.Powers()[powerOf[T]()] {
		case Provides:
			t, ok := s.(T)
			return t, ok
		case Forwards:
			s = w.Unwrap()
		default:
			return none, false
		}
	}
	return none, false
}
