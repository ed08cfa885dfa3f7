package gesta_test

import (
	"context"
	"fmt"
	"log"
	"reflect"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// An older program wrote the name of the owner in another field. What is stored stays as it is; what is read is the type of today, and new
// events have version 2.
func ExampleUpcast() {
	type openedV1 struct{ First, Last string }
	ctx := context.Background()
	s := newArchive(store.Event{Stream: "account-42", Type: "account.opened", SchemaVersion: 1, Data: []byte(`{"First":"Ann","Last":"Lee"}`)})
	db, err := gesta.New(s, AccountTypes, gesta.Upcast("account.opened", 1, func(o openedV1) AccountOpened {
		return AccountOpened{Owner: o.First + " " + o.Last}
	}))
	if err != nil {
		log.Fatal(err)
	}
	res, err := Account.Handle(ctx, db, "7", Open("Bob"))
	if err != nil {
		log.Fatal(err)
	}
	l, err := Account.Load(ctx, db, "42")
	fmt.Println(l.State.Owner, "and", res.State.Owner, "with version", res.Events[0].SchemaVersion, err)
	// Output: Ann Lee and Bob with version 2 <nil>
}

// An older program recorded one event where there are two today.
func ExampleSplit() {
	type openedWith struct {
		Owner string
		Cents int64
	}
	ctx := context.Background()
	s := newArchive(store.Event{Stream: "account-42", Type: "account.opened-with", Data: []byte(`{"Owner":"ann","Cents":500}`)})
	split := gesta.Split("account.opened-with", 1, func(o openedWith) []AccountEvent {
		return []AccountEvent{AccountOpened{Owner: o.Owner}, Deposited{Cents: o.Cents}}
	}, AccountEvent(AccountOpened{}), AccountEvent(Deposited{}))
	db, err := gesta.New(s, AccountTypes, split)
	if err != nil {
		log.Fatal(err)
	}
	for e, err := range gesta.Read[AccountEvent](ctx, db, nil, gesta.ReadOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("position %d, part %d: %T\n", e.Position, e.Part, e.Body)
	}
	// Output:
	// position 1, part 0: gesta_test.AccountOpened
	// position 1, part 1: gesta_test.Deposited
}

// The old name is still read, and never written again.
func ExampleRename() {
	ctx := context.Background()
	s := newArchive(
		store.Event{Stream: "account-42", Type: "account.created", Data: []byte(`{"Owner":"ann"}`)},
		store.Event{Stream: "account-42", Type: "money.deposited", Data: []byte(`{"Cents":500}`)},
	)
	db, err := gesta.New(s, AccountTypes, gesta.Rename("account.created", "account.opened"))
	if err != nil {
		log.Fatal(err)
	}
	l, err := Account.Load(ctx, db, "42")
	fmt.Printf("%+v %v\n", l.State, err)
	// Output: {Owner:ann Cents:500} <nil>
}

// A query of the store names types as they are stored. StoredAs lists all names that become one type.
func ExampleDB_StoredAs() {
	ctx := context.Background()
	s := newArchive(
		store.Event{Stream: "account-42", Type: "account.created", Data: []byte(`{"Owner":"ann"}`)},
		store.Event{Stream: "account-43", Type: "account.opened", Data: []byte(`{"Owner":"bob"}`)},
	)
	db, err := gesta.New(s, AccountTypes, gesta.Rename("account.created", "account.opened"))
	if err != nil {
		log.Fatal(err)
	}
	names, err := db.StoredAs(reflect.TypeFor[AccountOpened]())
	if err != nil {
		log.Fatal(err)
	}
	for e, err := range gesta.Read[AccountOpened](ctx, db, store.Query{{Types: names}}, gesta.ReadOptions{}) {
		fmt.Println(e.Body.Owner, e.Type, err)
	}
	// Output:
	// ann account.created <nil>
	// bob account.opened <nil>
}

// Ann asks to be forgotten. Her name is erased for good; her account goes on with what stands in for it.
func ExampleStandIn() {
	ctx := context.Background()
	s := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}).Store()
	eraser, ok := store.As[store.Eraser](s)
	if !ok {
		log.Fatal("this store erases nothing")
	}
	if _, err := eraser.Erase(ctx, store.Erasure{Positions: []store.Position{1}, Reason: "she asked"}); err != nil {
		log.Fatal(err)
	}
	db, err := gesta.New(s, AccountTypes, gesta.StandIn(AccountOpened{Owner: "(forgotten)"}))
	if err != nil {
		log.Fatal(err)
	}
	l, err := Account.Load(ctx, db, "42")
	fmt.Printf("%+v %v\n", l.State, err)
	// Output: {Owner:(forgotten) Cents:500} <nil>
}
