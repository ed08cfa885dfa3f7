// Shop sells: customers fill carts and order them, and a read model in SQLite follows. Its store is one that the command line asks
// too: gesta log cart-7, gesta at yesterday cart-7.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/gestadb/gesta"
	"github.com/gestadb/gesta/store/disk"
)

const usage = `usage: shop [-store DIR] [-read FILE] COMMAND
sell:
  add CART ITEM COUNT CENTS   put items into a cart, at a price for one
  remove CART ITEM COUNT      take items out
  checkout CART CUSTOMER      order what is in it
look, also while others sell:
  carts [TIME]                list the carts, now or at a time such as 2026-11-01T10:00:00Z
  watch                       list each cart as it changes
  mail                        send the receipts that were not sent yet
mend:
  parked                      list what could not be applied
  retry CART                  apply what is parked of a cart
  skip POSITION REASON ACTOR  give one event up
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("see shop -h")

func run(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("shop", flag.ContinueOnError)
	f.Usage = func() { _, _ = fmt.Fprint(f.Output(), usage) }
	dir := f.String("store", ".gesta", "the directory of the store")
	file := f.String("read", "carts.db", "the file of the read model")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	args = f.Args()
	if command, err := command(args); err != nil {
		return err
	} else if command != nil {
		return sell(ctx, *dir, args[1], command, out)
	}
	return look(ctx, *dir, *file, args, out)
}

// command returns what a customer asks for, nil when it is not about selling.
func command(args []string) (Command, error) {
	verb, numbers := "", []int64{}
	if len(args) > 0 {
		verb = args[0]
	}
	if want := map[string]int{"add": 5, "remove": 4, "checkout": 3}[verb]; want == 0 {
		return nil, nil
	} else if len(args) != want {
		return nil, errUsage
	}
	for _, text := range args[3:] {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("number %q: %w", text, err)
		}
		numbers = append(numbers, n)
	}
	switch verb {
	case "add":
		return Add(args[1], args[2], int(numbers[0]), numbers[1]), nil
	case "remove":
		return Remove(args[1], args[2], int(numbers[0])), nil
	}
	return Checkout(args[1], args[2]), nil
}

// lockWait is how long a sale waits for another one to end.
const lockWait = 5 * time.Second

// sell carries out a command, and says what is in the cart then.
func sell(ctx context.Context, dir, cart string, c Command, out io.Writer) (err error) {
	s, err := disk.Open(dir, disk.Options{LockWait: lockWait})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	db, err := gesta.New(s, Types)
	if err != nil {
		return err
	}
	res, err := Cart.Handle(gesta.WithActor(ctx, "till"), db, cart, c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "cart %s: %d for %s\n", cart, res.State.Items(), money(res.State.Cents()))
	return err
}

func money(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }
