package main

import (
	"errors"
	"fmt"
	"maps"

	"github.com/gestadb/gesta"
)

// Event is what happens to a cart.
type Event interface{ cart() }

type (
	// ItemAdded puts items into a cart.
	ItemAdded struct {
		Cart  string `json:"cart" gesta:"tag=cart"`
		Item  string `json:"item" gesta:"tag=item"`
		Count int    `json:"count"`
		Cents int64  `json:"cents"` // the price of one
	}

	// ItemRemoved takes items out of it.
	ItemRemoved struct {
		Cart  string `json:"cart" gesta:"tag=cart"`
		Item  string `json:"item" gesta:"tag=item"`
		Count int    `json:"count"`
		Cents int64  `json:"cents"` // the price of one
	}

	// OrderPlaced makes an order of it.
	OrderPlaced struct {
		Cart     string `json:"cart" gesta:"tag=cart"`
		Customer string `json:"customer" gesta:"personal"`
		Cents    int64  `json:"cents"` // what there is to pay
	}
)

func (ItemAdded) cart()   {}
func (ItemRemoved) cart() {}
func (OrderPlaced) cart() {}

// Types names the events as they are stored.
var Types = gesta.Types[Event]{"item.added": ItemAdded{}, "item.removed": ItemRemoved{}, "order.placed": OrderPlaced{}}

// State is what the events of a cart amount to.
type State struct {
	Lines  map[string]Line // by item
	Placed bool
}

// Line is how much of one item there is in a cart.
type Line struct {
	Count int
	Cents int64 // the price of one
}

// Items returns how many items there are in the cart.
func (s State) Items() (n int) {
	for _, l := range s.Lines {
		n += l.Count
	}
	return n
}

// Cents returns what they cost.
func (s State) Cents() (cents int64) {
	for _, l := range s.Lines {
		cents += int64(l.Count) * l.Cents
	}
	return cents
}

// Cart decides for one cart.
var Cart = gesta.Decider[State, Event]{Category: "cart", Evolve: evolve}

// evolve leaves the map of the state that it is given alone: others look at it.
func evolve(s State, e Event) State {
	switch e := e.(type) {
	case ItemAdded:
		s.Lines = with(s.Lines, e.Item, e.Count, e.Cents)
	case ItemRemoved:
		s.Lines = with(s.Lines, e.Item, -e.Count, e.Cents)
	case OrderPlaced:
		s.Placed = true
	}
	return s
}

// with returns lines with so many more of an item.
func with(lines map[string]Line, item string, count int, cents int64) map[string]Line {
	changed := map[string]Line{}
	maps.Copy(changed, lines)
	if changed[item] = (Line{lines[item].Count + count, cents}); changed[item].Count <= 0 {
		delete(changed, item)
	}
	return changed
}

// What the shop refuses.
var (
	ErrPlaced = errors.New("the cart is ordered already")
	ErrCount  = errors.New("a count is above zero, a price not below")
	ErrPrice  = errors.New("the item is in the cart at another price")
	ErrNotIn  = errors.New("there are not so many in the cart")
	ErrEmpty  = errors.New("the cart is empty")
)

// Command is what a customer asks for.
type Command = func(State) ([]Event, error)

// Add puts items into a cart, at a price for one.
func Add(cart, item string, count int, cents int64) Command {
	return func(s State) ([]Event, error) {
		in, has := s.Lines[item]
		switch {
		case s.Placed:
			return nil, ErrPlaced
		case count <= 0 || cents < 0:
			return nil, ErrCount
		case has && in.Cents != cents:
			return nil, ErrPrice
		}
		return []Event{ItemAdded{cart, item, count, cents}}, nil
	}
}

// Remove takes items out of a cart.
func Remove(cart, item string, count int) Command {
	return func(s State) ([]Event, error) {
		switch {
		case s.Placed:
			return nil, ErrPlaced
		case count <= 0:
			return nil, ErrCount
		case s.Lines[item].Count < count:
			return nil, fmt.Errorf("%w: %s", ErrNotIn, item)
		}
		return []Event{ItemRemoved{cart, item, count, s.Lines[item].Cents}}, nil
	}
}

// Checkout orders what is in a cart. One that is ordered stays ordered.
func Checkout(cart, customer string) Command {
	return func(s State) ([]Event, error) {
		switch {
		case s.Placed:
			return nil, nil
		case len(s.Lines) == 0:
			return nil, ErrEmpty
		}
		return []Event{OrderPlaced{cart, customer, s.Cents()}}, nil
	}
}
