package protobuf_test

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/codec/protobuf"
	"github.com/gestadb/gesta/store/memory"
)

// The union of what happens to timers. Its messages come from another package, so that each is embedded in a struct that has the method.
type Event interface{ timer() }

type (
	Named   struct{ wrapperspb.StringValue }
	Started struct{ durationpb.Duration }
)

func (*Named) timer()   {}
func (*Started) timer() {}

func name(s string) *Named {
	n := &Named{}
	n.Value = s
	return n
}

// A union that the compiler closes.
func Example() {
	ctx := context.Background()
	types := gesta.Types[Event]{"timer.named": &Named{}, "timer.started": &Started{}}
	db, err := gesta.New(memory.New(memory.Options{}), types, gesta.WithCodec(protobuf.Codec))
	if err != nil {
		fmt.Println(err)
		return
	}
	timers := gesta.Decider[string, Event]{Category: "timer", Evolve: func(s string, e Event) string {
		switch e := e.(type) {
		case *Named:
			return e.GetValue()
		case *Started:
			return s + " runs for " + e.AsDuration().String()
		}
		return s
	}}
	started := &Started{}
	started.Seconds = 90
	res, err := timers.Handle(ctx, db, "1", func(string) ([]Event, error) {
		return []Event{name("tea"), started}, nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.State, res.Events[0].ContentType)
	// Output: tea runs for 1m30s application/protobuf
}

// A union of all messages, whose tags the envelope says.
func Example_tags() {
	ctx := context.Background()
	types := gesta.Types[proto.Message]{"name.claimed": &wrapperspb.StringValue{}}
	db, err := gesta.New(memory.New(memory.Options{}), types, gesta.WithCodec(protobuf.Codec))
	if err != nil {
		fmt.Println(err)
		return
	}
	claim := func(name string) gesta.Decision[proto.Message] {
		taken := gesta.NewView(false, gesta.Tagged(gesta.Tag("name", name)), gesta.When(func(bool, *wrapperspb.StringValue) bool { return true }))
		return gesta.Decision[proto.Message]{
			Views: []gesta.AnyView{taken},
			Decide: func(f gesta.Facts) ([]proto.Message, error) {
				if taken.In(f) {
					return nil, errors.New(name + " is taken")
				}
				return []proto.Message{wrapperspb.String(name)}, nil
			},
			Envelope: func(e proto.Message) gesta.Envelope {
				switch e := e.(type) {
				case *wrapperspb.StringValue:
					return gesta.Envelope{Tags: []string{gesta.Tag("name", e.GetValue())}}
				default:
					return gesta.Envelope{}
				}
			},
		}
	}
	for range 2 {
		res, err := gesta.Decide(ctx, db, claim("ada"))
		fmt.Println(len(res.Events), err)
	}
	// Output:
	// 1 <nil>
	// 0 ada is taken
}
