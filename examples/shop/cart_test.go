package main

import (
	"testing"

	"github.com/gestadb/gesta/gestatest"
)

func TestAdd(t *testing.T) {
	empty := gestatest.For(t, Cart, Types)
	empty.When(Add("1", "cup", 2, 900)).Then(ItemAdded{"1", "cup", 2, 900}).ThenState(State{Lines: map[string]Line{"cup": {2, 900}}})
	empty.When(Add("1", "cup", 0, 900)).ThenError(ErrCount)
	empty.When(Add("1", "cup", 1, -1)).ThenError(ErrCount)
	some := empty.Given(ItemAdded{"1", "cup", 2, 900})
	some.When(Add("1", "cup", 1, 900)).Then(ItemAdded{"1", "cup", 1, 900}).ThenState(State{Lines: map[string]Line{"cup": {3, 900}}})
	some.When(Add("1", "cup", 1, 800)).ThenError(ErrPrice)
	some.Given(OrderPlaced{"1", "ada", 1800}).When(Add("1", "cup", 1, 900)).ThenError(ErrPlaced)
}

func TestRemove(t *testing.T) {
	some := gestatest.For(t, Cart, Types).Given(ItemAdded{"1", "cup", 2, 900})
	some.When(Remove("1", "cup", 1)).Then(ItemRemoved{"1", "cup", 1, 900}).ThenState(State{Lines: map[string]Line{"cup": {1, 900}}})
	some.When(Remove("1", "cup", 2)).Then(ItemRemoved{"1", "cup", 2, 900}).ThenState(State{Lines: map[string]Line{}})
	some.When(Remove("1", "cup", 3)).ThenError(ErrNotIn)
	some.When(Remove("1", "pot", 1)).ThenError(ErrNotIn)
	some.When(Remove("1", "cup", 0)).ThenError(ErrCount)
	some.Given(ItemRemoved{"1", "cup", 2, 900}).When(Add("1", "cup", 1, 800)).Then(ItemAdded{"1", "cup", 1, 800}) // the price is free again
	some.Given(OrderPlaced{"1", "ada", 1800}).When(Remove("1", "cup", 1)).ThenError(ErrPlaced)
}

func TestCheckout(t *testing.T) {
	some := gestatest.For(t, Cart, Types).Given(ItemAdded{"1", "cup", 2, 900}, ItemAdded{"1", "pot", 1, 2500})
	some.When(Checkout("1", "ada")).Then(OrderPlaced{"1", "ada", 4300})
	some.Given(OrderPlaced{"1", "ada", 4300}).When(Checkout("1", "ada")).ThenNothing()
	gestatest.For(t, Cart, Types).When(Checkout("1", "ada")).ThenError(ErrEmpty)
}

// TestShapes fails when what is stored changes without an upcaster.
func TestShapes(t *testing.T) { gestatest.Shapes(t, Types, "testdata/events.golden") }

// TestPin fails when evolve makes something else of the same events without a new version.
func TestPin(t *testing.T) { gestatest.Pin(t, gestatest.FoldOf(Cart, Types), "testdata/cart.golden") }
