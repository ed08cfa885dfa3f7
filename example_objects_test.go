package gesta_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store/memory"
)

// PurseEvent is what happens to a purse.
type PurseEvent interface{ purse() }

// The members of PurseEvent.
type (
	CoinsPut   struct{ Coins int }
	CoinsTaken struct{ Coins int }
)

func (CoinsPut) purse()   {}
func (CoinsTaken) purse() {}

// PurseTypes names the events as they are stored.
var PurseTypes = gesta.Types[PurseEvent]{"coins.put": CoinsPut{}, "coins.taken": CoinsTaken{}}

// Purse is an object: it takes in events by Apply, and its other methods decide.
type Purse struct{ Coins int }

// Apply takes in an event.
func (p *Purse) Apply(e PurseEvent) {
	switch e := e.(type) {
	case CoinsPut:
		p.Coins += e.Coins
	case CoinsTaken:
		p.Coins -= e.Coins
	}
}

// Put puts coins in.
func (p *Purse) Put(c *gesta.Changes[PurseEvent], coins int) { c.Record(CoinsPut{Coins: coins}) }

// Take takes coins out.
func (p *Purse) Take(c *gesta.Changes[PurseEvent], coins int) error {
	if p.Coins < coins {
		return errors.New("there are not so many coins in the purse")
	}
	c.Record(CoinsTaken{Coins: coins})
	return nil
}

// Purses are the objects in the streams purse-1, purse-2, ...
var Purses = gesta.ObjectsOf[Purse, PurseEvent]("purse")

// Methods see what was recorded just before them: what is put in may be taken out again. When one of them refuses, nothing of it is recorded.
func ExampleObjects() {
	ctx := context.Background()
	db, err := gesta.New(memory.New(memory.Options{}), PurseTypes)
	if err != nil {
		log.Fatal(err)
	}
	exchange := func(in, out int) {
		res, err := Purses.Use(ctx, db, "1", func(p *Purse, c *gesta.Changes[PurseEvent]) error {
			p.Put(c, in)
			return p.Take(c, out)
		})
		if err != nil {
			fmt.Println("refused:", err)
			return
		}
		fmt.Println(res.State.Coins, "coins after", len(res.Events), "events")
	}
	exchange(5, 3)
	exchange(1, 9)
	// Output:
	// 2 coins after 2 events
	// refused: there are not so many coins in the purse
}
