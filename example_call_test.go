package gesta_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
)

// Which options a call has may depend on the request. Here the version that a browser sends back, if it does.
func ExampleCallOption() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	withdraw := func(requestID string, ifMatch uint64) error {
		options := []gesta.CallOption{gesta.Key(requestID)}
		if ifMatch > 0 {
			options = append(options, gesta.ExpectVersion(ifMatch))
		}
		_, err := Account.Handle(ctx, db, "42", Withdraw(200), options...)
		return err
	}
	fmt.Println(withdraw("a", 2))
	fmt.Println(withdraw("b", 0))
	// Output:
	// <nil>
	// <nil>
}

// The answer to a request got lost, and the request comes again: it is not decided a second time. The result is that of the first.
func ExampleKey() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	for range 2 {
		res, err := Account.Handle(ctx, db, "42", Withdraw(400), gesta.Key("request-7"))
		fmt.Println(res.State.Cents, res.Events[0].Position, res.Duplicate, err)
	}
	_, err := Account.Handle(ctx, db, "8", Deposit(1), gesta.Key("request-7"))
	fmt.Println("for something else:", errors.Is(err, store.ErrKeyReused))
	// Output:
	// 100 3 false <nil>
	// 100 3 true <nil>
	// for something else: true
}

// While the command decides, somebody else takes money out. Without a retry that is a conflict; with one, the command decides on what is left.
func ExampleRetries() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	overtaken := func(s State) ([]AccountEvent, error) {
		if s.Cents == 500 {
			if _, err := Account.Handle(ctx, db, "42", Withdraw(100)); err != nil {
				log.Fatal(err)
			}
		}
		fmt.Println("decide on", s.Cents)
		return Withdraw(50)(s)
	}
	_, err := Account.Handle(ctx, db, "42", overtaken, gesta.Retries(0))
	fmt.Println(err)
	_, err = Account.Handle(ctx, db, "42", Deposit(100))
	fmt.Println(err)
	res, err := Account.Handle(ctx, db, "42", overtaken, gesta.Retries(1))
	fmt.Println(res.State.Cents, err)
	// Output:
	// decide on 500
	// gesta: conflict: expected stream "account-42" at version 2, it is at 3
	// <nil>
	// decide on 500
	// decide on 400
	// 350 <nil>
}

// Ann saw version 2 in her form. What came since is in the error, to be shown to her.
func ExampleExpectVersion() {
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}, Withdrawn{Cents: 100})
	_, err := Account.Handle(context.Background(), db, "42", Withdraw(200), gesta.ExpectVersion(2))
	conflict, ok := errors.AsType[*store.ConflictError](err)
	if !ok {
		log.Fatal(err)
	}
	for _, r := range conflict.Failed[0].Events {
		missed, err := db.Decode(&r)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("meanwhile: %T%+v\n", missed[0].Body, missed[0].Body)
	}
	// Output: meanwhile: gesta_test.Withdrawn{Cents:100}
}

// Without it, an account that is not there is one without events, into which money may be brought.
func ExampleMustExist() {
	_, err := Account.Handle(context.Background(), newBank(), "42", Deposit(500), gesta.MustExist())
	fmt.Println(errors.Is(err, gesta.ErrNoStream), err)
	// Output: true gesta: no such stream: "account-42"
}

// An option beats the context.
func ExampleActor() {
	ctx := gesta.WithActor(context.Background(), "the till")
	res, err := Account.Handle(ctx, newBank(), "42", Deposit(500), gesta.Actor("ann"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Events[0].Actor())
	// Output: ann
}

// The story may be known to one call alone.
func ExampleCorrelation() {
	res, err := Account.Handle(context.Background(), newBank(), "42", Deposit(500), gesta.Correlation("order-9"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Events[0].CorrelationID())
	// Output: order-9
}

// What an event leads to belongs to the same story.
func ExampleCause() {
	ctx, db := context.Background(), newBank()
	paid, err := Account.Handle(ctx, db, "42", Deposit(500), gesta.Correlation("order-9"))
	if err != nil {
		log.Fatal(err)
	}
	fee, err := Account.Handle(ctx, db, "42", Withdraw(5), gesta.Cause(paid.Events[0]))
	if err != nil {
		log.Fatal(err)
	}
	e := fee.Events[0]
	fmt.Println(e.CausationID() == paid.Events[0].ID, e.CorrelationID())
	// Output: true order-9
}

// Metadata is for what a program knows about an event and decides nothing by. What gesta has an option for is refused.
func ExampleMetadata() {
	ctx, db := context.Background(), newBank()
	res, err := Account.Handle(ctx, db, "42", Deposit(500), gesta.Metadata("branch", 12), gesta.Metadata("device", "till 3"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", res.Events[0].Metadata)
	_, err = Account.Handle(ctx, db, "42", Deposit(500), gesta.Metadata("actor", "eve"))
	fmt.Println(err)
	// Output:
	// {"branch":12,"device":"till 3"}
	// gesta: invalid: metadata "actor" is set by an option of its own
}
