package main

import (
	"errors"
	"fmt"

	"github.com/gestadb/gesta"
)

// Event is what happens to an account.
type Event interface{ account() }

type (
	// Opened begins an account.
	Opened struct {
		Account string `json:"account" gesta:"tag=account"`
		Owner   string `json:"owner" gesta:"personal"`
	}

	// Deposited brings money in.
	Deposited struct {
		Account string `json:"account" gesta:"tag=account"`
		Cents   int64  `json:"cents"`
		From    string `json:"from,omitempty"` // the account that it comes from, if it does
	}

	// Withdrawn takes money out.
	Withdrawn struct {
		Account string `json:"account" gesta:"tag=account"`
		Cents   int64  `json:"cents"`
		To      string `json:"to,omitempty"`
	}

	// Closed ends an account.
	Closed struct {
		Account string `json:"account" gesta:"tag=account"`
	}
)

func (Opened) account()    {}
func (Deposited) account() {}
func (Withdrawn) account() {}
func (Closed) account()    {}

// Types names the events as they are stored.
var Types = gesta.Types[Event]{
	"account.opened": Opened{}, "money.deposited": Deposited{}, "money.withdrawn": Withdrawn{}, "account.closed": Closed{},
}

// State is what the events of an account amount to.
type State struct {
	Open  bool
	Owner string
	Cents int64
}

// Account decides for one account.
var Account = gesta.Decider[State, Event]{Category: "account", Evolve: evolve}

func evolve(s State, e Event) State {
	switch e := e.(type) {
	case Opened:
		return State{Open: true, Owner: e.Owner}
	case Deposited:
		s.Cents += e.Cents
	case Withdrawn:
		s.Cents -= e.Cents
	case Closed:
		s.Open = false
	}
	return s
}

// What the bank refuses.
var (
	ErrNoAccount = errors.New("there is no such account")
	ErrTaken     = errors.New("the account is open already")
	ErrTooLittle = errors.New("there is too little money in the account")
	ErrNotEmpty  = errors.New("there is money in the account")
	ErrAmount    = errors.New("an amount is above zero")
)

// Command is what a customer asks for.
type Command = func(State) ([]Event, error)

// Open opens an account.
func Open(id, owner string) Command {
	return func(s State) ([]Event, error) {
		if s.Open {
			return nil, ErrTaken
		}
		return []Event{Opened{id, owner}}, nil
	}
}

// Deposit brings money in.
func Deposit(id string, cents int64, from string) Command {
	return func(s State) ([]Event, error) {
		switch {
		case !s.Open:
			return nil, fmt.Errorf("%w: %s", ErrNoAccount, id)
		case cents <= 0:
			return nil, ErrAmount
		}
		return []Event{Deposited{id, cents, from}}, nil
	}
}

// Withdraw takes money out.
func Withdraw(id string, cents int64, to string) Command {
	return func(s State) ([]Event, error) {
		switch {
		case !s.Open:
			return nil, fmt.Errorf("%w: %s", ErrNoAccount, id)
		case cents <= 0:
			return nil, ErrAmount
		case s.Cents < cents:
			return nil, ErrTooLittle
		}
		return []Event{Withdrawn{id, cents, to}}, nil
	}
}

// Close closes an account that is empty. A closed one stays closed.
func Close(id string) Command {
	return func(s State) ([]Event, error) {
		switch {
		case !s.Open:
			return nil, nil
		case s.Cents != 0:
			return nil, ErrNotEmpty
		}
		return []Event{Closed{id}}, nil
	}
}
