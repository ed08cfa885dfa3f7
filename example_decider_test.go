package gesta_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/gestadb/gesta"
)

// Any fold over the events of a stream is a decider. This one looks at the same accounts and counts points: one for each euro that comes in, five to begin with.
func ExampleDecider() {
	points := gesta.Decider[int, AccountEvent]{
		Category: "account",
		Version:  2, // the first version gave them for cents
		Initial:  func() int { return 5 },
		Evolve: func(points int, e AccountEvent) int {
			if d, ok := e.(Deposited); ok {
				points += int(d.Cents / 100)
			}
			return points
		},
	}
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}, Withdrawn{Cents: 200})
	l, err := points.Load(context.Background(), db, "42")
	fmt.Println(l.State, "points", err)
	// Output: 10 points <nil>
}

// A state that needs to know when things happened is folded from whole events.
func ExampleDecider_evolveEvent() {
	activity := gesta.Decider[time.Time, AccountEvent]{
		Name:        "activity", // beside the account itself, where states are kept
		Category:    "account",
		EvolveEvent: func(_ time.Time, e gesta.Event[AccountEvent]) time.Time { return e.RecordedAt },
	}
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}, Withdrawn{Cents: 200})
	l, err := activity.Load(context.Background(), db, "42")
	fmt.Println("last seen at", l.State.Format(time.TimeOnly), err)
	// Output: last seen at 14:00:00 <nil>
}

// A bank counts money from the next working day on. The event says so in its envelope: that is no field of it, for it is of no interest to any command.
func ExampleDecider_envelope() {
	tomorrow := noon.AddDate(0, 0, 1)
	slow := Account
	slow.Envelope = func(e AccountEvent) gesta.Envelope {
		if _, ok := e.(Deposited); ok {
			return gesta.Envelope{EffectiveAt: tomorrow}
		}
		return gesta.Envelope{}
	}
	res, err := slow.Handle(context.Background(), newBank(), "42", Deposit(500))
	if err != nil {
		log.Fatal(err)
	}
	e := res.Events[0]
	fmt.Println("recorded", e.RecordedAt.Format(time.DateOnly), "effective", e.EffectiveAt.Format(time.DateOnly))
	// Output: recorded 2026-03-02 effective 2026-03-03
}

// Handle loads, decides and appends. What the command refuses comes back as it is, and nothing is recorded.
func ExampleDecider_Handle() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	for range 3 {
		res, err := Account.Handle(ctx, db, "42", Withdraw(200), gesta.MustExist())
		if errors.Is(err, ErrTooLittle) {
			fmt.Println("sorry:", err)
			continue
		}
		fmt.Printf("%d cents left at version %d, %v\n", res.State.Cents, res.Version, err)
	}
	// Output:
	// 300 cents left at version 3, <nil>
	// 100 cents left at version 4, <nil>
	// sorry: there is too little money in the account
}

// A transfer: both accounts, or neither. Handling says what Handle would do, and Atomic does all of it in one commit.
func ExampleDecider_Handling() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	from, to := Account.Handling("42", Withdraw(300)), Account.Handling("7", Deposit(300))
	fmt.Println(gesta.Atomic(ctx, db, from, to))
	fmt.Println(from.Result().State.Cents, to.Result().State.Cents)
	// Output:
	// <nil>
	// 200 300
}

// Load looks at a stream as it is, or as it was.
func ExampleDecider_Load() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}, Withdrawn{Cents: 200})
	now, err := Account.Load(ctx, db, "42")
	fmt.Println("now:", now.State.Cents, err)
	was, err := Account.Load(ctx, db, "42", gesta.AsOf(noon.Add(90*time.Minute)))
	fmt.Println("at half past one:", was.State.Cents, err)
	none, err := Account.Load(ctx, db, "43")
	fmt.Println("of an account that is not there:", none.State.Cents, none.Version, err)
	// Output:
	// now: 300 <nil>
	// at half past one: 500 <nil>
	// of an account that is not there: 0 0 <nil>
}

// A statement of account is its history. The loop may stop where it likes.
func ExampleDecider_History() {
	ctx := context.Background()
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}, Withdrawn{Cents: 200})
	for step, err := range Account.History(ctx, db, "42") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %+5d %5d\n", step.RecordedAt.Format(time.TimeOnly), step.After.Cents-step.Before.Cents, step.After.Cents)
	}
	// Output:
	// 12:00:00    +0     0
	// 13:00:00  +500   500
	// 14:00:00  -200   300
}

// The stream of an id is what the command line asks for: gesta log account-42.
func ExampleDecider_Stream() {
	fmt.Println(Account.Stream("42"))
	// Output: account-42
}

// When was the account at its lowest after the first deposit? Each step has the state before and after its event.
func ExampleStep() {
	ctx := context.Background()
	db := newBank(Deposited{Cents: 500}, Withdrawn{Cents: 450}, Deposited{Cents: 100})
	var lowest gesta.Step[State, AccountEvent]
	for step, err := range Account.History(ctx, db, "42") {
		if err != nil {
			log.Fatal(err)
		}
		if step.Version == 1 || step.After.Cents < lowest.After.Cents {
			lowest = step
		}
	}
	fmt.Printf("%d, after %+v took it from %d\n", lowest.After.Cents, lowest.Body, lowest.Before.Cents)
	// Output: 50, after {Cents:450} took it from 500
}

// Beside the state stands what it was made of: a version to put into a form, and a position to wait for in a read model.
func ExampleLoaded() {
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	l, err := Account.Load(context.Background(), db, "42")
	fmt.Printf("%+v, version %d, read up to position %d, %v\n", l.State, l.Version, l.Position, err)
	// Output: {Owner:ann Cents:500}, version 2, read up to position 2, <nil>
}

// A result has the events that were recorded, and the state after them: there is no need to load again.
func ExampleResult() {
	db := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500})
	res, err := Account.Handle(context.Background(), db, "42", Withdraw(200))
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range res.Events {
		fmt.Printf("%+v at position %d, duplicate %t\n", e.Body, e.Position, res.Duplicate)
	}
	fmt.Println(res.State.Cents, "left")
	// Output:
	// {Cents:200} at position 3, duplicate false
	// 300 left
}

// A command that finds all as it should be returns no events. That is no error, and nothing is recorded.
func ExampleResult_Changed() {
	ctx, db := context.Background(), newBank()
	for range 2 {
		res, err := Account.Handle(ctx, db, "42", Open("ann"))
		fmt.Println(res.Changed(), res.State.Owner, err)
	}
	// Output:
	// true ann <nil>
	// false ann <nil>
}

// What is not in the fields of an event is said by its envelope: its stream, when it holds in the world, tags and metadata.
func ExampleEnvelope() {
	term := time.Date(2026, time.April, 1, 0, 0, 0, 0, time.UTC)
	enroll := Enroll("go", "bob")
	enroll.Envelope = func(e CourseEvent) gesta.Envelope {
		enrolled, ok := e.(StudentEnrolled)
		if !ok {
			return gesta.Envelope{}
		}
		return gesta.Envelope{
			Stream:      "student-" + enrolled.Student,
			EffectiveAt: term,
			Tags:        []string{"term:2026"},
			Metadata:    map[string]any{"room": 12},
		}
	}
	done, err := gesta.Decide(context.Background(), newSchool(), enroll)
	if err != nil {
		log.Fatal(err)
	}
	e := done.Events[0]
	fmt.Println(e.Stream, e.EffectiveAt.Format(time.DateOnly), e.Tags, string(e.Metadata))
	// Output: student-bob 2026-04-01 [term:2026 course:go student:bob] {"room":12}
}
