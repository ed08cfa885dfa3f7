package gesta_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gestadb/gesta"
)

// The type, its union of events and the category are all that it takes: Purse is a plain struct, see the example of [Objects].
func ExampleObjectsOf() {
	purses := gesta.ObjectsOf[Purse, PurseEvent]("purse")
	fmt.Println(purses.Decider().Stream("1"))
	// Output: purse-1
}

// Use takes the options of [Decider.Handle].
func ExampleObjects_Use() {
	ctx, db := context.Background(), newBank()
	res, err := Purses.Use(ctx, db, "1", func(p *Purse, c *gesta.Changes[PurseEvent]) error {
		p.Put(c, 500)
		return nil
	}, gesta.Actor("ann"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.State.Coins, res.Version, res.Events[0].Actor())
	// Output: 500 1 ann
}

// With sets what is not in the methods. Its version is raised when Apply makes something else of the same events.
func ExampleObjects_With() {
	purses := Purses.With(func(d *gesta.Decider[Purse, PurseEvent]) {
		d.Version = 2
		d.Initial = func() Purse { return Purse{Coins: 10} }
	})
	l, err := purses.Load(context.Background(), newBank(), "1")
	fmt.Println(l.State.Coins, purses.Decider().Version, err)
	// Output: 10 2 <nil>
}

// Load takes the options of [Decider.Load]: an object as it was.
func ExampleObjects_Load() {
	ctx, db := context.Background(), newBank()
	for _, coins := range []int{100, 200} {
		if _, err := Purses.Use(ctx, db, "1", func(p *Purse, c *gesta.Changes[PurseEvent]) error {
			p.Put(c, coins)
			return nil
		}); err != nil {
			log.Fatal(err)
		}
	}
	l, err := Purses.Load(ctx, db, "1", gesta.AsOfVersion(1))
	fmt.Printf("%+v %v\n", l.State, err)
	// Output: {Coins:100} <nil>
}

// Command turns calls of methods into what a decider takes, here to move money between an object and a plain decider.
func ExampleObjects_Command() {
	ctx, db := context.Background(), newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	put := func(p *Purse, c *gesta.Changes[PurseEvent]) error {
		p.Put(c, 200)
		return nil
	}
	purse := Purses.Decider().Handling("1", Purses.Command(put))
	fmt.Println(gesta.Atomic(ctx, db, Account.Handling("42", Withdraw(200)), purse))
	fmt.Println(purse.Result().State.Coins)
	// Output:
	// <nil>
	// 200
}

// Behind the objects is a decider, with all that one has: here the history.
func ExampleObjects_Decider() {
	ctx, db := context.Background(), newBank()
	if _, err := Purses.Use(ctx, db, "1", func(p *Purse, c *gesta.Changes[PurseEvent]) error {
		p.Put(c, 500)
		return p.Take(c, 100)
	}); err != nil {
		log.Fatal(err)
	}
	for step, err := range Purses.Decider().History(ctx, db, "1") {
		fmt.Println(step.Before.Coins, "->", step.After.Coins, err)
	}
	// Output:
	// 0 -> 500 <nil>
	// 500 -> 400 <nil>
}

// Changes alone are recorded. What a method sets without them has not happened.
func ExampleChanges() {
	ctx, db := context.Background(), newBank()
	res, err := Purses.Use(ctx, db, "1", func(p *Purse, _ *gesta.Changes[PurseEvent]) error {
		p.Coins = 1_000_000
		return nil
	})
	fmt.Println(res.State.Coins, res.Changed(), err)
	// Output: 0 false <nil>
}

// What is recorded is taken in at once.
func ExampleChanges_Record() {
	command := Purses.Command(func(p *Purse, c *gesta.Changes[PurseEvent]) error {
		c.Record(CoinsPut{Coins: 500}, CoinsTaken{Coins: 200})
		fmt.Println("now there are", p.Coins)
		return nil
	})
	events, err := command(Purse{Coins: 1})
	fmt.Println(events, err)
	// Output:
	// now there are 301
	// [{500} {200}] <nil>
}
