package gesta_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// Read goes over all streams: here over what happened to any account, the newest first.
func ExampleRead() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}, Withdrawn{Cents: 200})
	query := store.Query{{Category: "account", Types: []string{"money.deposited", "money.withdrawn"}}}
	options := gesta.ReadOptions{ReadOptions: store.ReadOptions{Backward: true}}
	for e, err := range gesta.Read[AccountEvent](ctx, db, query, options) {
		if err != nil {
			log.Fatal(err)
		}
		switch body := e.Body.(type) {
		case Deposited:
			fmt.Println(e.Stream, "+", body.Cents)
		case Withdrawn:
			fmt.Println(e.Stream, "-", body.Cents)
		}
	}
	// Output:
	// account-42 - 200
	// account-42 + 500
}

// With Follow, history and what comes live are one loop. It ends with its context, or with a break.
func ExampleRead_follow() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"})
	follow := gesta.ReadOptions{ReadOptions: store.ReadOptions{Follow: true}}
	for e, err := range gesta.Read[AccountEvent](ctx, db, nil, follow) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d: %T\n", e.Position, e.Body)
		if e.Position == 3 {
			break
		}
		if _, err := Account.Handle(ctx, db, "42", Deposit(100)); err != nil { // it comes round
			log.Fatal(err)
		}
	}
	// Output:
	// 1: gesta_test.AccountOpened
	// 2: gesta_test.Deposited
	// 3: gesta_test.Deposited
}

// Nothing is left out in silence: what is of another type ends the read, unless Skip takes it.
func ExampleReadOptions() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	for _, err := range gesta.Read[Deposited](ctx, db, nil, gesta.ReadOptions{}) {
		fmt.Println(err)
	}
	options := gesta.ReadOptions{
		ReadOptions: store.ReadOptions{Limit: 10},
		Skip:        func(r *store.Recorded, _ error) { fmt.Println("skipped", r.Type) },
	}
	for e, err := range gesta.Read[Deposited](ctx, db, nil, options) {
		fmt.Println(e.Body.Cents, err)
	}
	// Output:
	// gesta: unknown type of event: the gesta_test.AccountOpened at position 1 is no gesta_test.Deposited
	// skipped account.opened
	// 500 <nil>
}

// A newer program has written what this one does not know. The error says which of the two is behind: Newest is 0 for a type that is unknown altogether.
func ExampleUnknownTypeError() {
	ctx := context.Background()
	s := newArchive(
		store.Event{Stream: "account-42", Type: "account.opened", SchemaVersion: 3, Data: []byte(`{"Owners":["ann"]}`)},
		store.Event{Stream: "account-43", Type: "account.frozen", Data: []byte(`{}`)},
	)
	db, err := gesta.New(s, AccountTypes)
	if err != nil {
		log.Fatal(err)
	}
	for _, id := range []string{"42", "43"} {
		_, err = Account.Load(ctx, db, id)
		if unknown, ok := errors.AsType[*gesta.UnknownTypeError](err); ok && errors.Is(err, gesta.ErrUnknownType) {
			fmt.Printf("position %d: %s, version %d; known up to %d\n", unknown.Position, unknown.Type, unknown.SchemaVersion, unknown.Newest)
		}
	}
	// Output:
	// position 1: account.opened, version 3; known up to 1
	// position 2: account.frozen, version 1; known up to 0
}

// Somebody stored what no Deposited reads.
func ExampleDecodeError() {
	ctx := context.Background()
	s := newArchive(store.Event{Stream: "account-42", Type: "money.deposited", Data: []byte(`{"Cents":"much"}`)})
	db, err := gesta.New(s, AccountTypes)
	if err != nil {
		log.Fatal(err)
	}
	_, err = Account.Load(ctx, db, "42")
	if broken, ok := errors.AsType[*gesta.DecodeError](err); ok {
		fmt.Printf("look at position %d, a %s:\n%v\n", broken.Position, broken.Type, broken.Err)
	}
	// Output:
	// look at position 1, a money.deposited:
	// json: cannot unmarshal string into Go struct field Deposited.Cents of type int64
}

// Without a [StandIn], the program is told that it cannot know what an erased event said.
func ExampleErasedError() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	erase(db.Store(), 1)
	_, err := Account.Load(ctx, db, "42")
	if erased, ok := errors.AsType[*gesta.ErasedError](err); ok && errors.Is(err, gesta.ErrErased) {
		fmt.Printf("the %s at position %d was erased by position %d\n", erased.Type, erased.Position, erased.By)
	}
	// Output: the account.opened at position 1 was erased by position 3
}
