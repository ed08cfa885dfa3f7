package gesta_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/cache"
)

// The states of accounts are kept in memory each time, the view of free seats when a hundred events were folded for it. All else is folded from its first event.
func ExampleKeep() {
	ctx := context.Background()
	s := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}).Store()
	states := cache.NewMemory(64 << 20)
	db, err := gesta.New(s, AccountTypes, CourseTypes,
		gesta.Keep(states, gesta.Every(1), Account.Category),
		gesta.Keep(states, gesta.Every(100), "seats left"))
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		if _, err := Account.Handle(ctx, db, "42", Deposit(100)); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("loads:", db.Kept().Misses, "from the first event on,", db.Kept().Hits, "from a kept state")
	// Output: loads: 1 from the first event on, 2 from a kept state
}

// Somebody changed what Evolve does, a cent for each event, and forgot its Version. Each load that is verified finds out, and repairs what is kept.
func ExampleVerifyKept() {
	ctx := context.Background()
	s := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}).Store()
	db, err := gesta.New(s, AccountTypes, gesta.Keep(cache.NewMemory(1<<20), gesta.Every(1)), gesta.VerifyKept(1))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := Account.Load(ctx, db, "42"); err != nil {
		log.Fatal(err)
	}
	withBonus := Account
	withBonus.Evolve = func(s State, e AccountEvent) State { return evolve(State{Owner: s.Owner, Cents: s.Cents + 1}, e) }
	l, err := withBonus.Load(ctx, db, "42")
	fmt.Println(l.State.Cents, err, "- verified:", db.Kept().Verified, "wrong:", db.Kept().Wrong)
	// Output: 502 <nil> - verified: 1 wrong: 1
}

// A page that may be a minute old costs the store nothing.
func ExampleAllowStale() {
	ctx := context.Background()
	now, other := noon, newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}) // another program
	db, err := gesta.New(other.Store(), AccountTypes, gesta.Keep(cache.NewMemory(1<<20), gesta.Every(100)), gesta.WithClock(func() time.Time { return now }))
	if err != nil {
		log.Fatal(err)
	}
	show := func() {
		l, err := Account.Load(ctx, db, "42", gesta.AllowStale(time.Minute))
		fmt.Println(now.Format(time.TimeOnly), l.State.Cents, err)
	}
	show()
	if _, err := Account.Handle(ctx, other, "42", Deposit(100)); err != nil {
		log.Fatal(err)
	}
	now = noon.Add(30 * time.Second)
	show()
	now = noon.Add(90 * time.Second)
	show()
	// Output:
	// 12:00:00 500 <nil>
	// 12:00:30 500 <nil>
	// 12:01:30 600 <nil>
}

// A policy is a function, so that policies combine: here what cost many events or much time.
func ExamplePolicy() {
	var policy gesta.Policy = func(c gesta.Cost) bool {
		return gesta.Every(1000)(c) || gesta.Slower(50*time.Millisecond)(c)
	}
	fmt.Println(policy(gesta.Cost{Events: 1200, Took: time.Millisecond}))
	fmt.Println(policy(gesta.Cost{Events: 12, Took: time.Second}))
	fmt.Println(policy(gesta.Cost{Events: 12, Took: time.Millisecond}))
	// Output:
	// true
	// true
	// false
}

// A cost is all that a policy sees of a state.
func ExampleCost() {
	ctx := context.Background()
	s := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}).Store()
	nosy := func(c gesta.Cost) bool {
		fmt.Printf("%d events in %v, on top of a state that was %v old\n", c.Events, c.Took, c.Age)
		return true
	}
	now := noon
	db, err := gesta.New(s, AccountTypes, gesta.Keep(cache.NewMemory(1<<20), nosy), gesta.WithClock(func() time.Time { return now }))
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		if _, err := Account.Load(ctx, db, "42"); err != nil {
			log.Fatal(err)
		}
		now = now.Add(time.Minute)
	}
	// Output:
	// 2 events in 0s, on top of a state that was 0s old
	// 0 events in 0s, on top of a state that was 1m0s old
}

