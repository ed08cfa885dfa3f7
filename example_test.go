package gesta_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store/memory"
)

// AccountEvent is what happens to an account.
type AccountEvent interface{ account() }

// The members of AccountEvent: they are stored as JSON, and a field that is marked becomes a tag of the event too.
type (
	AccountOpened struct {
		Owner string `gesta:"tag=owner"`
	}
	Deposited struct{ Cents int64 }
	Withdrawn struct{ Cents int64 }
)

func (AccountOpened) account() {}
func (Deposited) account()     {}
func (Withdrawn) account()     {}

// AccountTypes names the events as they are stored, for ever.
var AccountTypes = gesta.Types[AccountEvent]{
	"account.opened":  AccountOpened{},
	"money.deposited": Deposited{},
	"money.withdrawn": Withdrawn{},
}

// State is what the events of one account amount to.
type State struct {
	Owner string
	Cents int64
}

// Account decides for one account. Its streams are account-1, account-2, ...
var Account = gesta.Decider[State, AccountEvent]{Category: "account", Evolve: evolve}

func evolve(s State, e AccountEvent) State {
	switch e := e.(type) {
	case AccountOpened:
		s.Owner = e.Owner
	case Deposited:
		s.Cents += e.Cents
	case Withdrawn:
		s.Cents -= e.Cents
	}
	return s
}

// ErrTooLittle is why nothing is withdrawn.
var ErrTooLittle = errors.New("there is too little money in the account")

// Command is what is asked of an account: it says what happens, or why nothing may.
type Command = func(State) ([]AccountEvent, error)

// Open opens an account. One that is open already stays as it is.
func Open(owner string) Command {
	return func(s State) ([]AccountEvent, error) {
		if s.Owner != "" {
			return nil, nil
		}
		return []AccountEvent{AccountOpened{Owner: owner}}, nil
	}
}

// Deposit brings money in.
func Deposit(cents int64) Command {
	return func(State) ([]AccountEvent, error) { return []AccountEvent{Deposited{Cents: cents}}, nil }
}

// Withdraw takes money out.
func Withdraw(cents int64) Command {
	return func(s State) ([]AccountEvent, error) {
		if s.Cents < cents {
			return nil, ErrTooLittle
		}
		return []AccountEvent{Withdrawn{Cents: cents}}, nil
	}
}

// A whole program: events, what they amount to, commands, and a store. The examples of deciders, reading and upcasting go on with these
// accounts, those of decisions and views with the courses of [Decide].
func Example() {
	ctx := context.Background()
	db, err := gesta.New(memory.New(memory.Options{}), AccountTypes) // store/disk keeps what this store forgets
	if err != nil {
		log.Fatal(err)
	}
	for _, command := range []Command{Open("ann"), Deposit(1000), Withdraw(300)} {
		if _, err := Account.Handle(ctx, db, "42", command); err != nil {
			log.Fatal(err)
		}
	}
	_, err = Account.Handle(ctx, db, "42", Withdraw(5000))
	fmt.Println("withdraw 5000:", err)

	now, err := Account.Load(ctx, db, "42")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("now: %+v, after %d events\n", now.State, now.Version)

	for step, err := range Account.History(ctx, db, "42") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d: %T made %d of %d cents\n", step.Version, step.Body, step.After.Cents, step.Before.Cents)
	}
	// Output:
	// withdraw 5000: there is too little money in the account
	// now: {Owner:ann Cents:700}, after 3 events
	// 1: gesta_test.AccountOpened made 0 of 0 cents
	// 2: gesta_test.Deposited made 1000 of 0 cents
	// 3: gesta_test.Withdrawn made 700 of 1000 cents
}
