package disk_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

// A store is a directory. An append is durable when it returns, and may demand what version its stream is at.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "orders")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := disk.Open(dir, disk.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	placed := store.Commit{
		Events: []store.Event{{Stream: "order-42", Type: "OrderPlaced", Data: []byte(`{"total":38.50}`)}},
		Guards: []store.Guard{store.StreamAt{Stream: "order-42", Version: 0}},
	}
	for range 2 {
		_, err := s.Append(ctx, placed)
		if conflict, ok := errors.AsType[*store.ConflictError](err); ok {
			fmt.Println("refused, the stream is at version", conflict.Failed[0].ActualVersion)
		}
	}
	for e, err := range s.Read(ctx, store.Query{{Category: "order"}}, store.ReadOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("#%d %s@%d %s %s\n", e.Position, e.Stream, e.Version, e.Type, e.Data)
	}
	// Output:
	// refused, the stream is at version 1
	// #1 order-42@1 OrderPlaced {"total":38.50}
}

// A dynamic consistency boundary: whoever enrols last sees that the only seat is taken, though no stream says so.
func ExampleStore_Append_condition() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "courses")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := disk.Open(dir, disk.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	taken := store.Query{{Types: []string{"Enrolled"}, Tags: []string{"course:c1"}}}
	for _, student := range []string{"ada", "ben"} {
		_, err := s.Append(ctx, store.Commit{
			Events: []store.Event{{Type: "Enrolled", Tags: []string{"course:c1", "student:" + student}}},
			Guards: []store.Guard{store.NoneMatch{Query: taken}},
		})
		fmt.Println(student, errors.Is(err, store.ErrConflict))
	}
	// Output:
	// ada false
	// ben true
}
