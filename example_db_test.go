package gesta_test

import (
	"context"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// New says all that is wrong with the types at once, before anything is stored.
func ExampleNew() {
	type Closed struct{ Refund float64 }
	type Frozen struct {
		Rate float64 `gesta:"tag=rate"`
	}
	_, err := gesta.New(memory.New(memory.Options{}), gesta.Types[any]{
		"account.closed": Closed{},
		"account.ended":  Closed{},
		"account.frozen": Frozen{},
	})
	fmt.Println(err)
	// Output:
	// make a DB: gesta_test.Closed has two names, "account.closed" and "account.ended": under which of them is it to be stored?
	// type "account.frozen", gesta_test.Frozen: field Rate: a float64 is no tag: equal numbers may be written in several ways
}

// A DB may be used by any number of goroutines. Who meets in one stream decides again, on what the others have done.
func ExampleDB() {
	ctx := context.Background()
	s := memory.New(memory.Options{})
	db, err := gesta.New(s, AccountTypes)
	if err != nil {
		log.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := Account.Handle(ctx, db, "42", Deposit(100), gesta.Retries(1000)); err != nil {
				log.Fatal(err)
			}
		})
	}
	wg.Wait()
	l, err := Account.Load(ctx, db, "42")
	fmt.Println(l.State.Cents, "cents by", l.Version, "events", err)
	fmt.Println(s.Close()) // whoever opened the store closes it: the DB does not own it
	// Output:
	// 1000 cents by 10 events <nil>
	// <nil>
}

// The store has what the typed layer does not speak of: bytes as they were stored, and powers such as erasing.
func ExampleDB_Store() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	for r, err := range db.Store().Read(ctx, nil, store.ReadOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d %s %s %q %s\n", r.Position, r.Stream, r.Type, r.Tags, r.Data)
	}
	// Output:
	// 1 account-42 account.opened ["owner:ann"] {"Owner":"ann"}
	// 2 account-42 money.deposited [] {"Cents":500}
}

// Time is a parameter of a command like any other: whoever builds the command reads the clock, once, and a command that decides again keeps the time.
func ExampleDB_Now() {
	withdrawAt := func(now time.Time, cents int64) Command {
		return func(s State) ([]AccountEvent, error) {
			if now.Hour() < 9 || now.Hour() >= 17 {
				return nil, fmt.Errorf("the counter is closed at %s", now.Format(time.Kitchen))
			}
			return Withdraw(cents)(s)
		}
	}
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	_, err := Account.Handle(ctx, db, "42", withdrawAt(db.Now(), 100))
	fmt.Println(db.Now().Format(time.Kitchen), err)
	_, err = Account.Handle(ctx, db, "42", withdrawAt(db.Now().Add(8*time.Hour), 100))
	fmt.Println(err)
	// Output:
	// 2:00PM <nil>
	// the counter is closed at 10:00PM
}

// Whoever reads the store itself, such as a program that copies events elsewhere, still gets them as they are today.
func ExampleDB_Decode() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	for r, err := range db.Store().Read(ctx, nil, store.ReadOptions{After: 1}) {
		if err != nil {
			log.Fatal(err)
		}
		events, err := db.Decode(&r)
		if err != nil {
			log.Fatal(err)
		}
		for _, e := range events {
			fmt.Printf("%s is a %T: %+v\n", r.Type, e.Body, e.Body)
		}
	}
	// Output: money.deposited is a gesta_test.Deposited: {Cents:500}
}

// The clock is that of the program: it stamps no events, which is the store's part, and answers [DB.Now].
func ExampleWithClock() {
	clock := func() time.Time { return time.Date(2026, time.March, 2, 13, 0, 0, 1234, time.FixedZone("CET", 3600)) }
	db, err := gesta.New(memory.New(memory.Options{}), AccountTypes, gesta.WithClock(clock))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(db.Now())
	// Output: 2026-03-02 12:00:00.000001 +0000 UTC
}
