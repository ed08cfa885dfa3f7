package gesta_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// A version is that of the stream: what the account was after its first two events.
func ExampleAsOfVersion() {
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}, Withdrawn{Cents: 200})
	l, err := Account.Load(context.Background(), db, "42", gesta.AsOfVersion(2))
	fmt.Println(l.State.Cents, err)
	// Output: 500 <nil>
}

// A position is that of the store: two accounts as they were at the same moment, between two commits.
func ExampleAsOfPosition() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	for _, cents := range []int64{100, 200} {
		if err := gesta.Atomic(ctx, db, Account.Handling("42", Withdraw(cents)), Account.Handling("7", Deposit(cents))); err != nil {
			log.Fatal(err)
		}
	}
	for _, id := range []string{"42", "7"} {
		l, err := Account.Load(ctx, db, id, gesta.AsOfPosition(4))
		fmt.Println(id, "had", l.State.Cents, err)
	}
	// Output:
	// 42 had 400 <nil>
	// 7 had 100 <nil>
}

// AsOf is what was known at a time. The past is looked at and never written.
func ExampleAsOf() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}, Withdrawn{Cents: 200})
	atOne := gesta.AsOf(noon.Add(time.Hour))
	l, err := Account.Load(ctx, db, "42", atOne)
	fmt.Println(l.State.Cents, err)
	_, err = Account.Handle(ctx, db, "42", Withdraw(500), atOne)
	fmt.Println(errors.Is(err, store.ErrInvalid))
	// Output:
	// 500 <nil>
	// true
}

// AsEffective is what held at a time, as far as is known today. A deposit was made at half past twelve, and recorded
// at two: at one nobody knew of it, and yet it held.
func ExampleAsEffective() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	late := Account
	late.Envelope = func(AccountEvent) gesta.Envelope { return gesta.Envelope{EffectiveAt: noon.Add(30 * time.Minute)} }
	if _, err := late.Handle(ctx, db, "42", Deposit(80)); err != nil {
		log.Fatal(err)
	}
	known, err := Account.Load(ctx, db, "42", gesta.AsOf(noon.Add(time.Hour)))
	fmt.Println("known at one:", known.State.Cents, err)
	held, err := Account.Load(ctx, db, "42", gesta.AsEffective(noon.Add(time.Hour)))
	fmt.Println("held at one: ", held.State.Cents, err)
	// Output:
	// known at one: 500 <nil>
	// held at one:  580 <nil>
}
