package gesta_test

import (
	"context"
	"fmt"
	"log"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store/memory"
)

// Several commands, and decisions, are one commit. When one of them refuses, none is recorded.
func ExampleAtomic() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	transfer := func(cents int64) error {
		return gesta.Atomic(ctx, db, Account.Handling("42", Withdraw(cents)), Account.Handling("7", Deposit(cents)))
	}
	fmt.Println(transfer(300))
	fmt.Println(transfer(300))
	l, err := Account.Load(ctx, db, "7")
	fmt.Println(l.State.Cents, err)
	// Output:
	// <nil>
	// there is too little money in the account
	// 300 <nil>
}

// Handlings of one decider may be made in a loop: each pays out one share.
func ExampleHandler() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 900})
	var shares []gesta.Handler
	for _, id := range []string{"1", "2", "3"} {
		shares = append(shares, Account.Handling(id, Deposit(300)))
	}
	fmt.Println(gesta.Atomic(ctx, db, Account.Handling("42", Withdraw(900)), shares[0], shares[1:]...))
	l, err := Account.Load(ctx, db, "3")
	fmt.Println(l.State.Cents, err)
	// Output:
	// <nil>
	// 300 <nil>
}

// Options about a stream belong to its handling, those about the commit to any of them.
func ExampleHandling() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	from := Account.Handling("42", Withdraw(300), gesta.ExpectVersion(2), gesta.Actor("ann"))
	to := Account.Handling("7", Deposit(300), gesta.MustExist())
	fmt.Println(gesta.Atomic(ctx, db, from, to))
	// Output: gesta: no such stream: "account-7"
}

// What each command led to stands in its result.
func ExampleHandling_Result() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	from, to := Account.Handling("42", Withdraw(300)), Account.Handling("7", Deposit(300))
	if err := gesta.Atomic(ctx, db, from, to); err != nil {
		log.Fatal(err)
	}
	for _, res := range []gesta.Result[State, AccountEvent]{from.Result(), to.Result()} {
		e := res.Events[0]
		fmt.Printf("%s@%d in commit %d: %d cents\n", e.Stream, e.Version, e.Commit, res.State.Cents)
	}
	// Output:
	// account-42@3 in commit 3: 200 cents
	// account-7@1 in commit 3: 300 cents
}

// The fee of a course and the seat in it are one commit: a decision over the school, and a command of an account.
func ExampleDecision_Deciding() {
	ctx := context.Background()
	db, err := gesta.New(memory.New(memory.Options{}), AccountTypes, CourseTypes)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := gesta.Decide(ctx, db, Offer("go", 2)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(gesta.Atomic(ctx, db, Enroll("go", "ann").Deciding(), Account.Handling("ann", Withdraw(100))))
	fmt.Println(ask(db, SeatsLeft("go")), "seats left")
	// Output:
	// there is too little money in the account
	// 2 seats left
}

// A deciding is a decision on its way: made of one, with options, and handed to Atomic once.
func ExampleDeciding() {
	ctx, db := context.Background(), newSchool()
	seat := Enroll("go", "bob").Deciding(gesta.Key("form-12"))
	fmt.Println(gesta.Atomic(ctx, db, Offer("sql", 8).Deciding(), seat))
	// Output: <nil>
}

// Each decision of a commit has a result of its own.
func ExampleDeciding_Result() {
	ctx, db := context.Background(), newSchool()
	course, seat := Offer("sql", 8).Deciding(), Enroll("go", "bob").Deciding()
	if err := gesta.Atomic(ctx, db, course, seat); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n%+v\n", course.Result().Events[0].Body, seat.Result().Events[0].Body)
	// Output:
	// {Course:sql Seats:8}
	// {Course:go Student:bob}
}
