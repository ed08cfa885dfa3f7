package gesta_test

import (
	"context"
	"fmt"
	"log"
	"reflect"
	"time"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/cache"
	"github.com/gestadb/gesta/codec/json2"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// The map is all that the store needs to know of the Go types. A DB takes several, one for each union.
func ExampleTypes() {
	ctx := context.Background()
	accounts := gesta.Types[AccountEvent]{"account.opened": AccountOpened{}, "money.deposited": Deposited{}}
	db, err := gesta.New(memory.New(memory.Options{}), accounts, CourseTypes)
	if err != nil {
		log.Fatal(err)
	}
	_, err = Account.Handle(ctx, db, "42", Open("ann"))
	fmt.Println("open:", err)
	_, err = Account.Handle(ctx, db, "42", Withdraw(0))
	fmt.Println("withdraw:", err)
	// Output:
	// open: <nil>
	// withdraw: event 1: gesta: unknown type of event: gesta_test.Withdrawn is in no Types of the DB
}

// Which options there are may depend on where the program runs.
func ExampleOption() {
	production := true
	options := []gesta.Option{AccountTypes, CourseTypes}
	if production {
		options = append(options, gesta.Keep(cache.NewMemory(64<<20), gesta.Every(100)))
	}
	db, err := gesta.New(memory.New(memory.Options{}), options...)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(db.Shapes()), "types of events")
	// Output: 5 types of events
}

// Options gather what belongs to the events, so that the program, its tools and its tests read the same history in the same way.
func ExampleOptions() {
	model := gesta.Options{
		AccountTypes,
		gesta.Rename("account.created", "account.opened"),
	}
	db, err := gesta.New(memory.New(memory.Options{}), model, gesta.WithClock(func() time.Time { return noon }))
	if err != nil {
		log.Fatal(err)
	}
	names, err := db.StoredAs(reflect.TypeFor[AccountOpened]())
	fmt.Println(names, err)
	// Output: [account.created account.opened] <nil>
}

// The codec of an event is stored with it. A program that changes its codec reads both; codec/json2 even writes the same content type as [JSON].
func ExampleWithCodec() {
	ctx := context.Background()
	s := newArchive(store.Event{Stream: "account-42", Type: "account.opened", Data: []byte(`{"Owner":"ann"}`)})
	db, err := gesta.New(s, AccountTypes, gesta.WithCodec(json2.Codec))
	if err != nil {
		log.Fatal(err)
	}
	res, err := Account.Handle(ctx, db, "42", Deposit(500))
	fmt.Printf("%+v %s %v\n", res.State, res.Events[0].Data, err)
	fmt.Println(json2.Codec.ContentType() == gesta.JSON.ContentType())
	// Output:
	// {Owner:ann Cents:500} {"Cents":500} <nil>
	// true
}

// A codec says with it which types it cannot bring back. It does so when the DB is made, not when the first event is written.
func ExampleCheckJSON() {
	type Scanned struct {
		Page  int
		Image chan []byte
	}
	fmt.Println(gesta.CheckJSON(reflect.TypeFor[Scanned](), true))
	fmt.Println(gesta.CheckJSON(reflect.TypeFor[Deposited](), true))
	// Output:
	// field Image of gesta_test.Scanned: chan []uint8 has no JSON
	// <nil>
}

// A shape is what the stored form of a type rests on. gestatest.Shapes compares it with a file, so that no field changes by accident.
func ExampleShape() {
	type CardIssued struct {
		Card   string `json:"card" gesta:"tag=card"`
		Holder struct {
			Name string `json:"name" gesta:"personal"`
		} `json:"holder"`
		Limits []int64 `json:"limits"`
	}
	db, err := gesta.New(memory.New(memory.Options{}), gesta.Types[any]{"card.issued": CardIssued{}})
	if err != nil {
		log.Fatal(err)
	}
	for _, shape := range db.Shapes() {
		fmt.Println(shape.Type, "version", shape.Version)
		for _, field := range shape.Fields {
			fmt.Println(" ", field)
		}
	}
	// Output:
	// card.issued version 1
	//   card string tag=card
	//   holder.name string personal
	//   limits []int64
}

// What is said of a person is marked, so that it can be found.
func ExampleField() {
	type CardIssued struct {
		Card   string `gesta:"tag=card"`
		Holder string `gesta:"tag=holder,personal"`
	}
	db, err := gesta.New(memory.New(memory.Options{}), gesta.Types[any]{"card.issued": CardIssued{}})
	if err != nil {
		log.Fatal(err)
	}
	for _, field := range db.Shapes()[0].Fields {
		if field.Personal {
			fmt.Printf("%s, a %s, also in the tags %s:...\n", field.Path, field.Kind, field.Tag)
		}
	}
	// Output: Holder, a string, also in the tags holder:...
}

// All types that the DB writes, and in which version of their schema.
func ExampleDB_Shapes() {
	type openedV1 struct{ Name string }
	db, err := gesta.New(memory.New(memory.Options{}), AccountTypes,
		gesta.Upcast("account.opened", 1, func(o openedV1) AccountOpened { return AccountOpened{Owner: o.Name} }))
	if err != nil {
		log.Fatal(err)
	}
	for _, shape := range db.Shapes() {
		fmt.Println(shape.Type, shape.Version)
	}
	// Output:
	// account.opened 2
	// money.deposited 1
	// money.withdrawn 1
}
