// Package bank is part of a service: accounts, whose events have changed since the first ones were recorded.
package bank

import (
	"time"

	"github.com/gestadb/gesta"
)

// Event is what happens to an account.
type Event interface{ account() }

type (
	// Opened begins an account.
	Opened struct {
		Owner    string `json:"owner" gesta:"personal"`
		Currency string `json:"currency"`
	}

	// Moved brings money in, or out when Cents is below zero.
	Moved struct {
		Cents int64 `json:"cents"`
	}

	// Forgotten stands in for what was erased.
	Forgotten struct{}
)

func (Opened) account()    {}
func (Moved) account()     {}
func (Forgotten) account() {}

type openedV1 struct {
	Name string `json:"name"`
}

type corrected struct {
	Out int64 `json:"out"`
	In  int64 `json:"in"`
}

// Model is what the service knows of its events.
var Model = gesta.Options{
	gesta.Types[Event]{"account.opened": Opened{}, "money.moved": Moved{}, "account.forgotten": Forgotten{}},
	gesta.Upcast("account.opened", 1, func(o openedV1) Opened { return Opened{Owner: o.Name, Currency: "EUR"} }),
	gesta.Split("money.corrected", 1, func(c corrected) []Event {
		if c.Out == c.In {
			return nil
		}
		return []Event{Moved{-c.Out}, Moved{c.In}}
	}, Event(Moved{})),
	gesta.StandIn(Moved{}),
}

// State is what the events of an account amount to.
type State struct {
	Owner    string    `json:"owner"`
	Currency string    `json:"currency"`
	Cents    int64     `json:"cents"`
	Moves    []int64   `json:"moves"`
	Since    time.Time `json:"since"`
	Version  uint64    `json:"version"`
}

// Account decides for one account.
var Account = gesta.Decider[State, Event]{
	Category: "account",
	Initial:  func() State { return State{Moves: []int64{}} },
	EvolveEvent: func(s State, e gesta.Event[Event]) State {
		s.Version = e.Version
		switch body := e.Body.(type) {
		case Opened:
			s.Owner, s.Currency, s.Since = body.Owner, body.Currency, e.RecordedAt
		case Moved:
			s.Cents += body.Cents
			s.Moves = append(s.Moves[:len(s.Moves):len(s.Moves)], body.Cents)
		}
		return s
	},
}
