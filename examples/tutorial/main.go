// Library lends books.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store/disk"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "library:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	s, err := disk.Open(".gesta", disk.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	db, err := gesta.New(s, Model)
	if err != nil {
		return err
	}
	switch {
	case len(args) == 3 && args[0] == "lend":
		_, err = Book.Handle(ctx, db, args[1], Lend(args[2], 28))
		return err
	case len(args) == 2 && args[0] == "return":
		_, err = Book.Handle(ctx, db, args[1], Return)
		return err
	}
	loans, err := Current(ctx, db)
	for _, book := range slices.Sorted(maps.Keys(loans)) {
		fmt.Printf("%s: %+v\n", book, loans[book])
	}
	return err
}
