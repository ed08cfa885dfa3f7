package main

import (
	"maps"
	"testing"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store/memory"
)

func TestLoans(t *testing.T) {
	db, err := gesta.New(memory.New(memory.Options{}), Model)
	if err != nil {
		t.Fatal(err)
	}
	after := []Loans{{"book-dune": {"ann", 4}}, {}}
	for i, command := range []func(State) ([]Event, error){Lend("ann", 4), Return} {
		if _, err := Book.Handle(t.Context(), db, "dune", command); err != nil {
			t.Fatal(err)
		}
		if got, err := Current(t.Context(), db); err != nil || !maps.Equal(got, after[i]) {
			t.Errorf("loans are %v, %v; want %v", got, err, after[i])
		}
	}
}
