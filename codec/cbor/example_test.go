package cbor_test

import (
	"context"
	"fmt"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/codec/cbor"
	"github.com/gestadb/gesta/store/memory"
)

// Event is the union of what sensors do.
type Event interface{ sensor() }

type Measured struct {
	Sensor string `json:"sensor" gesta:"tag=sensor"`
	Raw    []byte `json:"raw"`
}

func (Measured) sensor() {}

func Example() {
	ctx := context.Background()
	types := gesta.Types[Event]{"sensor.measured": Measured{}}
	db, err := gesta.New(memory.New(memory.Options{}), types, gesta.WithCodec(cbor.Codec))
	if err != nil {
		fmt.Println(err)
		return
	}
	sensors := gesta.Decider[int, Event]{Category: "sensor", Evolve: func(n int, _ Event) int { return n + 1 }}
	res, err := sensors.Handle(ctx, db, "7", func(int) ([]Event, error) {
		return []Event{Measured{Sensor: "7", Raw: []byte{1, 2, 3}}}, nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s %x %v\n", res.Events[0].ContentType, res.Events[0].Data, res.Events[0].Tags)
	// Output: application/cbor a263726177430102036673656e736f726137 [sensor:7]
}
