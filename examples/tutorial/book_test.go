package main

import (
	"testing"

	"github.com/gestadb/gesta/gestatest"
	"github.com/gestadb/gesta/store"
)

func TestLend(t *testing.T) {
	shelf := gestatest.For(t, Book, Model)
	shelf.When(Lend("ann", 4)).Then(Lent{"ann", 4}).ThenState(State{"ann", 4})
	shelf.Given(Lent{"ann", 4}).When(Lend("bob", 1)).ThenError(ErrLent)
}

func TestReturn(t *testing.T) {
	lent := gestatest.For(t, Book, Model).Given(Lent{"ann", 4})
	lent.When(Return).Then(Returned{}).ThenState(State{})
	lent.Given(Returned{}).When(Return).ThenNothing()
}

func TestShapes(t *testing.T) { gestatest.Shapes(t, Model, "testdata/events.golden") }

func TestWeeks(t *testing.T) {
	old := store.Event{Type: "book.lent", SchemaVersion: 1, Data: []byte(`{"Reader":"ann","Weeks":4}`)}
	gestatest.For(t, Book, Model).GivenStored(old).ThenState(State{"ann", 28})
}
