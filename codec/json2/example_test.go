package json2_test

import (
	"context"
	"fmt"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/codec/json2"
	"github.com/gestadb/gesta/store/memory"
)

// Event is the union of what happens to accounts.
type Event interface{ account() }

type Opened struct {
	Owner  string `json:"owner" gesta:"tag=owner"`
	Limits []int  `json:"limits"`
}

func (Opened) account() {}

func Example() {
	ctx := context.Background()
	types := gesta.Types[Event]{"account.opened": Opened{}}
	db, err := gesta.New(memory.New(memory.Options{}), types, gesta.WithCodec(json2.Codec))
	if err != nil {
		fmt.Println(err)
		return
	}
	accounts := gesta.Decider[string, Event]{Category: "account", Evolve: func(_ string, e Event) string {
		return e.(Opened).Owner
	}}
	res, err := accounts.Handle(ctx, db, "42", func(string) ([]Event, error) {
		return []Event{Opened{Owner: "Ada & Bob"}}, nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", res.Events[0].Data)
	// Output: {"owner":"Ada & Bob","limits":null}
}
