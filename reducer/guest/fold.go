package guest

import (
	"errors"

	"github.com/gestadb/gesta/store"
)

// Event is an event as it was recorded, with all that is stored of it. Its data and its metadata may be kept, and belong to the fold.
type Event = store.Recorded

// ErrSkip is what a fold returns for an event that it has nothing to say about. The state it returns with it does not count.
var ErrSkip = errors.New("gesta: the event is skipped")

// Fold makes the program a reducer that begins with what initial returns, the zero S if that is nil, and goes on to what evolve makes of the state
// and the next event. It is called once, in an init function.
//
// An error of evolve ends the fold, but for [ErrSkip]: the event is then skipped, which whoever folds counts. An event whose data was erased is skipped
// without being shown to evolve.
func Fold[S any](initial func() S, evolve func(S, Event) (S, error)) {
	register(&folding[S]{initial: initial, evolve: evolve})
}

// folding is a fold by two functions.
type folding[S any] struct {
	initial func() S
	evolve  func(S, Event) (S, error)
	now     S
}

func (f *folding[S]) begin() error {
	if f.evolve == nil {
		return errors.New("guest.Fold was given no function to fold by")
	}
	if f.initial != nil {
		f.now = f.initial()
	}
	return nil
}

func (f *folding[S]) apply(e *Event) (bool, error) {
	if e.Erased != 0 {
		return false, nil
	}
	next, err := f.evolve(f.now, *e)
	if errors.Is(err, ErrSkip) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	f.now = next
	return true, nil
}

func (f *folding[S]) state() any { return f.now }
