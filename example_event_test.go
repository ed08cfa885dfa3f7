package gesta_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// An event comes with its envelope: its body is what happened, and all else is where and when that was recorded. Part is above 0
// only in what [Split] has made of one stored event.
func ExampleEvent() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	for e, err := range gesta.Read[AccountEvent](ctx, db, nil, gesta.ReadOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("#%d.%d %s@%d at %s: %+v\n", e.Position, e.Part, e.Stream, e.Version, e.RecordedAt.Format(time.TimeOnly), e.Body)
	}
	// Output:
	// #1.0 account-42@1 at 12:00:00: {Owner:ann}
	// #2.0 account-42@2 at 13:00:00: {Cents:500}
}

// Who did it is said in the metadata of the event.
func ExampleEvent_Actor() {
	ctx := gesta.WithActor(context.Background(), "ann")
	db := newBank(AccountOpened{Owner: "ann"})
	res, err := Account.Handle(ctx, db, "42", Deposit(500))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s\n", res.Events[0].Actor(), res.Events[0].Metadata)
	// Output: ann: {"actor":"ann"}
}

// Which of the events belong to one request?
func ExampleEvent_CorrelationID() {
	ctx := gesta.WithCorrelation(context.Background(), "request-7")
	db := newBank(AccountOpened{Owner: "ann"})
	for _, command := range []Command{Deposit(500), Withdraw(200)} {
		if _, err := Account.Handle(ctx, db, "42", command); err != nil {
			log.Fatal(err)
		}
	}
	for e, err := range gesta.Read[AccountEvent](ctx, db, nil, gesta.ReadOptions{}) {
		if err == nil && e.CorrelationID() == "request-7" {
			fmt.Printf("%T\n", e.Body)
		}
	}
	// Output:
	// gesta_test.Deposited
	// gesta_test.Withdrawn
}

// A deposit leads to a bonus. That is on record: with the bonus stands the id of the deposit.
func ExampleEvent_CausationID() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"})
	deposit, err := Account.Handle(ctx, db, "42", Deposit(100_000))
	if err != nil {
		log.Fatal(err)
	}
	bonus, err := Account.Handle(ctx, db, "42", Deposit(500), gesta.Cause(deposit.Events[0]))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bonus.Events[0].CausationID() == deposit.Events[0].ID)
	// Output: true
}

// All that handles commands in this context says who asked for it: middleware sets it once for each request.
func ExampleWithActor() {
	db := newBank(AccountOpened{Owner: "ann"})
	serve := func(ctx context.Context, user string) error {
		ctx = gesta.WithActor(ctx, user)
		_, err := Account.Handle(ctx, db, "42", Deposit(500))
		return err
	}
	fmt.Println(serve(context.Background(), "bob"))
	for e, err := range gesta.Read[Deposited](context.Background(), db, store.Query{{Types: []string{"money.deposited"}}}, gesta.ReadOptions{}) {
		fmt.Println(e.Actor(), "brought", e.Body.Cents, err)
	}
	// Output:
	// <nil>
	// bob brought 500 <nil>
}

// Each of these adds to what the context says already.
func ExampleWithCorrelation() {
	ctx := gesta.WithCorrelation(context.Background(), "order-9")
	ctx = gesta.WithActor(ctx, "shop")
	res, err := Account.Handle(ctx, newBank(), "42", Deposit(500))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", res.Events[0].Metadata)
	// Output: {"actor":"shop","correlationId":"order-9"}
}

// A program that reacts to events says so in the context: cause and story are on record, however deep the calls go. The first event of a story gives it its id.
func ExampleWithCause() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"})
	for opened, err := range gesta.Read[AccountOpened](ctx, db, nil, gesta.ReadOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		welcome, err := Account.Handle(gesta.WithCause(ctx, opened), db, "42", Deposit(10))
		if err != nil {
			log.Fatal(err)
		}
		e := welcome.Events[0]
		fmt.Println(e.CausationID() == opened.ID, e.CorrelationID() == opened.ID)
	}
	// Output: true true
}

// What marked fields become, and what views ask for.
func ExampleTag() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"})
	for e, err := range gesta.Read[AccountEvent](ctx, db, store.Query{{Tags: []string{gesta.Tag("owner", "ann")}}}, gesta.ReadOptions{}) {
		fmt.Println(e.Tags, err)
	}
	// Output: [owner:ann] <nil>
}
