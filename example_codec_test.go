package gesta_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"io"
	"log"
	"reflect"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store/memory"
)

// gobCodec writes events as encoding/gob does.
type gobCodec struct{}

func (gobCodec) ContentType() string { return "application/x-gob" }

func (gobCodec) Check(t reflect.Type) error {
	return gob.NewEncoder(io.Discard).EncodeValue(reflect.Zero(t))
}

func (gobCodec) Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(v)
	return b.Bytes(), err
}

func (gobCodec) Decode(data []byte, into any) error {
	return gob.NewDecoder(bytes.NewReader(data)).Decode(into)
}

// A codec of one's own: four methods. Its content type is stored with each event, and finds it again.
func ExampleCodec() {
	type Rated struct{ Stars int }
	ctx := context.Background()
	db, err := gesta.New(memory.New(memory.Options{}), gesta.Types[Rated]{"film.rated": Rated{}}, gesta.WithCodec(gobCodec{}))
	if err != nil {
		log.Fatal(err)
	}
	films := gesta.Decider[int, Rated]{Category: "film", Evolve: func(stars int, e Rated) int { return stars + e.Stars }}
	for range 2 {
		res, err := films.Handle(ctx, db, "1", func(int) ([]Rated, error) { return []Rated{{Stars: 4}}, nil })
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(res.State, "stars,", res.Events[0].ContentType)
	}
	// Output:
	// 4 stars, application/x-gob
	// 8 stars, application/x-gob
}