// A state that took a hundred events to fold is kept.
func ExampleEvery() {
	policy := gesta.Every(100)
	fmt.Println(policy(gesta.Cost{Events: 99}), policy(gesta.Cost{Events: 100}))
	// Output: false true
}

// What the clock says, whatever the number of events.
func ExampleSlower() {
	policy := gesta.Slower(20 * time.Millisecond)
	fmt.Println(policy(gesta.Cost{Took: 5 * time.Millisecond}), policy(gesta.Cost{Took: time.Second}))
	// Output: false true
}

// A state that is kept and has not changed is not kept again, however old it is.
func ExampleOlder() {
	policy := gesta.Older(time.Hour)
	fmt.Println(policy(gesta.Cost{Age: 2 * time.Hour, Events: 3}), policy(gesta.Cost{Age: 2 * time.Hour}))
	// Output: true false
}

// What came of keeping states: the numbers for a dashboard.
func ExampleDB_Kept() {
	ctx := context.Background()
	s := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}).Store()
	db, err := gesta.New(s, AccountTypes, gesta.Keep(cache.NewMemory(1<<20), gesta.Every(2)))
	if err != nil {
		log.Fatal(err)
	}
	for range 4 {
		if _, err := Account.Load(ctx, db, "42"); err != nil {
			log.Fatal(err)
		}
	}
	k := db.Kept()
	fmt.Printf("%d of %d loads began from a kept state\n", k.Hits, k.Hits+k.Misses)
	// Output: 3 of 4 loads began from a kept state
}

// fullKeeper has no room.
type fullKeeper struct{ gesta.Keeper }

func (fullKeeper) Put(context.Context, string, string, []byte) error {
	return errors.New("no space left on device")
}

// A keeper that fails, or damages what it was given, fails no load. It shows here.
func ExampleKeptStats() {
	ctx := context.Background()
	own := &mapKeeper{states: map[string]map[string][]byte{}}
	s := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}).Store()
	db, err := gesta.New(s, AccountTypes, gesta.VerifyKept(1),
		gesta.Keep(fullKeeper{cache.NewMemory(1 << 20)}, gesta.Every(1)), gesta.Keep(own, gesta.Every(1)))
	if err != nil {
		log.Fatal(err)
	}
	for i := range 3 {
		if _, err := Account.Load(ctx, db, "42"); err != nil {
			log.Fatal(err)
		}
		for _, state := range own.states["account-42"] {
			if i == 0 {
				state[0]++ // damage it
			}
		}
	}
	k := db.Kept()
	fmt.Println(k.Misses, "misses,", k.Hits, "hit,", k.Puts, "kept,", k.Failed, "failed,", k.Unusable, "unusable")
	fmt.Println(k.Verified, "verified,", k.Wrong, "wrong")
	// Output:
	// 2 misses, 1 hit, 2 kept, 2 failed, 1 unusable
	// 1 verified, 0 wrong
}

// When an event is erased, what was kept of it is not used any more. Forget takes it out of the keepers, too.
func ExampleDB_Forget() {
	ctx := context.Background()
	s := newBank(AccountOpened{Owner: "ann"}, Deposited{Cents: 500}).Store()
	db, err := gesta.New(s, AccountTypes, gesta.StandIn(AccountOpened{Owner: "(forgotten)"}), gesta.Keep(cache.NewMemory(1<<20), gesta.Every(1)))
	if err != nil {
		log.Fatal(err)
	}
	owner := func() string {
		l, err := Account.Load(ctx, db, "42")
		if err != nil {
			log.Fatal(err)
		}
		return l.State.Owner
	}
	fmt.Println(owner())
	erase(s, 1)
	fmt.Println(owner())
	fmt.Println(db.Forget(ctx, Account.Stream("42")), owner())
	// Output:
	// ann
	// (forgotten)
	// <nil> (forgotten)
}
