// Courses enrols students: a whole program whose decisions rest on facts from anywhere in the store, and not on one stream. gesta log tag:course:go and gesta log tag:student:ann ask
// its store.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk"
)

const usage = `usage: courses [-store DIR] COMMAND
  offer COURSE SEATS       offer a course
  enrol COURSE STUDENT     let a student take it, if there is room on both sides
  leave COURSE STUDENT     let a student leave it
  student STUDENT          list what happened to a student
`

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "courses:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("see courses -h")

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	f := flag.NewFlagSet("courses", flag.ContinueOnError)
	f.Usage = func() { _, _ = fmt.Fprint(f.Output(), usage) }
	dir := f.String("store", ".gesta", "the directory of the store")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	s, err := disk.Open(*dir, disk.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	db, err := gesta.New(s, Types)
	if err != nil {
		return err
	}
	return do(ctx, db, f.Args(), out)
}

func do(ctx context.Context, db *gesta.DB, args []string, out io.Writer) error {
	if len(args) == 2 && args[0] == "student" {
		return list(ctx, db, args[1], out)
	}
	if len(args) != 3 {
		return errUsage
	}
	var d gesta.Decision[Event]
	switch args[0] {
	case "offer":
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return fmt.Errorf("seats %q: %w", args[2], err)
		}
		d = Offer(args[1], n)
	case "enrol":
		d = Enrol(args[1], args[2])
	case "leave":
		d = Leave(args[1], args[2])
	default:
		return errUsage
	}
	res, err := gesta.Decide(ctx, db, d)
	if err != nil {
		return err
	}
	for _, e := range res.Events {
		if _, err := fmt.Fprintf(out, "%s at position %d\n", e.Type, e.Position); err != nil {
			return err
		}
	}
	return nil
}

func list(ctx context.Context, db *gesta.DB, student string, out io.Writer) error {
	q := store.Query{{Tags: []string{gesta.Tag("student", student)}}}
	for e, err := range gesta.Read[Event](ctx, db, q, gesta.ReadOptions{}) {
		if err != nil {
			return err
		}
		switch b := e.Body.(type) {
		case Enrolled:
			_, err = fmt.Fprintf(out, "%d: takes %s\n", e.Position, b.Course)
		case Left:
			_, err = fmt.Fprintf(out, "%d: left %s\n", e.Position, b.Course)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
