package main

import (
	"errors"

	"github.com/gestadb/gesta"
)

// Event is what happens to a book.
type Event interface{ book() }

type (
	// Lent takes it out of the house.
	Lent struct {
		Reader string `gesta:"tag=reader"`
		Days   int
	}

	// Returned brings it back.
	Returned struct{}
)

func (Lent) book()     {}
func (Returned) book() {}

// Model is what gesta has to know of the events.
var Model = gesta.Options{
	gesta.Types[Event]{"book.lent": Lent{}, "book.returned": Returned{}},
	gesta.Upcast("book.lent", 1, func(old lentWeeks) Lent { return Lent{old.Reader, 7 * old.Weeks} }),
}

// State is what the events of a book amount to. Nobody is its reader while it is on the shelf.
type State struct {
	Reader string
	Days   int
}

// Book decides for one book.
var Book = gesta.Decider[State, Event]{Category: "book", Evolve: func(_ State, e Event) State {
	if lent, ok := e.(Lent); ok {
		return State(lent)
	}
	return State{}
}}

// ErrLent says that somebody has the book.
var ErrLent = errors.New("the book is lent")

// Lend lends the book to a reader.
func Lend(reader string, days int) func(State) ([]Event, error) {
	return func(s State) ([]Event, error) {
		if s.Reader != "" {
			return nil, ErrLent
		}
		return []Event{Lent{reader, days}}, nil
	}
}

// Return brings the book back. One that is on the shelf stays there.
func Return(s State) ([]Event, error) {
	if s.Reader == "" {
		return nil, nil
	}
	return []Event{Returned{}}, nil
}

// lentWeeks is Lent as it was stored at first.
type lentWeeks struct {
	Reader string
	Weeks  int
}
